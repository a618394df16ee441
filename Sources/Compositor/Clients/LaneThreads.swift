internal import Glibc
internal import SharedMemory
internal import Synchronization

/// Threads that do what takes long, or may wait for a client as long as it likes: one thing at a time for each lane, in
/// the lane's order.
///
/// - A few threads are started before anybody connects. When the last but one idle one gets work, another one is
///   started, if there may be more; so what waits for ever costs a thread and nobody's turn. Those that are too many
///   end. Where no more can be started, the last one is for processes of which nothing is stuck.
/// - Processes have their turns one after the other, and of each one's lanes one at a time; what takes long is done in
///   parts, with others' turns between them. What has slept for a while counts as stuck, and lets others go on; a
///   process can have so many stuck ones, and a user, and then waits for them.
/// - Handing over waits for nobody: it is an append and sem_post(3).
final class LaneThreads: Sendable {
    /// All lanes' of this process.
    static let shared = LaneThreads()

    /// Whose lanes have turns together: a process, of a user.
    struct Owner: Hashable, Sendable {
        let process: Int64
        let user: UInt32
    }

    struct Job: Sendable {
        let lane: UInt64
        /// Counts up within the lane.
        let place: UInt64
        /// Whose turn it takes.
        let owner: Owner
        /// Nothing comes after it.
        var isLast = false
        /// Does a part of it; false where there is more, which then has its turn after others'.
        let work: @Sendable () -> Bool
    }

    /// A lane's jobs.
    private struct Line {
        /// By place: they may come out of their order.
        private var jobs: [UInt64: Job] = [:]
        /// The place of the next one to be done.
        private var next: UInt64 = 0
        var isBusy = false

        var hasNext: Bool { !isBusy && jobs[next] != nil }

        var nextIsLast: Bool { jobs[next]?.isLast == true }

        mutating func add(_ job: Job) { jobs[job.place] = job }

        /// Takes out the next one.
        mutating func begin() -> Job? {
            guard !isBusy, let job = jobs.removeValue(forKey: next) else { return nil }
            isBusy = true
            return job
        }

        mutating func end(_ job: Job, isDone: Bool) {
            isBusy = false
            if isDone { next += 1 } else { jobs[job.place] = job }
        }
    }

    /// What a thread is at.
    private struct Run {
        let owner: Owner
        let start: UInt64
        /// The thread's CPU time, and what it was then.
        let clock: clockid_t
        let startOnClock: UInt64

        /// Whether it has mostly slept, for longer than others should wait for it.
        func isStuck(_ now: UInt64) -> Bool {
            guard now > start, now - start > patience else { return false }
            return time(of: clock) < startOnClock + (now - start) / 8
        }
    }

    private struct State {
        var lines: [UInt64: Line] = [:]
        /// Lanes with something to be done.
        var ready = TurnQueue<Owner, UInt64>()
        var running: [UInt64: Run] = [:]
        var threads = 0
        var idle = 0
        /// Before that none is started, as the last one couldn't be.
        var retryTime: UInt64 = 0
    }

    /// Threads that stay.
    private static let keptThreads = 4
    /// All of them, stuck ones included.
    private static let threadLimit = 1_024
    /// After so many nanoseconds, what sleeps is stuck.
    private static let patience: UInt64 = 20_000_000
    /// For so many nanoseconds no thread is tried to be started when one couldn't be: each try maps and unmaps a stack,
    /// and whoever needs memory waits meanwhile.
    private static let retryDelay: UInt64 = 100_000_000
    /// How many threads may be at work for a user, stuck or not: the others are for other users.
    private static let userLimit = 256
    /// How many stuck ones a process may have.
    private static let stuckLimit = 4

    private let inbox = Inbox<Job>()
    private let posted = Semaphore()
    private let isRunning = Atomic(false)
    private let hasFailed = Atomic(false)
    private let lastLane = Atomic<UInt64>(0)
    private let unfinished = Atomic(0)
    /// The threads' own; whoever hands over doesn't come here.
    private let state = Mutex(State())
    /// How many may be at work without being stuck.
    private let concurrency = max(2, sysconf(CInt(_SC_NPROCESSORS_ONLN)))

