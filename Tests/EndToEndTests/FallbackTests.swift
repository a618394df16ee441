import Foundation
import Glibc
import Testing

/// Signet and its clients on a kernel without memfd_create: nothing can be sealed, so nothing of a client's is mapped.
@Suite(.serialized) struct FallbackTests {
    let folder = RuntimeDirectory()

    private func client(_ path: String, _ arguments: [String] = [], on kernel: Kernel = .withoutMemfd) throws -> Running
    {
        try kernel.start(path, arguments, in: folder, environment: ["WAYLAND_DISPLAY": "test"])
    }

    /// Whether a window shows, 100 by 100 pixels at least, of more colours than the background's.
    private func showsAWindow(on kernel: Kernel = .withoutMemfd) throws -> Bool {
        let picture = try folder.screenshot(on: kernel)
        return picture.colorCount > 2 && picture.count(of: picture.pixels[0]) < picture.pixels.count - 10_000
    }

    @Test func thePolicyBecomesCopyAndOneLineSaysSo() throws {
        let compositor = try folder.compositor(on: .withoutMemfd)
        let lines = compositor.end().errors.split(separator: "\n")
        #expect(lines.count == 1 && lines[0].contains("memfd_create") && lines[0].contains("'copy'"), "\(lines)")
    }

    @Test func simpleShmDrawsIntoPosixSharedMemory() throws {
        let compositor = try folder.compositor(["--log-level", "info"], on: .withoutMemfd)
        let outcome = try client("simple-shm", ["--frames", "20"]).finish()
        #expect(outcome.status == 0, "\(outcome)")
        let origin =
            "a shm_open file, since memfd_create is missing or forbidden here, which the compositor was offered"
        #expect(outcome.output == "simple-shm: drawing into \(origin)\n")
        let log = compositor.end().errors
        #expect(log.contains("0 sealed, 0 sealed on arrival, 1 copied, 0 refused"), "\(log)")
    }

    @Test func `a refused offer is told, with its reason, before wl_shm ends the client`() throws {
        let compositor = try folder.compositor(["--log-level", "info"])
        let outcome = try client("simple-shm", ["--frames", "20"]).finish()
        #expect(outcome.status == 1, "\(outcome)")
        #expect(outcome.output.contains("in a pool of wl_shm's, since the compositor refused the offer"), "\(outcome)")
        #expect(outcome.output.contains("--shm-policy copy"), "\(outcome)")
        let log = compositor.end().errors
        #expect(log.contains("0 sealed, 0 sealed on arrival, 0 copied, 2 refused"), "\(log)")
    }

    @Test(arguments: [Kernel.asItIs, .withoutMemfd])
    func theTourIsRightAboutThisKernel(kernel: Kernel) throws {
        let outcome = try client("shared-memory-tour", ["--no-devices"], on: kernel).finish()
        #expect(outcome.status == 0, "\(outcome)")
    }

    @Test func aScreenshotShowsTheWindow() throws {
        let compositor = try folder.compositor(on: .withoutMemfd)
        #expect(try folder.screenshot(on: .withoutMemfd).colorCount == 1)
        let client = try client("simple-shm")
        let appears = try eventually { try showsAWindow() }
        #expect(appears)
        let first = try folder.screenshot(on: .withoutMemfd)
        let moves = try eventually { try folder.screenshot(on: .withoutMemfd).pixels != first.pixels }
        #expect(moves, "it is an animation")
        client.end()
        let disappears = try eventually { try folder.screenshot(on: .withoutMemfd).colorCount == 1 }
        #expect(disappears)
        #expect(compositor.end().status == 0)
    }

