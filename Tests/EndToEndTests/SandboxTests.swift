import ClientToolkit
import Foundation
import Glibc
import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// Sandboxes and old kernels that forbid memfd_create with an error of their own: Signet works, clients' policy stays,
/// and where no frame can be made at all, that is said at the start.
@Suite(.serialized) struct SandboxTests {
    let folder = RuntimeDirectory()

    static let errors = ["EPERM", "EACCES", "EINVAL"]

    private func simpleShm(on kernel: Kernel) throws -> Running {
        try kernel.start("simple-shm", ["--frames", "5"], in: folder, environment: ["WAYLAND_DISPLAY": "test"])
    }

    @Test(arguments: errors)
    func `frames are made all the same, and one warning names the option`(error: String) throws {
        let kernel = Kernel.memfdForbidden(error)
        let compositor = try folder.compositor(on: kernel)
        #expect(try folder.screenshot(on: kernel).colorCount == 1)
        let lines = compositor.end().errors.split(separator: "\n")
        #expect(lines.count == 1, "\(lines)")
        #expect(lines[0].hasPrefix("signet: warning: memfd_create fails") && lines[0].contains("--shm-policy copy"))
    }

    @Test func `the policy for clients stays what it is`() throws {
        let compositor = try folder.compositor(["--log-level", "info"], on: .memfdForbidden("EPERM"))
        // Outside of the sandbox a client seals its memory; inside it can't.
        #expect(try simpleShm(on: .asItIs).finish().status == 0)
        #expect(try simpleShm(on: .memfdForbidden("EPERM")).finish().status != 0)
        let log = compositor.end().errors
        #expect(log.contains(#/pools: [1-9] sealed, 0 sealed on arrival, 0 copied, 0 refused/#), "\(log)")
        #expect(log.contains("can't be kept from shrinking"), "\(log)")
    }

    @Test func `with the policy that it names, clients in the sandbox are served without a word`() throws {
        let kernel = Kernel.memfdForbidden("EPERM")
        let compositor = try folder.compositor(["--shm-policy", "copy"], on: kernel)
        #expect(try simpleShm(on: kernel).finish().status == 0)
        #expect(compositor.end().errors.isEmpty)
    }

    @Test func `a kernel that wants MFD_NOEXEC_SEAL gets it`() throws {
        let compositor = try folder.compositor(on: .noexecOnly)
        #expect(try folder.screenshot(on: .noexecOnly).colorCount == 1)
        #expect(compositor.end().errors.isEmpty)
        let doctor = try Kernel.noexecOnly.start("signet", ["doctor"], in: folder).finish()
        #expect(doctor.output.contains(#/memfd_create: +works/#), "\(doctor)")
    }

    /// Without memory, and with a limit on files' sizes that stops the fallback too; it comes as SIGXFSZ.
    @Test(arguments: ["--errno ENOMEM", "--errno EPERM"])
    func `where no frame can be made the start says so`(options: String) throws {
        let without = Program.path(of: "without-memfd")
        let script =
            "ulimit -f 0; exec '\(without)' \(options) '\(Program.path(of: "signet"))' run --ready-fd 1 -- echo started"
        let outcome = try Program.run("/bin/sh", ["-c", script], in: folder)
        #expect(outcome.status == 1, "\(outcome)")
        #expect(outcome.output.isEmpty, "it isn't ready: \(outcome)")
        #expect(outcome.errors.hasPrefix("signet: no frame can be made ("), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        #expect(folder.contents.isEmpty)
    }

    @Test(arguments: errors + ["ENOSYS"])
    func `the doctor knows what the start knows`(error: String) throws {
        let outcome = try Kernel.memfdForbidden(error).start("signet", ["doctor"], in: folder).finish()
        #expect(outcome.output.contains(#/frames: +can't be sealed here +- every reader gets a copy/#), "\(outcome)")
        let script =
            "ulimit -f 0; exec '\(Program.path(of: "without-memfd"))' --errno \(error) "
            + "'\(Program.path(of: "signet"))' doctor"
        let full = try Program.run("/bin/sh", ["-c", script], in: folder)
        #expect(full.output.contains(#/frames: +can't be made .*signet run fails/#), "\(full)")
    }

    @Test func `too few open files are an error`() throws {
        let script = "ulimit -n 16; exec '\(Program.path(of: "signet"))' -- true"
        let outcome = try Program.run("/bin/sh", ["-c", script], in: folder)
        #expect(outcome.status == 1 && outcome.errors.contains("ulimit -Hn"), "\(outcome)")
    }

    /// What is mapped when it is looked at can turn out to have no room.
    @Test(.enabled(if: !Program.isSanitized, "the sanitizer needs addresses of its own"))
    func `where there are no addresses for a client's memory it is copied`() throws {
        let compositor = try folder.compositor()
        let status = try String(contentsOfFile: "/proc/\(compositor.identifier)/status", encoding: .utf8)
        let size = try #require(status.firstMatch(of: #/VmSize:\s*(\d+) kB/#))
        let limit = (Int(size.1)! + 24 << 10) << 10
        let command = "prlimit --as=\(limit) --pid \(compositor.identifier)"
        #expect(try Program.run("/bin/sh", ["-c", command], in: folder).status == 0)
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        let connection = try Connection(to: "test")
        let globals = try Globals(connection)
        let file = TestFile.memfd(64 << 20, seals: .shrink)
        TestFile.write([UInt32](repeating: 0x12_34_56, count: 16 << 20), to: file)
        let pool = globals.shm.createPool(fd: file, size: 64 << 20)
        let window = ShellWindow(globals, title: "large")
        try connection.roundTrip()
        window.surface.attach(
            buffer: pool.createBuffer(offset: 0, width: 100, height: 100, stride: 400, format: .xrgb8888),
            x: 0,
            y: 0
        )
        window.surface.commit()
        let isSeen = try eventually {
            try connection.roundTrip()
            return try folder.screenshot().count(of: 0x12_34_56) == 10_000
        }
        #expect(isSeen)
        window.close()
        connection.close()
        #expect(compositor.end().status == 0)
    }
}
