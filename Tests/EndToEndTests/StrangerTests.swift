import Foundation
import Glibc
import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// Descriptors whose closing waits for whoever sent them: the compositor goes on, and counts them.
@Suite(.serialized) struct StrangerTests {
    let folder = RuntimeDirectory()

    /// A file whose closing doesn't end before its file system's process does.
    final class StuckFile {
        let path: String
        private let mountPoint: String
        private let daemon: Process

        /// Nil where that can't be had here. Everything but being opened can be made to never end.
        init?(in folder: RuntimeDirectory, everything: Bool = false) throws {
            mountPoint = folder.path + "/stuck"
            path = mountPoint + "/file"
            try FileManager.default.createDirectory(atPath: mountPoint, withIntermediateDirectories: false)
            daemon = Process()
            daemon.executableURL = URL(filePath: Program.path(of: "stuck-file"))
            daemon.arguments = [mountPoint] + (everything ? ["everything"] : [])
            let output = Pipe()
            daemon.standardOutput = output
            daemon.standardError = FileHandle.nullDevice
            try daemon.run()
            guard try output.fileHandleForReading.read(upToCount: 5)?.isEmpty == false else { return nil }
        }

        /// What waits for it hears that it is gone.
        func end() {
            kill(daemon.processIdentifier, SIGKILL)
            daemon.waitUntilExit()
        }

        deinit {
            end()
            unsafe umount2(mountPoint, CInt(MNT_DETACH))
        }

        /// Sends it as a pool, to be refused. The sender ends when ``end()`` is called, as it closes the file too.
        func send(to folder: RuntimeDirectory) throws -> Process {
            let sender = Process()
            sender.executableURL = URL(filePath: Program.path(of: "stuck-file"))
            sender.arguments = ["--send", path, folder.path + "/test"]
            try sender.run()
            return sender
        }
    }

    private func descriptorCount(of process: Int32) -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []).count
    }

    @Test func `a file whose closing never ends holds up nobody`() throws {
        guard let file = try StuckFile(in: folder) else { return Program.notInstalled("FUSE, which takes root,") }
        let compositor = try folder.compositor()
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        let bystander = try Connection(to: "test")
        try bystander.roundTrip()
        let before = descriptorCount(of: compositor.identifier)
        let senders = try (0..<3).map { _ in try file.send(to: folder) }
        let wait = eventually { descriptorCount(of: compositor.identifier) == before + 2 }
        #expect(wait, "one is being closed, which frees its number, and two wait; nothing else is left")
        for _ in 0..<10 { try bystander.roundTrip() }
        #expect(try folder.screenshot().colorCount == 1)
        file.end()
        for sender in senders { sender.waitUntilExit() }
        let areClosed = eventually { descriptorCount(of: compositor.identifier) == before }
        #expect(areClosed)
        bystander.close()
        #expect(compositor.end().status == 0)
    }
}