    /// What a client draws into is what it has mapped; the same files are looked for among what Signet has mapped.
    @Test(arguments: [Kernel.withoutMemfd, .asItIs])
    func aClientsFileIsMappedOnlyWhereItIsSealed(kernel: Kernel) throws {
        let compositor = try folder.compositor(on: kernel)
        let client = try client("simple-shm", on: kernel)
        let appears = try eventually { try showsAWindow(on: kernel) }
        #expect(appears)
        let prefix = kernel == .withoutMemfd ? "/dev/shm/signet-" : "/memfd:signet-"
        let clients = try mappedFiles(of: client.identifier, under: prefix)
        #expect(!clients.isEmpty)
        #expect(
            try !mappedFiles(of: compositor.identifier, under: prefix).isEmpty,
            "Signet's own frames are such files"
        )
        let arrives = eventually { clients.isSubset(of: openFiles(of: compositor.identifier)) }
        #expect(arrives)
        func shared() throws -> Set<UInt64> {
            // What nobody looks at isn't mapped.
            _ = try folder.screenshot(on: kernel)
            return try mappedFiles(of: compositor.identifier, under: prefix).intersection(clients)
        }
        switch kernel {
        case .asItIs:
            let areMapped = try eventually { try shared() == clients }
            #expect(areMapped)
        default:
            // While frames go by.
            for _ in 0..<10 { #expect(try shared().isEmpty) }
        }
        client.end()
        compositor.end()
    }

    @Test(arguments: ["strict", "seal"])
    func aPolicyThatNeedsSealsEndsInOneLine(policy: String) throws {
        let arguments = ["run", "--socket", "test", "--shm-policy", policy]
        let outcome = try Kernel.withoutMemfd.start("signet", arguments, in: folder).finish()
        #expect(outcome.status == 1, "\(outcome)")
        #expect(outcome.errors.hasPrefix("signet: this kernel has no memfd_create"), "\(outcome)")
        #expect(outcome.errors.contains("'\(policy)'") && outcome.errors.contains("--shm-policy copy"), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        #expect(folder.contents.isEmpty)
    }

    @Test func theDoctorMissesMemfdCreate() throws {
        let outcome = try Kernel.withoutMemfd.start("signet", ["doctor"], in: folder).finish()
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        #expect(outcome.output.contains(#/memfd_create: +missing +- /#), "\(outcome)")
        #expect(outcome.output.contains(#/shm policy: +copy by default +- /#), "\(outcome)")
    }

    /// Weston's clients fall back to an unlinked file in the runtime folder.
    @Test func westonsClientIsCopied() throws {
        guard let path = Program.installedPath(of: "weston-simple-shm") else {
            return Program.notInstalled("weston-simple-shm")
        }
        let compositor = try folder.compositor(["--log-level", "info"], on: .withoutMemfd)
        let client = try client(path)
        let appears = try eventually { try showsAWindow() }
        #expect(appears)
        let clients = try mappedFiles(of: client.identifier, under: folder.path + "/weston-shared-")
        #expect(!clients.isEmpty)
        #expect(try mappedFiles(of: compositor.identifier, under: folder.path).isEmpty)
        client.end()
        let log = compositor.end().errors
        #expect(log.contains("0 sealed, 0 sealed on arrival, 1 copied, 0 refused"), "\(log)")
    }

    /// The inodes of a process's mapped files whose names start with `prefix`; proc_pid_maps(5).
    private func mappedFiles(of process: Int32, under prefix: String) throws -> Set<UInt64> {
        // String(contentsOfFile:) would stop after the first read, a page of the many.
        let file = try FileHandle(forReadingFrom: URL(filePath: "/proc/\(process)/maps"))
        let lines = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self).split(separator: "\n")
        let fields = lines.map { $0.split(separator: " ", maxSplits: 5) }
        return Set(fields.filter { $0.count == 6 && $0[5].contains(prefix) }.compactMap { UInt64($0[4]) })
    }

    /// The inodes of the files that a process has open.
    private func openFiles(of process: Int32) -> Set<UInt64> {
        let folder = "/proc/\(process)/fd"
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return Set(
            numbers.compactMap {
                var status = stat()
                return unsafe stat("\(folder)/\($0)", &status) == 0 ? UInt64(status.st_ino) : nil
            }
        )
    }
}
