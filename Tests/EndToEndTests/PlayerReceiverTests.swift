import Foundation
import Glibc
import SharedMemory
import Testing

/// The sample player with two processes: one receives JPEG pictures, the other decodes and shows them.
@Suite(.serialized, .enabled(if: TestVideo.isPossible, "skipped, because ffmpeg isn't installed"))
struct PlayerReceiverTests {
    let folder = RuntimeDirectory()
    private var videos: TestVideo { TestVideo(folder: folder) }

    private func player(_ arguments: [String], standardInput: Any? = nil) throws -> Running {
        try Running(
            "player",
            arguments,
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"],
            standardInput: standardInput
        )
    }

    /// What has ffmpeg make JPEG pictures of still bars.
    private static func bars(_ length: [String]) -> [String] {
        ["-f", "lavfi", "-i", "smptebars=size=320x240:rate=30", "-pix_fmt", "yuvj420p", "-q:v", "1"] + length
    }

    /// Connects to the receiver at a path, and sends it bytes.
    private func send(_ bytes: [UInt8], to path: String) throws -> Descriptor {
        let descriptor = Descriptor(owning: Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0))
        var place = sockaddr_un()
        place.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &place.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let isConnected = eventually {
            unsafe withUnsafeBytes(of: &place) {
                let address = unsafe $0.baseAddress!.assumingMemoryBound(to: sockaddr.self)
                return unsafe connect(descriptor.rawValue, address, socklen_t($0.count)) == 0
            }
        }
        try #require(isConnected)
        // A receiver that has let go of the sender takes no more.
        try? unsafe descriptor.send(bytes.span.bytes, with: DescriptorList())
        return descriptor
    }

    // MARK: Pictures from the network

    @Test func `pictures go from the receiver to the decoder in sealed memory`() throws {
        let compositor = try folder.compositor(["--output", "320x240"])
        let address = "unix:\(folder.path)/pictures"
        let player = try player(["--fullscreen", "--timeout", "5", "--mjpeg", address])
        #expect(eventually { folder.contents.contains("pictures") })
        let sender = try videos.send(Self.bars(["-t", "2", "-f", "mjpeg"]), to: address)
        var worst = 255
        let reference = try videos.make("video.avi", Self.bars(["-frames:v", "1", "-c:v", "mjpeg"]))
        let wanted = try videos.picture(of: reference, matrix: "bt601")
        _ = try eventually {
            worst = try folder.screenshot().difference(from: wanted, columns: 0..<320, rows: 4..<150)
            return worst <= 3
        }
        #expect(worst <= 3, "the farthest channel")
        // The decoder reads what the receiver wrote: each is gone when the next is there.
        let receiver = try #require(Self.children(of: player.identifier).first)
        #expect(PlayerTests.openFiles("decoded", of: receiver).isEmpty)
        #expect(!PlayerTests.openFiles("decoded", of: compositor.identifier).isEmpty)
        #expect(sender.finish().status == 0)
        let outcome = player.finish()
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        #expect(outcome.output.contains("decoded 60 pictures, showed 60, dropped 0\n"), "\(outcome)")
        #expect(!folder.contents.contains("pictures"))
        compositor.end()
    }

    /// What isn't a picture is left out; what says that it is longer than anything is refused.
    @Test func `senders that lie are told so, or not listened to`() throws {
        let compositor = try folder.compositor()
        let path = folder.path + "/pictures"
        let file = try videos.make("picture.jpg", Self.bars(["-frames:v", "1"]))
        let picture = Array(try Data(contentsOf: URL(filePath: file)))
        let start: [UInt8] = [0xff, 0xd8]
        let streams: [(name: String, bytes: [UInt8], shown: Int, error: String)] = [
            ("garbage before and between", [1, 2, 0xff] + picture + [0xff, 0xff, 7] + picture, 2, ""),
            ("a picture that starts anew", picture.prefix(2) + picture, 1, ""),
            ("a segment that is shorter than its length", start + [0xff, 0xe0, 0, 0] + picture, 1, ""),
            ("a segment that never ends", start + [0xff, 0xe0, 0xff, 0xff, 0], 0, "no picture in it"),
            (
                "a picture without an end", start + [0xff, 0xda, 0, 2] + [UInt8](repeating: 0, count: 17 << 20), 0,
                "16 MiB"
            ),
            ("a picture without content", start + [0xff, 0xd9], 0, "no picture in it"),
            ("nothing", [0], 0, "no picture in it"),
        ]
        for stream in streams {
            let player = try player(["--timeout", "5", "--mjpeg", "unix:" + path])
            #expect(eventually { folder.contents.contains("pictures") })
            _ = try send(stream.bytes, to: path)
            let outcome = player.finish()
            #expect(
                stream.error.isEmpty ? outcome.errors.isEmpty : outcome.errors.contains(stream.error),
                "\(stream.name): \(outcome)"
            )
            #expect(PlayerTests.counts(outcome)?.shown ?? 0 == stream.shown, "\(stream.name): \(outcome)")
        }
        compositor.end()
    }

    /// However the player ends, the receiver ends too, and takes its socket away.
    @Test(arguments: [SIGINT, SIGKILL]) func `the receiver ends with the decoder`(signal: CInt) throws {
        let compositor = try folder.compositor()
        let player = try player(["--mjpeg", "unix:\(folder.path)/pictures"])
        #expect(eventually { folder.contents.contains("pictures") })
        let receiver = try #require(Self.children(of: player.identifier).first)
        player.end(signal)
        #expect(eventually { kill(receiver, 0) != 0 && !folder.contents.contains("pictures") })
        compositor.end()
    }

    /// The processes that a process has started.
    private static func children(of process: Int32) -> [Int32] {
        let path = "/proc/\(process)/task/\(process)/children"
        return ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: " ").compactMap {
            Int32($0)
        }
    }

    // MARK: Pictures from a stranger

    /// A receiver that isn't the player's: what it hands over, and what the decoder says to that.
    @Test func `the decoder maps nothing that can change`() throws {
        let compositor = try folder.compositor()
        let file = try videos.make("picture.jpg", Self.bars(["-frames:v", "1"]))
        let picture = Array(try Data(contentsOf: URL(filePath: file)))
        let padded = picture + [UInt8](repeating: 0, count: 64)
        let length = UInt64(picture.count)

        try expect(nil, from: try AnonymousFile.constant(name: "test", content: padded), length)
        let unsealed = try AnonymousFile.create(name: "test", size: padded.count, seals: [])
        try expect("sealed with SHRINK and WRITE; its seals:", from: try unsealed.readerDescriptor(), length)
        let shrinkOnly = try AnonymousFile.create(name: "test", size: padded.count)
        try expect("its seals: SHRINK", from: try shrinkOnly.readerDescriptor(), length)
        let short = try AnonymousFile.constant(name: "test", content: picture)
        try expect("in \(picture.count)", from: short, length)
        let empty = try AnonymousFile.constant(name: "test", content: [1])
        try expect("in 1", from: empty, 1)
        for lie: UInt64 in [0, 1 << 30, .max] {
            let good = try AnonymousFile.constant(name: "test", content: padded)
            try expect("a picture of \(lie) bytes", from: good, lie)
        }
        for path in [file, "/dev/zero", "/", "/proc/self/maps"] {
            let other = Descriptor(owning: unsafe open(path, O_RDONLY | O_CLOEXEC))
            try expect("isn't in a memfd", from: other, length)
        }
        let garbage = try AnonymousFile.constant(name: "test", content: [UInt8](repeating: 0xff, count: 4_096))
        try expect("no picture in it", from: garbage, 4_000)
        compositor.end()
    }

    /// Has a decoder take one descriptor, and expects it to complain; nil where it is to show the picture.
    private func expect(_ complaint: String?, from memory: consuming Descriptor, _ length: UInt64) throws {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_SEQPACKET.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        try #require(unsafe socketpair(AF_UNIX, type, 0, &ends) == 0)
        let outcome: Program.Outcome
        do {
            let own = Descriptor(owning: ends[0])
            let its = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
            let player = try player(["--timeout", "5", "--mjpeg", "-"], standardInput: its)
            var list = DescriptorList()
            list.append(memory)
            let words: [UInt64] = [0x504c_4159_4a50_4701, length]
            try unsafe own.send(words.span.bytes, with: list)
            shutdown(own.rawValue, CInt(SHUT_WR))
            outcome = player.finish()
        }
        if let complaint {
            #expect(outcome.status == 1 && outcome.errors.contains(complaint), "\(complaint): \(outcome)")
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        } else {
            #expect(outcome.status == 0 && outcome.output.contains("decoded 1 pictures, showed 1"), "\(outcome)")
        }
    }
}
