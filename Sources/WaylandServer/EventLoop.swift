internal import CLinux
internal import Glibc
internal import SharedMemory
internal import Synchronization

/// Waits for descriptors, timers, signals and other threads, and calls closures for what has come.
///
/// Everything runs in the thread that calls ``dispatch(timeout:)``; others send a ``Reply``, or post to the
/// ``Mailbox``. An action may remove its own source and any other: what is removed isn't called any more, also where it
/// was ready already.
/// Sources: epoll(7), timerfd_create(2), signalfd(2), eventfd(2).
public final class EventLoop {
    /// What a descriptor is waited for, or what it turned out to be.
    public struct Readiness: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt32
        /// The set of these bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        /// There is something to read.
        public static let readable = Readiness(rawValue: 1)
        /// Writing won't block.
        public static let writable = Readiness(rawValue: 2)
        /// The other end is closed. Told whether it was asked for or not.
        public static let hangUp = Readiness(rawValue: 4)
        /// Something is wrong with the descriptor. Told whether it was asked for or not.
        public static let error = Readiness(rawValue: 8)
    }

    /// A descriptor that wakes the loop up.
    public final class Source {
        fileprivate let number: UInt64
        /// Nil once the source was removed, so that what the action keeps alive goes then.
        fileprivate private(set) var action: ((Readiness) -> Void)?
        /// Whether its action counts as a turn.
        fileprivate var isMeasured = true
        private let descriptor: CInt
        /// What belongs to the source alone.
        private let owned: Descriptor?
        /// Nil once the source was removed.
        private weak var loop: EventLoop?

        fileprivate init(
            _ number: UInt64,
            _ descriptor: CInt,
            owned: consuming Descriptor?,
            loop: EventLoop,
            action: @escaping (Readiness) -> Void
        ) {
            self.number = number
            self.descriptor = descriptor
            self.owned = owned
            self.loop = loop
            self.action = action
        }

        /// Ends the source; its action won't be called again. The descriptor stays open.
        ///
        /// To be called before the descriptor is closed: as long as somebody else has the same file open, the kernel
        /// goes on telling of it.
        public func remove() {
            guard let loop else { return }
            self.loop = nil
            action = nil
            loop.sources[number] = nil
            var unused = unsafe epoll_event()
            unsafe epoll_ctl(loop.epoll.rawValue, EPOLL_CTL_DEL, descriptor, &unused)
        }

        /// Changes what a descriptor is waited for.
        public func update(_ readiness: Readiness) {
            guard let loop else { return }
            var event = unsafe epoll_event(events: readiness.epollEvents, data: epoll_data_t(u64: number))
            unsafe epoll_ctl(loop.epoll.rawValue, EPOLL_CTL_MOD, descriptor, &event)
        }
    }

    /// A moment at which the loop calls an action. Made by ``EventLoop/makeTimer(_:)``; ends when it is let go.
    public final class Timer {
        private let number: UInt64
        fileprivate let action: () -> Void
        private weak var loop: EventLoop?

        fileprivate init(_ number: UInt64, loop: EventLoop, action: @escaping () -> Void) {
            self.number = number
            self.loop = loop
            self.action = action
        }

        deinit {
            cancel()
        }

        /// Has the action called, once, when CLOCK_MONOTONIC reaches `time`, in nanoseconds; at once where that has
        /// passed. What was set before is forgotten.
        public func set(at time: UInt64) {
            guard let loop else { return }
            loop.deadlines[number] = Deadline(time: time, timer: self)
            // One that is put off may leave an alarm too many behind, which then finds nothing to do.
            loop.setAlarm(noLaterThan: time)
        }

        /// Forgets what was set.
        public func cancel() {
            guard let loop, let deadline = loop.deadlines.removeValue(forKey: number) else { return }
            if deadline.time == loop.alarmTime { loop.setAlarm() }
        }
    }

    /// Word from another thread that something is done. Made by ``EventLoop/expect(_:)``.
    public struct Reply: Sendable {
        fileprivate let number: UInt64
        fileprivate let letters: Letters

        /// Has the action called, in the loop's thread. May be called from any thread; the second time does nothing.
        public func send() { letters.post(number) }
    }

    fileprivate struct Deadline {
        let time: UInt64
        weak var timer: Timer?
    }

    fileprivate let epoll: Descriptor
    private let alarm: Descriptor
    fileprivate let letters: Letters
    fileprivate var sources: [UInt64: Source] = [:]
    fileprivate var deadlines: [UInt64: Deadline] = [:]
    /// What the alarm is set to; nil where it is off.
    fileprivate var alarmTime: UInt64?
    private var isRunningTimers = false
    private var expected: [UInt64: (owner: Int64, action: () -> Void)] = [:]
    /// Replies that are there, and whose actions haven't run.
    private var replied = TurnQueue<Int64, UInt64>()
    /// What others posted and hasn't run, oldest first.
    private var posted: [@Sendable () -> Void] = []
    /// After so many nanoseconds of replies' actions everything else has its turn.
    private static let repliesTime: UInt64 = 1_000_000
    private var lastNumber: UInt64 = 0
    private var isDispatching = false
    private var isOver = false
    /// Runs after each round of events, whatever they were.
    var afterEvents: (() -> Void)?
    /// How long the actions took.
    public let turns = TurnMeter()

    /// Makes a loop without sources. Ends the process where there are no descriptors even for that.
    public init() {
        epoll = Self.own(epoll_create1(CInt(EPOLL_CLOEXEC)), "epoll_create1")
        alarm = Self.own(timerfd_create(CLOCK_MONOTONIC, CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK)), "timerfd_create")
        letters = Letters(Self.own(eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)), "eventfd"))
        _ = watch(alarm.rawValue, for: .readable) { [unowned self] _ in runTimers() }
        _ = watchQuietly(letters.wake.rawValue, for: .readable) { [unowned self] _ in deliver() }
    }

    deinit { letters.close() }

    private static func own(_ number: CInt, _ call: String) -> Descriptor {
        guard number >= 0 else { fatalError("\(call): errno \(errno)") }
        return Descriptor(owning: number)
    }

    /// A descriptor that is readable when the loop has something to do, for use inside another loop.
    public var descriptorNumber: CInt { epoll.rawValue }

    /// CLOCK_MONOTONIC in nanoseconds.
    public static var now: UInt64 { time(of: CLOCK_MONOTONIC) }

    /// Waits up to `timeout` milliseconds (-1: without end) and runs the actions of what is ready.
    ///
    /// Returns false where waiting failed, as after a signal. Not to be called by an action.
    @discardableResult
    public func dispatch(timeout: Int32) -> Bool {
        precondition(!isDispatching, "an action has called dispatch")
        isDispatching = true
        defer { isDispatching = false }
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 256)
        let count = unsafe epoll_wait(epoll.rawValue, &events, CInt(events.count), timeout)
        for index in 0..<max(0, Int(count)) {
            let event = unsafe events[index]
            guard let source = unsafe sources[event.data.u64], let action = source.action else { continue }
            let readiness = unsafe Readiness(epollEvents: event.events)
            if source.isMeasured {
                turns.measure(nil) { action(readiness) }
            } else {
                action(readiness)
            }
        }
        afterEvents?()
        return count >= 0
    }

    // MARK: Sources

    /// As ``watch(_:for:_:)``, for an action that does next to nothing, as there are many of them.
    func watchQuietly(
        _ descriptor: CInt,
        for readiness: Readiness,
        _ action: @escaping (Readiness) -> Void
    ) -> Source? {
        let source = watch(descriptor, for: readiness, action)
        source?.isMeasured = false
        return source
    }

    /// Calls `action` whenever the descriptor is ready in one of the given ways. The descriptor is to stay open until
    /// the source is removed.
    ///
    /// Nil where epoll_ctl(2) fails: the descriptor is of a kind that is always ready, as a regular file, or there is
    /// no memory.
    public func watch(
        _ descriptor: CInt,
        for readiness: Readiness,
        _ action: @escaping (Readiness) -> Void
    ) -> Source? {
        if let source = add(descriptor, owned: nil, readiness, action) { return source }
        // Each number is watched once; a second time by a copy.
        guard errno == EEXIST else { return nil }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return copy < 0 ? nil : add(copy, owned: Descriptor(owning: copy), readiness, action)
    }

    /// Calls `action` when the process gets `signal`, which is blocked from now on for this thread and those that it
    /// starts.
    public func watch(signal: CInt, _ action: @escaping () -> Void) -> Source? {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, signal)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        let number = unsafe signalfd(-1, &set, CInt(SFD_CLOEXEC) | CInt(SFD_NONBLOCK))
        guard number >= 0 else { return nil }
        return add(number, owned: Descriptor(owning: number), .readable) { _ in
            var information = signalfd_siginfo()
            while unsafe read(number, &information, MemoryLayout<signalfd_siginfo>.size) > 0 { action() }
        }
    }

    private func add(
        _ descriptor: CInt,
        owned: consuming Descriptor?,
        _ readiness: Readiness,
        _ action: @escaping (Readiness) -> Void
    ) -> Source? {
        lastNumber += 1
        var event = unsafe epoll_event(events: readiness.epollEvents, data: epoll_data_t(u64: lastNumber))
        guard unsafe epoll_ctl(epoll.rawValue, EPOLL_CTL_ADD, descriptor, &event) == 0 else { return nil }
        let source = Source(lastNumber, descriptor, owned: owned, loop: self, action: action)
        sources[lastNumber] = source
        return source
    }

    /// The end of everything; what is expected from now on is forgotten.
    func removeAllSources() {
        isOver = true
        for source in sources.values { source.remove() }
        deadlines = [:]
        expected = [:]
        replied = TurnQueue()
    }

    // MARK: Timers

    /// Makes a timer that isn't set. It costs no descriptor.
    public func makeTimer(_ action: @escaping () -> Void) -> Timer {
        lastNumber += 1
        return Timer(lastNumber, loop: self, action: action)
    }

    fileprivate func setAlarm(noLaterThan time: UInt64) {
        if alarmTime.map({ time < $0 }) ?? true { arm(time) }
    }

    /// Sets the alarm to the next deadline, wherever that is.
    fileprivate func setAlarm() {
        let time = deadlines.values.lazy.map(\.time).min()
        if time != alarmTime { arm(time) }
    }

    private func arm(_ time: UInt64?) {
        // Done once, when all that are due have run.
        guard !isRunningTimers else { return }
        alarmTime = time
        var setting = itimerspec()
        // Zero would disarm it.
        if let time = time.map({ max($0, 1) }) {
            setting.it_value = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        }
        unsafe timerfd_settime(alarm.rawValue, CInt(TFD_TIMER_ABSTIME), &setting, nil)
    }

    private func runTimers() {
        var expirations: UInt64 = 0
        _ = unsafe read(alarm.rawValue, &expirations, 8)
        alarmTime = nil
        isRunningTimers = true
        let now = Self.now
        let due = deadlines.filter { $0.value.time <= now }.sorted { ($0.value.time, $0.key) < ($1.value.time, $1.key) }
        for (number, deadline) in due {
            // One before may have set or cancelled it.
            guard let current = deadlines[number], current.time == deadline.time else { continue }
            deadlines[number] = nil
            current.timer?.action()
        }
        isRunningTimers = false
        setAlarm()
    }

    // MARK: Other threads

    /// Waits for another thread: `action` runs in this loop after the reply was sent.
    ///
    /// The action stays here and needn't be Sendable; only the reply travels. Of what has come, owners have their
    /// actions run by turns, and each one in the order in which they were expected; many take several rounds.
    public func expect(of owner: Int64 = 0, _ action: @escaping () -> Void) -> Reply {
        lastNumber += 1
        if !isOver { expected[lastNumber] = (owner, action) }
        return Reply(number: lastNumber, letters: letters)
    }

    /// Waits for a value from another thread, which calls the closure that is returned with it: then `action` runs in
    /// this loop, as with ``expect(of:_:)``.
    public func expectValue<Value: Sendable>(
        of owner: Int64 = 0,
        _ action: @escaping (Value) -> Void
    ) -> @Sendable (Value) -> Void {
        let letter = Letter<Value>()
        let reply = expect(of: owner) {
            if let value = letter.take() { action(value) }
        }
        return { value in
            letter.put(value)
            reply.send()
        }
    }

    private func deliver() {
        for number in letters.takeAll() {
            if let owner = expected[number]?.owner { replied.append(number, of: owner) }
        }
        posted += letters.takeActions()
        let end = Self.now + Self.repliesTime
        runPosted(until: end)
        while let number = replied.popFirst() {
            if let action = expected.removeValue(forKey: number)?.action { turns.measure(nil, action) }
            if Self.now > end { break }
        }
        if !replied.isEmpty || !posted.isEmpty { letters.ring() }
    }

    private func runPosted(until end: UInt64) {
        var actions = posted
        posted = []
        // From the end, so that each goes when it has run.
        actions.reverse()
        while let action = actions.popLast() {
            turns.measure(nil) { action() }
            if Self.now > end { break }
        }
        posted += actions.reversed()
    }

    /// For other threads; see ``Mailbox``.
    public var mailbox: Mailbox { Mailbox(letters: letters) }

    /// How many replies are expected.
    public var expectedCount: Int { expected.count }

    /// Lets the next wait return at once.
    func wakeUp() { letters.ring() }
}

/// A value on its way to the event loop.
private final class Letter<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func put(_ new: Value) { value.withLock { $0 = new } }

    func take() -> Value? { value.withLock { $0.take() } }
}

extension EventLoop.Readiness {
    fileprivate var epollEvents: UInt32 {
        (contains(.readable) ? EPOLLIN.rawValue : 0) | (contains(.writable) ? EPOLLOUT.rawValue : 0)
    }

    fileprivate init(epollEvents events: UInt32) {
        self = []
        if events & EPOLLIN.rawValue != 0 { insert(.readable) }
        if events & EPOLLOUT.rawValue != 0 { insert(.writable) }
        if events & EPOLLHUP.rawValue != 0 { insert(.hangUp) }
        if events & EPOLLERR.rawValue != 0 { insert(.error) }
    }
}