    private init() {}

    /// Starts the threads that stay; does nothing the second time. EAGAIN where not one can be started; then there will
    /// be none later either, as lanes have begun to do without.
    func start() throws(SystemError) {
        if hasFailed.load(ordering: .relaxed) { throw SystemError(call: "pthread_create", errno: .wouldBlock) }
        guard !isRunning.exchange(true, ordering: .sequentiallyConsistent) else { return }
        for count in 0..<Self.keptThreads {
            do throws(SystemError) { try startOne() } catch {
                if count > 0 { return }
                hasFailed.store(true, ordering: .relaxed)
                isRunning.store(false, ordering: .sequentiallyConsistent)
                throw error
            }
        }
    }

    /// A number for a lane.
    func makeLane() -> UInt64 { lastLane.add(1, ordering: .relaxed).newValue }

    /// Has a job done; here, where nothing was started.
    func hand(over job: Job) {
        guard isRunning.load(ordering: .acquiring) else {
            while !job.work() {}
            return
        }
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
                state.retryTime = time(of: CLOCK_MONOTONIC) + Self.retryDelay
            }
            throw error
        }
    }

    private func live() {
        var clock = clockid_t()
        unsafe pthread_getcpuclockid(pthread_self(), &clock)
        var mustLookAgain = false
        while true {
            posted.wait(milliseconds: mustLookAgain ? 10 : nil)
            var next = Next()
            var isDone = true
            repeat {
                next = take(after: next.job, isDone: isDone, clock)
                // Without another thread the others wait until one of these is done.
                if next.needsThread { try? startOne() }
                guard let job = next.job else { break }
                isDone = job.work()
                if isDone { unfinished.subtract(1, ordering: .releasing) }
            } while true
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

    /// Looks for what is to be done, when `last` is, or a part of it.
    private func take(after last: Job?, isDone: Bool, _ clock: clockid_t) -> Next {
        state.withLock { state in
            if let last { finish(last, isDone: isDone, &state) }
            for job in inbox.takeAll() { add(job, &state) }
            var next = Next()
            let now = time(of: CLOCK_MONOTONIC)
            next.job = pick(now, &state)
            if let job = next.job {
                state.running[job.lane] = Run(
                    owner: job.owner,
                    start: now,
                    clock: clock,
                    startOnClock: time(of: clock)
                )
                if last == nil { state.idle -= 1 }
                let mayStart = state.threads < Self.threadLimit && now >= state.retryTime
                next.needsThread = state.idle <= 1 && mayStart
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
        let hadNext = state.lines[job.lane]?.hasNext ?? false
        state.lines[job.lane, default: Line()].add(job)
        if !hadNext { becomesReady(job, &state) }
    }

    private func finish(_ job: Job, isDone: Bool, _ state: inout State) {
        state.running[job.lane] = nil
        state.lines[job.lane]?.end(job, isDone: isDone)
        becomesReady(job, &state)
    }

    /// The lane stands in line, if it has something to be done. Its end needs no turn.
    private func becomesReady(_ job: Job, _ state: inout State) {
        guard let line = state.lines[job.lane], line.hasNext else { return }
        if line.nextIsLast {
            state.lines[job.lane] = nil
            unfinished.subtract(1, ordering: .releasing)
            return
        }
        state.ready.append(job.lane, of: job.owner)
    }

    /// The first whose process may run something; nil while none may.
    private func pick(_ now: UInt64, _ state: inout State) -> Job? {
        guard state.running.values.count(where: { !$0.isStuck(now) }) < concurrency else { return nil }
        let isLast = state.threads - state.running.count <= 1
        let running = state.running
        let next = state.ready.popFirst { owner in
            let own = running.values.filter { $0.owner == owner }
            guard own.count < (isLast ? 1 : Self.stuckLimit), own.allSatisfy({ $0.isStuck(now) }) else { return false }
            return running.values.count { $0.owner.user == owner.user } < Self.userLimit
        }
        return next.flatMap { state.lines[$0]?.begin() }
    }
}
