import Foundation
import Glibc
import Testing

/// The sample player: videos are shown from the memory that they were decoded into.
@Suite(.serialized, .enabled(if: TestVideo.isPossible, "skipped, because ffmpeg isn't installed"))
struct PlayerTests {
    let folder = RuntimeDirectory()
    private var videos: TestVideo { TestVideo(folder: folder) }

    private func player(_ arguments: [String]) throws -> Running {
        try Running("player", arguments, in: folder, environment: ["WAYLAND_DISPLAY": "test"])
    }

    /// Takes screenshots until one is `wanted`; the farthest that a channel of the last one was off.
    private func difference(from wanted: Picture) throws -> Int {
        var worst = 255
        _ = try eventually {
            worst = try folder.screenshot().difference(from: wanted)
            return worst <= 2
        }
        return worst
    }

    // MARK: Files

    /// Sizes whose last macroblock is cropped, and those between which compositors change the matrix.
    @Test(arguments: [(320, 240, "bt601"), (322, 250, "bt601"), (720, 576, "bt601"), (720, 578, "bt709")])
    func `a file's pictures are shown in their colours`(width: Int, height: Int, matrix: String) throws {
        let video = try videos.make("video.mp4", TestVideo.still(width, height, frames: 90) + TestVideo.h264)
        let compositor = try folder.compositor(["--output", "\(width)x\(height)", "--log-level", "info"])
        let player = try player(["--fullscreen", video])
        let difference = try difference(from: try videos.picture(of: video, matrix: matrix))
        #expect(difference <= 2, "the farthest channel")
        let outcome = player.end(SIGINT)
        #expect(outcome.status == 0, "\(outcome)")
        let log = compositor.end().errors
        #expect(!log.contains("disconnected:"), "\(log)")
    }

