internal import WaylandServer

/// Asks a client whether it still answers: when somebody wants something from one of its windows, or wants to know
/// whether it has dealt with what it was sent.
///
/// A client that hangs keeps nobody waiting; it is only marked, until it answers.
final class Pings {
    /// What became of a ping.
    enum Outcome {
        case answered
        /// The client's object is gone, or all that it showed.
        case gone
    }

    private weak var resource: XdgWmBase?
    private let clock: any Clock
    private let nextSerial: () -> UInt32
    /// Those that wait for their pongs, oldest first, and who waits with them.
    private var awaited: [(serial: UInt32, action: ((Outcome) -> Void)?)] = []
    private lazy var alarm = clock.makeAlarm { [unowned self] in isAnswering = false }
    /// Whether it has answered in time.
    private(set) var isAnswering = true {
        didSet { if isAnswering != oldValue { onChange() } }
    }
    /// Is called when it does, or no longer does.
    private let onChange: () -> Void

    /// How long an answer may take, in nanoseconds.
    static let patience: UInt64 = 5_000_000_000
    /// More don't wait for a client that doesn't answer.
    private static let limit = 64

    init(_ resource: XdgWmBase, clock: any Clock, nextSerial: @escaping () -> UInt32, onChange: @escaping () -> Void) {
        self.resource = resource
        self.clock = clock
        self.nextSerial = nextSerial
        self.onChange = onChange
    }

    /// Asks, unless it was asked already.
    func ask() {
        if awaited.isEmpty { ask(then: nil) }
    }

    /// Asks once more, and calls `action` when it has answered, or is gone: it has dealt with all that it was sent
    /// then. False, and `action` is never called, where too many wait for it already.
    func ask(then action: @escaping (Outcome) -> Void) -> Bool { ask(then: Optional(action)) }

    @discardableResult
    private func ask(then action: ((Outcome) -> Void)?) -> Bool {
        guard let resource, resource.isAlive else {
            action?(.gone)
            return true
        }
        guard awaited.count < Self.limit else { return false }
        let serial = nextSerial()
        if awaited.isEmpty { alarm.set(at: clock.now + Self.patience) }
        awaited.append((serial, action))
        resource.sendPing(serial: serial)
        return true
    }

    /// The client says that it is there; what it wasn't asked means nothing.
    func answered(_ serial: UInt32) {
        guard let index = awaited.firstIndex(where: { $0.serial == serial }) else { return }
        // It takes them in their order.
        let answered = awaited[...index]
        awaited.removeSubrange(...index)
        if awaited.isEmpty { alarm.cancel() } else { alarm.set(at: clock.now + Self.patience) }
        isAnswering = true
        for (_, action) in answered { action?(.answered) }
    }

    /// The client has taken away all that it showed. Nobody waits for what it says to that, if it says anything.
    func letGo() {
        let actions = awaited.map(\.action)
        for index in awaited.indices { awaited[index].action = nil }
        for action in actions { action?(.gone) }
    }

    /// There is nobody to answer any more.
    func end() {
        let left = awaited
        awaited = []
        alarm.cancel()
        for (_, action) in left { action?(.gone) }
    }
}
