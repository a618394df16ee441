internal import Glibc
internal import SharedMemory
internal import Synchronization

/// Threads that do what takes long, or may wait for a client as long as it likes: one thing at a time for each lane, in
/// the lane's order.
///
/// - A few threads are started before anybody connects. When the last idle one gets work, another one is started, if
///   there may be more; so what waits for ever costs a thread and nobody's turn. Those that are too many end.
/// - Processes have their turns one after the other, and of each one's lanes one at a time. What has run for a while
///   counts as stuck, and lets others go on; a process can have so many stuck ones, and then waits for them.
/// - Handing over waits for nobody: it is an append and sem_post(3).
final class LaneThreads: Sendable {
    /// All lanes' of this process.
    static let shared = LaneThreads()

    struct Job: Sendable {
        let lane: UInt64
        /// Counts up within the lane.
        let place: UInt64
        /// Whose turn it takes.
        let process: Int64
        /// Nothing comes after it.
        var isLast = false
        let work: @Sendable () -> Void
    }

    private struct Line {
        /// By place.
        var jobs: [Job] = []
        /// The place of the next one to be done.
        var next: UInt64 = 0
        var isBusy = false

        var hasNext: Bool { !isBusy && jobs.first?.place == next }
    }

    private struct State {
        var lines: [UInt64: Line] = [:]
        /// Lanes with something to be done.
        var ready = TurnQueue<Int64, (lane: UInt64, process: Int64)>()
        var running: [UInt64: (process: Int64, start: UInt64)] = [:]
        var threads = 0
        var idle = 0
    }

    /// Threads that stay.
    private static let keptThreads = 4
    /// All of them, stuck ones included.
    private static let threadLimit = 256
    /// After so many nanoseconds, what runs is stuck.
    private static let patience: UInt64 = 100_000_000
    /// How many stuck ones a process may have.
    private static let stuckLimit = 4

    private let inbox = Inbox<Job>()
    private let posted = Semaphore()
    private let isRunning = Atomic(false)
    private let lastLane = Atomic<UInt64>(0)
    private let unfinished = Atomic(0)
    /// The threads' own; whoever hands over doesn't come here.
    private let state = Mutex(State())
    /// How many may be at work without being stuck.
    private let concurrency = max(2, sysconf(CInt(_SC_NPROCESSORS_ONLN)))

    private init() {}

    /// Starts the threads that stay; does nothing the second time. EAGAIN where not one can be started.
    func start() throws(SystemError) {
        guard !isRunning.exchange(true, ordering: .sequentiallyConsistent) else { return }
        for count in 0..<Self.keptThreads {
            do throws(SystemError) { try startOne() } catch {
                if count > 0 { return }
                isRunning.store(false, ordering: .sequentiallyConsistent)
                throw error
            }
        }
    }

    /// A number for a lane.
    func makeLane() -> UInt64 { lastLane.add(1, ordering: .relaxed).newValue }

    /// Has a job done; here, where nothing was started.
    func hand(over job: Job) {
        guard isRunning.load(ordering: .acquiring) else { return job.work() }
        unfinished.add(1, ordering: .relaxed)
        inbox.post(job)
        posted.post()
    }

    /// How many jobs aren't done.
    var unfinishedCount: Int { unfinished.load(ordering: .acquiring) }

    // MARK: The threads

    private func startOne() throws(SystemError) {
        state.withLock { state in
            state.threads += 1
            state.idle += 1
        }
        do throws(SystemError) {
            try startThread { [self] in live() }
        } catch {
            state.withLock { state in
                state.threads -= 1
                state.idle -= 1
            }
            throw error
        }
    }

    private func live() {
        var mustLookAgain = false
        while true {
            posted.wait(milliseconds: mustLookAgain ? 50 : nil)
            var next = Next()
            repeat {
                next = take(after: next.job)
                // Without another thread the others wait until one of these is done.
                if next.needsThread { try? startOne() }
                next.job?.work()
                if next.job != nil { unfinished.subtract(1, ordering: .releasing) }
            } while next.job != nil
            if next.isTooMany { return }
            mustLookAgain = next.isWaitedFor
        }
    }

    private struct Next {
        var job: Job?
        /// Somebody else should be there for what comes.
        var needsThread = false
        /// There are jobs that can't be begun now.
        var isWaitedFor = false
        /// This thread isn't needed.
        var isTooMany = false
    }

    /// Looks for what is to be done, when `last` is.
    private func take(after last: Job?) -> Next {
        state.withLock { state in
            if let last { finish(last, &state) }
            for job in inbox.takeAll() { add(job, &state) }
            var next = Next()
            let now = Self.now
            next.job = pick(now, &state)
            if let job = next.job {
                state.running[job.lane] = (job.process, now)
                if last == nil { state.idle -= 1 }
                next.needsThread = state.idle == 0 && state.threads < Self.threadLimit
                // Whoever waits looks whether there is more.
                if !state.ready.isEmpty { posted.post() }
            } else {
                if last != nil { state.idle += 1 }
                next.isWaitedFor = !state.ready.isEmpty
                if state.idle > Self.keptThreads, !next.isWaitedFor {
                    next.isTooMany = true
                    state.idle -= 1
                    state.threads -= 1
                }
            }
            return next
        }
    }

    private func add(_ job: Job, _ state: inout State) {
        var line = state.lines[job.lane] ?? Line()
        let hadNext = line.hasNext
        let index = line.jobs.lastIndex { $0.place < job.place }.map { $0 + 1 } ?? 0
        line.jobs.insert(job, at: index)
        if !hadNext, line.hasNext { state.ready.append((job.lane, job.process), of: job.process) }
        state.lines[job.lane] = line
    }

    private func finish(_ job: Job, _ state: inout State) {
        state.running[job.lane] = nil
        if job.isLast { state.lines[job.lane] = nil }
        guard var line = state.lines[job.lane] else { return }
        line.isBusy = false
        line.next = job.place + 1
        if line.hasNext { state.ready.append((job.lane, job.process), of: job.process) }
        state.lines[job.lane] = line
    }

    /// The first whose process may run something; nil while none may.
    private func pick(_ now: UInt64, _ state: inout State) -> Job? {
        func isStuck(_ start: UInt64) -> Bool { now > start && now - start > Self.patience }
        guard state.running.values.count(where: { !isStuck($0.start) }) < concurrency else { return nil }
        var others: [(lane: UInt64, process: Int64)] = []
        defer { for other in others { state.ready.append(other, of: other.process) } }
        while let next = state.ready.popFirst() {
            let own = state.running.values.filter { $0.process == next.process }
            guard own.count < Self.stuckLimit, own.allSatisfy({ isStuck($0.start) }) else {
                others.append(next)
                continue
            }
            guard var line = state.lines[next.lane], line.hasNext else { continue }
            let job = line.jobs.removeFirst()
            line.isBusy = true
            state.lines[next.lane] = line
            return job
        }
        return nil
    }

    private static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
