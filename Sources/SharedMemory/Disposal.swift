internal import CLinux
internal import Glibc
internal import Synchronization

/// Closes descriptors and unmaps memory on threads of its own, where that can take long or wait for another process.
///
/// close(2) and munmap(2) are not always quick:
/// - The last close of a large memfd, and its unmapping, free its pages: some 130 microseconds a MiB.
/// - Closing a file on FUSE asks that file system's process (FUSE_FLUSH), and can't be interrupted. Closing a TCP
///   socket with SO_LINGER and unsent data waits for the linger time. Closing a pipe waits for a lock that somebody
///   holds who sleeps in a page fault while writing. Whoever sent such a descriptor decides how long.
///
/// So what another process sent is never closed by the thread that received it. What ends in finite time goes to one
/// thread, which is started before anything is received, and nothing else waits behind it. For the rest, strangers'
/// files, each user who sent some has a thread while they wait, and another one for connections, ``threadLimit`` in
/// all; a close that hangs holds up that user's own descriptors alone. Until then the descriptors stay open, and are
/// counted.
///
/// Where there can be no further thread, as RLIMIT_NPROC, pids.max or ``threadLimit`` is used up, two that are started
/// before as well do all of that: one for connections alone, which a file that hangs can't stop.
///
/// Nothing here waits in the caller: handing over is an append and sem_post(3).
public enum Disposal {
    /// Threads that close strangers' descriptors.
    public static let threadLimit = 16

    private enum Job: Sendable {
        case close(CInt)
        case unmap(address: UInt, length: Int, seen: Range<Int>, then: @Sendable () -> Void)
        case other(@Sendable () -> Void)

        /// Does it here.
        func run() {
            switch self {
            case .close(let number): _ = Glibc.close(number)
            case .unmap(let address, let length, let seen, let action):
                unmapInParts(address, length, seen)
                action()
            case .other(let action): action()
            }
        }
    }

    /// Whose descriptors a thread closes: what can hang stays behind its like.
    private struct Lane: Hashable {
        let user: UInt32
        /// Connections in which nothing is left, or anything else.
        let isConnections: Bool
    }

    /// One lane's descriptors.
    private struct Strangers {
        var waiting: [CInt] = []
        /// Being closed at the moment.
        var isClosing = false
        var hasThread = false

        var count: Int { waiting.count + (isClosing ? 1 : 0) }
    }

    private struct State {
        var strangers: [Lane: Strangers] = [:]
        /// That are at a lane.
        var threads = 0

        /// A lane where something waits and no thread is; the caller's is there now. Those who stand in count beyond
        /// the limit, as they are for when it is reached.
        mutating func takeLane(onlyOfConnections: Bool, standingIn: Bool) -> Lane? {
            guard standingIn || threads < threadLimit else { return nil }
            let next = strangers.first { lane, strangers in
                !strangers.waiting.isEmpty && !strangers.hasThread && (lane.isConnections || !onlyOfConnections)
            }
            guard let lane = next?.key else { return nil }
            strangers[lane]!.hasThread = true
            if !standingIn { threads += 1 }
            return lane
        }

        /// Whether something waits for a thread.
        var needsThread: Bool { strangers.contains { !$0.value.waiting.isEmpty && !$0.value.hasThread } }
    }

    /// Unmaps from the end on, a part at a time: meanwhile other threads can't map anything, nor allocate large memory.
    /// The parts are such that no huge page has to be taken apart. Where nothing was seen there is nothing to let go,
    /// and parts are as large as they like.
    private static func unmapInParts(_ address: UInt, _ length: Int, _ seen: Range<Int>) {
        let (page, part): (UInt, UInt) = (UInt(getpagesize()), 2 << 20)
        let lastSeen = address + (UInt(seen.upperBound) + part - 1) / part * part
        var end = address + (UInt(length) + page - 1) / page * page
        while end > address {
            var start = max(address, (end - 1) / part * part)
            if end > lastSeen { start = min(max(address, lastSeen / part * part), start) }
            if end <= address + UInt(seen.lowerBound) { start = address }
            unsafe munmap(UnsafeMutableRawPointer(bitPattern: start), Int(end - start))
            end = start
        }
    }

    private static let isRunning = Atomic(false)
    /// What was handed over and ends in finite time; and strangers' descriptors, which don't wait behind it.
    private static let inboxes = (finite: Inbox<Job>(), strangers: Inbox<(CInt, Lane)>())
    /// Whether the thread for the former is going to look into it soon by itself.
    private static let isPausing = Atomic(false)
    /// Raised for each of them, but where the thread looks by itself.
    private static let work = (finite: Semaphore(), strangers: Semaphore())
    /// Raised for the threads that stand in for those that can't be started: for connections alone, and for anything.
    private static let standInWork = (connections: Semaphore(), all: Semaphore())
    /// Of the threads that close; whoever hands over doesn't come here.
    private static let state = Mutex(State())
    /// What was handed over and isn't done.
    private static let unfinished = Atomic(0)

    // MARK: For owners of a process

    /// Starts the threads that stay; until then everything is closed where it is let go. Does nothing the second time.
    /// EAGAIN where the process may have no further thread.
    public static func start() throws(SystemError) {
        guard !isRunning.exchange(true, ordering: .sequentiallyConsistent) else { return }
        do throws(SystemError) {
            try startThread { runJobs() }
            try startThread { sortStrangers() }
            try startThread { standIn(when: standInWork.connections, onlyForConnections: true) }
            try startThread { standIn(when: standInWork.all, onlyForConnections: false) }
        } catch {
            isRunning.store(false, ordering: .sequentiallyConsistent)
            throw error
        }
    }

