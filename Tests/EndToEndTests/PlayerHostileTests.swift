import Foundation
import Glibc
import Testing

/// Videos that are damaged, strange or no videos, in the sample player: each ends, with a line where it shows nothing.
@Suite(.serialized, .enabled(if: TestVideo.isPossible, "skipped, because ffmpeg isn't installed"))
struct PlayerHostileTests {
    let folder = RuntimeDirectory()
    private var videos: TestVideo { TestVideo(folder: folder) }

    private func player(_ arguments: [String]) throws -> Running {
        try Running("player", ["--timeout", "5"] + arguments, in: folder, environment: ["WAYLAND_DISPLAY": "test"])
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        let path = folder.path + "/" + name
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    private static func moving(_ size: String, frames: Int = 10) -> [String] {
        let source = "testsrc2=size=160x120:rate=60,scale=\(size.replacing("x", with: ":"))"
        return ["-f", "lavfi", "-i", source, "-frames:v", "\(frames)", "-pix_fmt", "yuv420p"]
    }

    // MARK: Sizes

    @Test(arguments: [
        ("1x1", ["-c:v", "mpeg4", "-q:v", "2"]), ("33x17", ["-c:v", "mpeg4", "-q:v", "2"]),
        ("1x1", ["-c:v", "mjpeg", "-q:v", "1"]), ("2x300", TestVideo.h264),
    ])
    func `the smallest and odd sizes are shown`(size: String, coding: [String]) throws {
        let compositor = try folder.compositor(["--log-level", "info"])
        let video = try videos.make("video.avi", Self.moving(size) + coding)
        let outcome = try player([video]).finish()
        #expect(outcome.status == 0, "\(outcome)")
        let counts = PlayerTests.counts(outcome)
        #expect(counts?.decoded ?? 0 >= 9 && counts?.shown == counts?.decoded, "\(outcome)")
        let log = compositor.end().errors
        #expect(!log.contains("disconnected:"), "\(log)")
    }

    @Test func `a stream changes its size in the middle`() throws {
        let compositor = try folder.compositor(["--output", "320x240", "--log-level", "info"])
        let coding = TestVideo.h264 + ["-f", "mpegts"]
        let first = try videos.make("first.ts", Self.moving("160x120") + coding)
        let second = try videos.make("second.ts", TestVideo.still(320, 240, frames: 90) + coding)
        let video = try write(try bytes(first) + bytes(second), "both.ts")
        let player = try player(["--fullscreen", video])
        let wanted = try videos.picture(of: second, matrix: "bt601")
        var worst = 255
        _ = try eventually {
            worst = try folder.screenshot().difference(from: wanted)
            return worst <= 2
        }
        #expect(worst <= 2, "the farthest channel")
        // Memory of the first size is gone.
        let sizes = Set(PlayerTests.mappedSizes("decoded", of: player.identifier))
        #expect(sizes.count == 1, "\(sizes)")
        let outcome = player.end(SIGINT)
        #expect(outcome.status == 0, "\(outcome)")
        let log = compositor.end().errors
        #expect(!log.contains("disconnected:"), "\(log)")
    }

    // MARK: What can't be shown

    @Test(arguments: [
        (["-pix_fmt", "yuv444p", "-c:v", "libx264"], "its pictures are yuv444p"),
        (["-pix_fmt", "yuv420p10le", "-c:v", "libx264"], "its pictures are yuv420p10le"),
        (["-pix_fmt", "yuv420p", "-c:v", "rawvideo"], "the decoder for rawvideo can't write into memory"),
        (["-c:v", "png"], "its pictures are rgb"),
        (["-map", "0", "-f", "wav", "-f", "matroska", "-c:v", "ffv1", "-pix_fmt", "gray"], "its pictures are gray"),
    ])
    func `what can't be shown is said in one line`(coding: [String], message: String) throws {
        let compositor = try folder.compositor()
        let source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=30", "-frames:v", "2"]
        let outcome = try player([try videos.make("video.mkv", source + coding)]).finish()
        #expect(outcome.status == 1 && outcome.errors.contains(message), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        compositor.end()
    }

    @Test func `what is no video is said in one line`() throws {
        let compositor = try folder.compositor()
        let sound = ["-f", "lavfi", "-i", "sine=duration=0.2"]
        let garbage = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        let cases = [
            (folder.path + "/missing.mp4", "No such file or directory"),
            (folder.path, "Is a directory"),
            (try write([], "empty.mp4"), "Invalid data"),
            (try write(garbage, "garbage.mp4"), "Invalid data"),
            (try videos.make("sound.wav", sound), "no video in it"),
            ("http://127.0.0.1/video.mp4", "neither a file nor a stream"),
            ("udp://127.0.0.1", "streams are udp://HOST:PORT"),
        ]
        for (path, message) in cases {
            let outcome = try player([path]).finish()
            #expect(outcome.status == 1 && outcome.output.isEmpty, "\(path): \(outcome)")
            #expect(outcome.errors.contains(message), "\(path): \(outcome)")
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(path): \(outcome)")
        }
        compositor.end()
    }

    // MARK: Damage

    /// Bytes in the middle are others, or the end is missing: what can be decoded is shown, and the player ends.
    @Test func `damaged files end, and leave nothing in the compositor`() throws {
        let compositor = try folder.compositor(["--log-level", "info"])
        let good = [
            try videos.make("video.mp4", Self.moving("160x120") + TestVideo.h264 + ["-movflags", "+faststart"]),
            try videos.make("video.ts", Self.moving("160x120") + TestVideo.h264),
            try videos.make("video.avi", Self.moving("160x120") + ["-c:v", "mjpeg"]),
            try videos.make("video.mkv", Self.moving("160x120") + ["-c:v", "mpeg4"]),
        ]
        _ = try player([good[0]]).finish()
        let before = Held(compositor.identifier)
        var random = SystemRandomNumberGenerator()
        for (number, path) in good.enumerated() {
            let whole = try bytes(path)
            var damaged = [Array(whole.prefix(whole.count * 2 / 3))]
            for share in [1_000, 50] {
                var other = whole
                for _ in 0..<whole.count / share {
                    other[Int.random(in: 64..<other.count, using: &random)] = .random(in: 0...255, using: &random)
                }
                damaged.append(other)
            }
            for (kind, bytes) in damaged.enumerated() {
                let path = try write(bytes, "damaged-\(number)-\(kind)")
                let outcome = try player(["--frames", "20", path]).finish()
                #expect([0, 1].contains(outcome.status), "\(kind) of \(good[number]): \(outcome)")
                #expect(outcome.errors.split(separator: "\n").count == Int(outcome.status), "\(outcome)")
            }
        }
        var after = Held(compositor.identifier)
        let isSettled = eventually {
            after = Held(compositor.identifier)
            return after.descriptors == before.descriptors
        }
        #expect(isSettled && after.isNoMore(than: before), "before: \(before); after: \(after)")
        let log = compositor.end().errors
        #expect(!log.contains("disconnected:"), "\(log)")
    }
}
