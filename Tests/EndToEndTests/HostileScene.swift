import ClientToolkit
import Foundation
import Glibc
import TestSupport
import Testing
import WaylandClient

/// A compositor among hostile clients, somebody who wants nothing but answers, and what is watched.
///
/// The measure is the command's own: how much CPU the longest turn of its loop took, and how long one slept in a system
/// call. Waiting for a CPU isn't counted, so that busy machines don't matter.
final class HostileScene {
    let compositor: Running
    let bystander: Connection
    private let before: Held
    /// Where the log goes: a pipe that nobody reads would lose its end.
    private let log: String

    /// What there is no more of once the compositor runs.
    enum Shortage: Sendable {
        /// Of the user as whom it runs, another one than the clients' for that: RLIMIT_NPROC isn't root's.
        case processesOfUser
        /// Of its cgroup.
        case processesOfGroup
    }

    /// A cgroup of the compositor's own.
    private var group: ProcessGroup?

    /// `files` is RLIMIT_NOFILE, and the soft one alone where it `isSoft`; `isWatched` has somebody look at each frame.
    init(
        _ folder: RuntimeDirectory,
        files: Int? = nil,
        isSoft: Bool = false,
        policy: String = "strict",
        isWatched: Bool = false,
        shortage: Shortage? = nil
    ) throws {
        log = folder.path + "/log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let limit = files.map { "ulimit \(isSoft ? "-S " : "")-n \($0); " } ?? ""
        let options = "--socket test --output 480x360 --log-level debug --shm-policy \(policy)"
        var program = Program.path(of: "signet")
        var user = ""
        // Looking for leaks at the end takes a thread.
        let environment = shortage == nil ? "" : "export ASAN_OPTIONS=detect_leaks=0; "
        if shortage == .processesOfUser {
            // That user needn't be able to come where the build is.
            try FileManager.default.copyItem(atPath: program, toPath: folder.path + "/signet")
            program = folder.path + "/signet"
            unsafe chown(folder.path, Self.nobody, Self.nobody)
            user = Self.asNobody
        }
        compositor = try Running(
            "/bin/sh",
            ["-c", "\(limit)\(environment)exec \(user)'\(program)' run \(options)"],
            in: folder,
            standardError: FileHandle(forWritingAtPath: log)
        )
        let starts = eventually { folder.contents.contains("test") }
        #expect(starts)
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        bystander = try Connection(to: "test")
        try bystander.roundTrip()
        switch shortage {
        case .processesOfUser:
            let command = "\(Self.asNobody)prlimit --nproc=1:1 --pid \(compositor.identifier)"
            #expect(try Program.run("/bin/sh", ["-c", command], in: folder).status == 0)
        case .processesOfGroup: group = try ProcessGroup(of: compositor.identifier)
        case nil: break
        }
        before = Held(compositor.identifier)
        onlooker = isWatched ? try Onlooker(bystander) : nil
    }

    /// Looks at each frame, so that all are drawn.
    private final class Onlooker {
        private let session: SignetSealedFrameSessionV1
        /// How many frames there were.
        private(set) var count = 0
        private var frame: SignetSealedFrameV1?
        private var awaited: SignetSealedFrameV1?

        init(_ connection: Connection) throws {
            let globals = try Globals(connection)
            let manager = try globals.bind(SignetSealedFrameManagerV1.self, upTo: 1)
            session = manager.createSession(output: try globals.bind(WlOutput.self, upTo: 1))
            ask()
        }

        private func ask() {
            let next = session.nextFrame()
            next.onReady = { [unowned self, unowned next] _, _, _ in
                frame?.destroy()
                frame = next
                count += 1
                ask()
            }
            awaited = next
        }

        func end() {
            frame?.destroy()
            awaited?.destroy()
            session.destroy()
        }
    }

    private let onlooker: Onlooker?

    private static let nobody: uid_t = 65_534
    private static let asNobody = "setpriv --reuid \(nobody) --clear-groups "

    /// What the compositor has in memory now.
    var residentBytes: Int { Held(compositor.identifier).residentBytes }

    /// A cgroup that holds one process, and lets it make no thread; cgroups(7).
    private final class ProcessGroup {
        private let path: String