    /// How many descriptors that `user` sent wait to be closed, and are open still. Zero as well where that can't be
    /// told at once.
    public static func pendingCount(of user: UInt32) -> Int {
        let count = state.withLockIfAvailable { state in
            [true, false].reduce(0) { $0 + (state.strangers[Lane(user: user, isConnections: $1)]?.count ?? 0) }
        }
        return count ?? 0
    }

    // MARK: Handing over

    /// Has `number` closed; by the caller where nothing was started.
    static func close(_ number: CInt, from user: UInt32, isMemory: Bool) {
        if isMemory { return hand(over: .close(number)) }
        hand(over: number, of: Lane(user: user, isConnections: false))
    }

    /// Has a connection of `user` closed, in whose queue nothing is left and into which nothing can come.
    ///
    /// Such a one waits for nobody but the kernel's own search for sockets that are lost in each other's queues, which
    /// may find strangers' files there. So it gets a thread, but not the one that may be stuck with the user's files.
    package static func close(emptyConnection number: CInt, from user: UInt32) {
        hand(over: number, of: Lane(user: user, isConnections: true))
    }

    /// Has our own large memory closed.
    static func close(_ number: CInt) { hand(over: .close(number)) }

    /// Has memory unmapped, of which the bytes in `seen` have pages, and then `action` called.
    static func unmap(
        _ address: UInt,
        length: Int,
        seen: Range<Int>? = nil,
        then action: @escaping @Sendable () -> Void = {}
    ) {
        hand(over: .unmap(address: address, length: length, seen: seen ?? 0..<length, then: action))
    }

    /// Has something done that ends in finite time, and makes its caller sleep.
    static func run(_ action: @escaping @Sendable () -> Void) { hand(over: .other(action)) }

    private static func hand(over job: Job) {
        guard isRunning.load(ordering: .acquiring) else { return job.run() }
        unfinished.add(1, ordering: .relaxed)
        inboxes.finite.post(job)
        // Where its thread is going to look anyway, it needn't be woken up.
        if !isPausing.load(ordering: .sequentiallyConsistent) { work.finite.post() }
    }

    private static func hand(over number: CInt, of lane: Lane) {
        guard isRunning.load(ordering: .acquiring) else { return Job.close(number).run() }
        unfinished.add(1, ordering: .relaxed)
        inboxes.strangers.post((number, lane))
        work.strangers.post()
    }

    private static func isDone() { unfinished.subtract(1, ordering: .relaxed) }

    // MARK: The threads

    private static func runJobs() {
        while true {
            work.finite.wait()
            while runWaitingJobs() {
                // More is likely to come where buffers come and go: waking up for each would cost more than it does.
                isPausing.store(true, ordering: .sequentiallyConsistent)
                usleep(pause)
                isPausing.store(false, ordering: .sequentiallyConsistent)
            }
        }
    }

    /// In microseconds.
    private static let pause: useconds_t = 500

    /// False where there were none.
    private static func runWaitingJobs() -> Bool {
        let jobs = inboxes.finite.takeAll()
        for job in jobs {
            job.run()
            isDone()
        }
        return !jobs.isEmpty
    }

    private static func sortStrangers() {
        var mustTryAgain = false
        while true {
            // While strangers wait for a thread that couldn't be started, that is tried again each second.
            work.strangers.wait(milliseconds: mustTryAgain ? 1_000 : nil)
            for (number, lane) in inboxes.strangers.takeAll() {
                state.withLock { $0.strangers[lane, default: Strangers()].waiting.append(number) }
            }
            mustTryAgain = !startMissingThreads()
        }
    }

    /// False where a thread couldn't be started.
    private static func startMissingThreads() -> Bool {
        while true {
            let (next, needsMore) = state.withLock { state in
                let lane = state.takeLane(onlyOfConnections: false, standingIn: false)
                return (lane, lane == nil && state.needsThread)
            }
            guard let lane = next else {
                if needsMore { callStandIns() }
                return !needsMore
            }
            do throws(SystemError) {
                try startThread {
                    closeStrangers(in: lane, standingIn: false)
                    // Another user may wait for a thread.
                    work.strangers.post()
                }
            } catch {
                state.withLock { state in
                    state.strangers[lane]?.hasThread = false
                    state.threads -= 1
                }
                callStandIns()
                return false
            }
        }
    }

    private static func callStandIns() {
        standInWork.connections.post()
        standInWork.all.post()
    }

    /// Does what threads would do that can't be started, or that there are too many of.
    private static func standIn(when raised: Semaphore, onlyForConnections: Bool) {
        while true {
            raised.wait()
            while let lane = state.withLock({ $0.takeLane(onlyOfConnections: onlyForConnections, standingIn: true) }) {
                closeStrangers(in: lane, standingIn: true)
            }
        }
    }

    private static func closeStrangers(in lane: Lane, standingIn: Bool) {
        while true {
            let number: CInt? = state.withLock { state in
                guard let next = state.strangers[lane]?.waiting.popLast() else {
                    state.strangers[lane] = nil
                    if !standingIn { state.threads -= 1 }
                    return nil
                }
                state.strangers[lane]?.isClosing = true
                return next
            }
            guard let number else { break }
            // Also this waits, for a lock that a sender can hold. What was sent is delivered all the same.
            var linger = linger(l_onoff: 0, l_linger: 0)
            unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
            _ = Glibc.close(number)
            state.withLock { $0.strangers[lane]?.isClosing = false }
            isDone()
        }
    }

    // MARK: Tests

    /// Waits until everything handed over so far is done; for tests, ten seconds at most.
    package static func drain() {
        for _ in 0..<100_000 {
            if unfinished.load(ordering: .acquiring) == 0 { return }
            usleep(100)
        }
    }
}