    @Test func `every picture of a file is shown`() throws {
        let source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-t", "1", "-pix_fmt", "yuv420p"]
        let video = try videos.make("video.mp4", source + TestVideo.h264)
        let compositor = try folder.compositor(["--log-level", "info"])
        let outcome = try player([video]).finish()
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.contains("decoded 30 pictures, showed 30, dropped 0\n"), "\(outcome)")
        let log = compositor.end().errors
        let pools = log.split(separator: "\n").first { $0.contains("player[") }
        #expect(pools?.contains("gone after 30 frames") == true, "\(log)")
        #expect(pools?.contains(" 0 copied, 0 refused") == true, "\(log)")
    }

    /// The chroma of 4:2:2 has twice the rows that are shown, and JPEG has the full range.
    @Test(arguments: ["yuvj420p", "yuvj422p"])
    func `JPEG pictures have their colours`(format: String) throws {
        // Chroma that is the same in both rows.
        let bars = ["-f", "lavfi", "-i", "smptebars=size=320x240:rate=30", "-t", "3", "-pix_fmt", format]
        let video = try videos.make("video.avi", bars + ["-c:v", "mjpeg", "-q:v", "1"])
        let compositor = try folder.compositor(["--output", "320x240"])
        let player = try player(["--fullscreen", video])
        let wanted = try videos.picture(of: video, matrix: "bt601")
        var worst = 255
        _ = try eventually {
            worst = try folder.screenshot().difference(from: wanted, columns: 0..<320, rows: 4..<150)
            return worst <= 3
        }
        #expect(worst <= 3, "the farthest channel")
        player.end(SIGINT)
        compositor.end()
    }

    // MARK: Memory

    /// The compositor maps a pool while it draws, and has it open as long as there are buffers in it.
    @Test func `decoder and compositor have the same memory`() throws {
        let video = try videos.make("video.mp4", TestVideo.still(320, 240, frames: 150) + TestVideo.h264)
        let compositor = try folder.compositor(["--log-level", "info"])
        let player = try player([video])
        var (decoded, shown): (Set<UInt64>, Set<UInt64>) = ([], [])
        let isShared = eventually {
            decoded = Self.mappedFiles("decoded", of: player.identifier)
            shown = Self.openFiles("decoded", of: compositor.identifier)
            // What is decoded into isn't all shown yet.
            return !shown.isEmpty && shown.isSubset(of: decoded)
        }
        #expect(isShared, "decoded into \(decoded), shown from \(shown)")
        _ = try folder.screenshot()
        player.end(SIGINT)
        // What isn't mapped is copied, and counted.
        let log = compositor.end().errors
        #expect(log.contains(" sealed, 0 sealed on arrival, 0 copied, 0 refused"), "\(log)")
    }

    /// The words of the lines of /proc/PID/maps about memfds with a name.
    private static func mappings(_ name: String, of process: Int32) -> [[Substring]] {
        // Foundation reads a part of such a file where it is long.
        let maps = (try? Program.run("/bin/cat", ["/proc/\(process)/maps"], in: nil).output) ?? ""
        return maps.split(separator: "\n").filter { $0.contains("/memfd:\(name)") }.map { $0.split(separator: " ") }
    }

    /// The numbers of the memfds with a name that a process has mapped.
    static func mappedFiles(_ name: String, of process: Int32) -> Set<UInt64> {
        Set(mappings(name, of: process).compactMap { UInt64($0[4]) })
    }

    /// The sizes of their mappings.
    static func mappedSizes(_ name: String, of process: Int32) -> [UInt64] {
        mappings(name, of: process).map { words in
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            return ends[1] - ends[0]
        }
    }

    /// The numbers of those that it has open.
    static func openFiles(_ name: String, of process: Int32) -> Set<UInt64> {
        let folder = "/proc/\(process)/fd"
        var numbers: Set<UInt64> = []
        for number in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let path = "\(folder)/\(number)"
            let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? ""
            var status = stat()
            if target.contains("/memfd:\(name)"), unsafe stat(path, &status) == 0 {
                numbers.insert(UInt64(status.st_ino))
            }
        }
        return numbers
    }

    @Test func `a player that is killed leaves nothing behind`() throws {
        let video = try videos.make("video.mp4", TestVideo.still(320, 240, frames: 150) + TestVideo.h264)
        let compositor = try folder.compositor()
        // What is made for the first client of all stays.
        _ = try player(["--frames", "3", video]).finish()
        let isSettled = eventually { Self.openFiles("decoded", of: compositor.identifier).isEmpty }
        #expect(isSettled)
        let before = Held(compositor.identifier)
        for _ in 0..<2 {
            let player = try player([video])
            let isShown = eventually { !Self.openFiles("decoded", of: compositor.identifier).isEmpty }
            #expect(isShown)
            player.end(SIGKILL)
        }
        var after = Held(compositor.identifier)
        let isGone = eventually {
            after = Held(compositor.identifier)
            return after.descriptors == before.descriptors
                && Self.openFiles("decoded", of: compositor.identifier).isEmpty
        }
        #expect(isGone && after.isNoMore(than: before), "before: \(before); after: \(after)")
        compositor.end()
    }

    // MARK: Streams

    @Test func `a stream is shown as it comes, and its end is told`() throws {
        let compositor = try folder.compositor()
        let address = "udp://127.0.0.1:\(try Self.freePort())"
        let player = try player(["--timeout", "2", address])
        let source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-t", "2", "-pix_fmt", "yuv420p"]
        let coding = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-f", "mpegts"]
        let sender = try videos.send(source + coding, to: address)
        let outcome = player.finish()
        #expect(sender.finish().status == 0)
        #expect(outcome.errors.contains("no picture came for 2 s"), "\(outcome)")
        let counts = try #require(Self.counts(outcome))
        // The first pictures may have come before the player listened.
        #expect(counts.decoded >= 40 && counts.shown + counts.dropped == counts.decoded, "\(outcome)")
        #expect(counts.shown > counts.decoded / 2, "\(outcome)")
        compositor.end()
    }

    @Test func `Ctrl-C ends waiting for a stream`() throws {
        let compositor = try folder.compositor()
        let player = try player(["udp://127.0.0.1:\(try Self.freePort())"])
        usleep(300_000)
        let outcome = player.end(SIGINT)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        compositor.end()
    }

    /// The numbers of the line that tells how many pictures there were.
    static func counts(_ outcome: Program.Outcome) -> (decoded: Int, shown: Int, dropped: Int)? {
        guard let line = outcome.output.split(separator: "\n").first(where: { $0.contains("decoded ") }) else {
            return nil
        }
        let numbers = line.split { !$0.isNumber }.compactMap { Int($0) }
        return numbers.count >= 3 ? (numbers[0], numbers[1], numbers[2]) : nil
    }

    /// A port of UDP that nothing uses.
    static func freePort() throws -> UInt16 {
        let number = Glibc.socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        defer { close(number) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutableBytes(of: &place) { bytes in
            let address = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            _ = unsafe bind(number, address, length)
            unsafe getsockname(number, address, &length)
        }
        return UInt16(bigEndian: place.sin_port)
    }
}
