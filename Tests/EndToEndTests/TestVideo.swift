import Foundation

/// Videos for a test, made by ffmpeg.
struct TestVideo {
    /// Where they are made.
    let folder: RuntimeDirectory

    /// Whether they can be.
    static var isPossible: Bool { Program.isInstalled("ffmpeg") }

    /// A lossless picture of many colours, shown over and over.
    static func still(_ width: Int, _ height: Int, frames: Int = 60) -> [String] {
        let source = "testsrc2=size=\(width)x\(height):rate=30,trim=end_frame=1,loop=loop=\(frames - 1):size=1"
        return ["-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p"]
    }

    /// H.264 that loses nothing, with B-frames.
    static let h264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-qp", "0"]

    /// Runs ffmpeg with these arguments and returns the file that it made.
    func make(_ name: String, _ arguments: [String]) throws -> String {
        let path = folder.path + "/" + name
        let outcome = try Program.run("/usr/bin/ffmpeg", ["-v", "error", "-y"] + arguments + [path], in: nil)
        guard outcome.status == 0 else { throw Picture.Failure(description: outcome.errors) }
        return path
    }

    /// A video's first picture in RGB, as ffmpeg makes it with a matrix: `bt601` or `bt709`.
    func picture(of path: String, matrix: String) throws -> Picture {
        let convert = "scale=in_color_matrix=\(matrix):flags=neighbor+accurate_rnd+full_chroma_int,format=rgb24"
        return try Picture(contentsOf: make("reference.png", ["-i", path, "-frames:v", "1", "-vf", convert]))
    }

    /// Starts ffmpeg beside the test, which sends to an address.
    func send(_ arguments: [String], to address: String) throws -> Running {
        try Running("/usr/bin/ffmpeg", ["-v", "error", "-re"] + arguments + [address], in: nil)
    }
}

extension Picture {
    /// The farthest that a channel of a pixel is from another picture's; 255 for another size.
    func difference(from other: Picture) -> Int {
        guard (width, height) == (other.width, other.height) else { return 255 }
        return zip(pixels, other.pixels).reduce(0) { worst, pair in
            [0, 8, 16].reduce(worst) { max($0, abs(Int(pair.0 >> $1 & 0xff) - Int(pair.1 >> $1 & 0xff))) }
        }
    }

    /// The same for a part of two pictures of one size.
    func difference(from other: Picture, columns: Range<Int>, rows: Range<Int>) -> Int {
        guard (width, height) == (other.width, other.height) else { return 255 }
        let part = Picture(self, columns: columns, rows: rows)
        return part.difference(from: Picture(other, columns: columns, rows: rows))
    }
}
