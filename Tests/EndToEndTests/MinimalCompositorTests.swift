import ClientToolkit
import Foundation
import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// The smallest compositor, which the libraries suffice for.
@Suite(.serialized) struct MinimalCompositorTests {
    let folder = RuntimeDirectory()

    /// Runs it until something was drawn by `client`, and returns the frame that its command got, as 0xRRGGBB.
    static func frame(in folder: RuntimeDirectory, shownBy client: String, _ arguments: [String]) throws -> [UInt32] {
        let (socket, file) = (folder.path + "/minimal", folder.path + "/frame")
        // By descriptor: a memfd that it can't write.
        let script = "readlink /proc/self/fd/0; cat >'\(file)'; (: >/proc/self/fd/0) 2>&- || echo readonly"
        let compositor = try Running("minimal-compositor", ["minimal", "sh", "-c", script], in: folder)
        let starts = eventually { folder.contents.contains("minimal") }
        #expect(starts)
        let program = try Running(client, arguments, in: folder, environment: ["WAYLAND_DISPLAY": socket])
        let outcome = compositor.finish()
        _ = program.end()
        #expect(outcome.output.contains("memfd:minimal-frame") && outcome.output.contains("readonly"), "\(outcome)")
        let data = try Data(contentsOf: URL(filePath: file))
        try #require(data.count == 640 * 480 * 4)
        return unsafe data.withUnsafeBytes { bytes in
            (0..<640 * 480).map { unsafe bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) & 0xff_ffff }
        }
    }

    @Test func `it hands on what a client draws`() throws {
        let pixels = try Self.frame(in: folder, shownBy: "simple-shm", ["--size", "200x100"])
        #expect(pixels[640 * 480 - 1] == 0x2e_3440)
        #expect(Set(pixels[640 * 50..<640 * 50 + 200]).count > 50)
    }

    @Test func `it maps nothing that can shrink`() throws {
        let socket = folder.path + "/minimal"
        let compositor = try Running("minimal-compositor", ["minimal", "true"], in: folder)
        let starts = eventually { folder.contents.contains("minimal") }
        #expect(starts)
        for (seals, isTaken) in [(nil, false), (.shrink, true)] as [(Seals?, Bool)] {
            let globals = try Globals(try Connection(to: socket))
            let memory = TestFile.memfd(4_096, seals: seals ?? [])
            let pool = globals.shm.createPool(fd: memory, size: 4_096)
            if isTaken {
                try globals.connection.roundTrip()
                pool.resize(size: 8_192)
            }
            #expect(throws: Connection.Failure.self) { try globals.connection.roundTrip() }
            globals.connection.close()
        }
        compositor.end()
    }
}
