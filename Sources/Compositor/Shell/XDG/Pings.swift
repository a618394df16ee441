internal import WaylandServer

/// Asks a client whether it still answers, when somebody wants something from one of its windows.
///
/// A client that hangs keeps nobody waiting; it is only marked, until it answers.
final class Pings {
    private weak var resource: XdgWmBase?
    private let clock: any Clock
    private let nextSerial: () -> UInt32
    /// Of the ping that waits for its pong: one at a time.
    private var awaited: UInt32?
    private lazy var alarm = clock.makeAlarm { [unowned self] in isAnswering = false }
    /// Whether it has answered in time.
    private(set) var isAnswering = true {
        didSet { if isAnswering != oldValue { onChange() } }
    }
    /// Is called when it does, or no longer does.
    private let onChange: () -> Void

    /// How long an answer may take, in nanoseconds.
    static let patience: UInt64 = 5_000_000_000

    init(_ resource: XdgWmBase, clock: any Clock, nextSerial: @escaping () -> UInt32, onChange: @escaping () -> Void) {
        self.resource = resource
        self.clock = clock
        self.nextSerial = nextSerial
        self.onChange = onChange
    }

    /// Asks, unless it was asked already.
    func ask() {
        guard awaited == nil, let resource, resource.isAlive else { return }
        let serial = nextSerial()
        awaited = serial
        resource.sendPing(serial: serial)
        alarm.set(at: clock.now + Self.patience)
    }

    /// The client says that it is there; what it wasn't asked means nothing.
    func answered(_ serial: UInt32) {
        guard serial == awaited else { return }
        awaited = nil
        alarm.cancel()
        isAnswering = true
    }
}