        init?(of process: Int32) throws {
            let root = "/sys/fs/cgroup"
            let controllers = (try? String(contentsOfFile: "\(root)/cgroup.controllers", encoding: .utf8)) ?? ""
            if controllers.split(whereSeparator: \.isWhitespace).contains("pids") {
                try? "+pids".write(toFile: "\(root)/cgroup.subtree_control", atomically: false, encoding: .utf8)
                path = "\(root)/signet-test-\(process)"
            } else {
                path = "\(root)/pids/signet-test-\(process)"
            }
            guard unsafe mkdir(path, 0o755) == 0 else {
                print("skipped a part, because there can't be a cgroup with a bound of processes")
                return nil
            }
            func set(_ name: String, _ value: String) -> Bool {
                guard let handle = FileHandle(forWritingAtPath: "\(path)/\(name)") else { return false }
                return (try? handle.write(contentsOf: Data(value.utf8))) != nil
            }
            #expect(set("cgroup.procs", String(process)) && set("pids.max", "1"))
        }

        deinit { unsafe rmdir(path) }
    }

    /// Round trips for so long; the longest is to be far from what the hostile ones wait for. The machine may have
    /// fewer CPUs than there are programs that want one.
    func live(milliseconds: Int, limit: Duration = .milliseconds(1_500)) throws {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        while ContinuousClock.now < end {
            let time = try ContinuousClock().measure { try bystander.roundTrip() }
            #expect(time < limit, "a bystander waited \(time)")
            usleep(5_000)
        }
    }

    /// The same for frames: those of a window that draws each as soon as it may, and those that somebody looks at.
    func liveWithFrames(milliseconds: Int, limit: Duration = .milliseconds(1_500)) throws {
        let connection = try Connection(to: "test")
        let globals = try Globals(connection)
        let window = ShellWindow(globals, title: "honest")
        let canvas = try ShmCanvas(globals, width: 40, height: 30)
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        let before = onlooker?.count ?? 0
        try connection.roundTrip()
        while ContinuousClock.now < end {
            let time = try ContinuousClock().measure {
                var isDone = false
                let callback = window.surface.frame()
                callback.onDone = { _ in isDone = true }
                window.surface.attach(buffer: canvas.buffer, x: 0, y: 0)
                window.surface.damageBuffer(x: 0, y: 0, width: 40, height: 30)
                window.surface.commit()
                while !isDone { try connection.dispatch() }
                try bystander.roundTrip()
            }
            #expect(time < limit, "an honest window waited \(time) for its frame")
        }
        if let onlooker { #expect(onlooker.count > before, "nobody saw a frame") }
        window.close()
        connection.close()
    }

    /// Everybody else is gone: so is what they had. Then the longest turn is looked at: for how many microseconds it
    /// had the CPU, and slept. One or two may have slept for longer than a millisecond (but not for long), where the
    /// kernel took the CPU from a thread that had the lock of the address space; a request that sleeps does each time.
    func finish(
        asleep limit: Int = 10_000,
        turns cpuLimit: Int = 20_000,
        isEmulated: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        onlooker?.end()
        try bystander.roundTrip()
        // What was sent before hang-up is still served, and frames are kept for a second.
        var isClean = false
        for _ in 0..<6 where !isClean {
            isClean = eventually { Held(compositor.identifier).isNoMore(than: before) }
        }
        #expect(isClean, "\(before) became \(Held(compositor.identifier))", sourceLocation: sourceLocation)
        bystander.close()
        let outcome = compositor.end(SIGTERM)
        #expect(outcome.status == 0, sourceLocation: sourceLocation)
        let text = try String(contentsOfFile: log, encoding: .utf8)
        let line = text.firstMatch(of: #/longest turn: (\d+) us of CPU, (\d+) us asleep.*/#)
        let found = try #require(line, "it says nothing of its longest turn", sourceLocation: sourceLocation)
        // What the sanitizer adds is not the promise, nor what an emulator does.
        let factor = (Program.isSanitized ? 5 : 1) * (isEmulated ? 200 : 1)
        #expect(Int(found.1)! <= cpuLimit * factor, "\(found.0)", sourceLocation: sourceLocation)
        #expect(Int(found.2)! <= limit * factor, "\(found.0)", sourceLocation: sourceLocation)
        if factor == 1 {
            let sleeps = text.firstMatch(of: #/asleep \((\d+) times/#)
            #expect(Int(try #require(sleeps).1)! <= 2, "\(found.0)", sourceLocation: sourceLocation)
        }
    }
}
