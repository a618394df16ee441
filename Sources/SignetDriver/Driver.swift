internal import Glibc
public import WaylandClient
internal import WaylandWire

/// Operates the programs that run on a Signet compositor: sees their windows, plays its pointer, keyboard and touch
/// screen, waits for what comes of it, and takes pictures.
///
///     let driver = try Driver(try ServerConnection.open(nil, timeout: 5))
///     let dialog = try driver.waitForWindow("Save")
///     try driver.activate(dialog)
///     try driver.type("letter.txt\n")
///     try driver.waitUntilGone("Save")
///
/// Each method returns when the clients that it is about have dealt with it: they have answered an xdg_wm_base.ping
/// that was sent after the last event. A driver belongs to one thread. When it is let go, whatever it holds down is
/// released. The compositor has to be run by the same user; its side is protocol/signet-control-v1.xml.
public final class Driver {
    let connection: Connection
    /// How long the compositor may take to answer.
    public var patience: Duration
    /// How long clients may take to answer.
    public var clientPatience: Duration = .seconds(2)
    let manager: SignetControlManagerV1
    let player: SignetDriverV1
    let seat: WlSeat?
    let keyboards: ZwpVirtualKeyboardManagerV1?
    let capture: SignetSealedFrameManagerV1?
    /// The outputs, in the order in which the compositor announced them.
    public internal(set) var outputs: [DriverOutput] = []
    /// The windows, the one in front last; those that are put away first. As of the last time that the driver waited
    /// for the compositor; see ``update()``.
    public internal(set) var windows: [DriverWindow] = []
    private var list: SignetWindowListV1?
    private var isListed = false
    /// What the seat's keys mean; read when it is needed.
    var layout: KeyLayout?

    /// Begins over a connection that nothing was done with.
    public init(_ connection: Connection, patience: Duration = .seconds(60)) throws(DriverError) {
        self.patience = patience
        self.connection = connection
        var found = Found()
        let registry = connection.registry()
        registry.onGlobal = { [unowned registry] name, interface, version in
            switch interface {
            case SignetControlManagerV1.interface.name:
                found.manager = registry.bind(name: name, as: SignetControlManagerV1.self, version: 1)
            case SignetSealedFrameManagerV1.interface.name:
                found.capture = registry.bind(name: name, as: SignetSealedFrameManagerV1.self, version: 1)
            case ZwpVirtualKeyboardManagerV1.interface.name:
                found.keyboards = registry.bind(name: name, as: ZwpVirtualKeyboardManagerV1.self, version: 1)
            case ZxdgOutputManagerV1.interface.name:
                found.logical = registry.bind(name: name, as: ZxdgOutputManagerV1.self, version: min(version, 3))
            case WlSeat.interface.name:
                found.seat = found.seat ?? registry.bind(name: name, as: WlSeat.self, version: min(version, 5))
            case WlOutput.interface.name:
                let proxy = registry.bind(name: name, as: WlOutput.self, version: min(version, 4))
                found.outputs.append(DriverOutput(proxy, global: name))
            default: break
            }
        }
        var isDone = false
        connection.sync().onDone = { _ in isDone = true }
        try Self.wait(connection, for: patience) { isDone }
        guard let manager = found.manager else {
            throw .missing(
                "the compositor doesn't offer signet-control-v1 to this user; it has to be signet, run by the same one"
            )
        }
        self.manager = manager
        player = manager.createDriver()
        (seat, keyboards, capture, outputs) = (found.seat, found.keyboards, found.capture, found.outputs)
        let logical = found.logical
        for output in outputs { output.follow(logical) }
        registry.onGlobal = { [weak self, unowned registry] name, interface, version in
            guard interface == WlOutput.interface.name else { return }
            let proxy = registry.bind(name: name, as: WlOutput.self, version: min(version, 4))
            let output = DriverOutput(proxy, global: name)
            output.follow(logical)
            self?.outputs.append(output)
        }
        registry.onGlobalRemove = { [weak self] name in self?.outputs.removeAll { $0.global == name } }
        let list = manager.watchWindows()
        self.list = list
        list.onWindow = { [weak self] proxy in self?.windows.append(DriverWindow(proxy)) }
        list.onDone = { [weak self] in self?.listIsDone() }
        try update()
    }

    private struct Found {
        var manager: SignetControlManagerV1?
        var capture: SignetSealedFrameManagerV1?
        var keyboards: ZwpVirtualKeyboardManagerV1?
        var logical: ZxdgOutputManagerV1?
        var seat: WlSeat?
        var outputs: [DriverOutput] = []
    }

    private func listIsDone() {
        isListed = true
        // Who becomes the active one comes to the front.
        windows = windows.filter { !$0.isClosed && !$0.isActive } + windows.filter { !$0.isClosed && $0.isActive }
    }

    // MARK: Waiting

    /// Hears all that the compositor has said so far.
    public func update() throws(DriverError) {
        var isDone = false
        connection.sync().onDone = { _ in isDone = true }
        try wait { isDone && isListed }
    }

    /// Waits for the compositor until `condition` holds.
    func wait(until condition: () -> Bool) throws(DriverError) {
        try Self.wait(connection, for: patience, until: condition)
    }

    static func wait(
        _ connection: Connection,
        for patience: Duration,
        until condition: () -> Bool
    ) throws(DriverError) {
        let end = ContinuousClock.now + patience
        while !condition() {
            guard try dispatch(connection, until: end) else {
                throw .timeout("the compositor hasn't answered for \(patience.text); is it stopped?")
            }
        }
    }

    /// Hears what the compositor says, and waits for it until `end` at most; false where that was over before.
    func dispatch(until end: ContinuousClock.Instant) throws(DriverError) -> Bool {
        try Self.dispatch(connection, until: end)
    }

    private static func dispatch(
        _ connection: Connection,
        until end: ContinuousClock.Instant
    ) throws(DriverError) -> Bool {
        do throws(Connection.Failure) {
            connection.flush()
            let rest = (end - ContinuousClock.now) / .milliseconds(1)
            var poller = pollfd(fd: connection.descriptorNumber, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&poller, 1, Int32(max(0, min(rest.rounded(.up), 86_400_000))))
            try connection.dispatchAvailable()
            return rest > 0
        } catch {
            throw .connection(error)
        }
    }

    /// What is to be polled for reading, by those who have a loop of their own.
    package var descriptorNumber: CInt { connection.descriptorNumber }

    /// Sends what is queued, hears what the compositor has said so far, and doesn't wait.
    package func dispatchAvailable() throws(DriverError) {
        do throws(Connection.Failure) { try connection.dispatchAvailable() } catch { throw .connection(error) }
        connection.flush()
    }

    /// Waits until clients have dealt with what they were sent so far; with `window`, its client too. Returns how many
    /// that were.
    @discardableResult
    public func settle(_ window: DriverWindow? = nil) throws(DriverError) -> Int {
        // What the compositor itself has still to read, a keymap for one, comes first.
        try update()
        let settled = manager.settle(window: window?.proxy)
        defer { settled.destroy() }
        var answers: Int?
        settled.onDone = { answered, _ in answers = Int(answered) }
        let end = ContinuousClock.now + clientPatience
        while answers == nil {
            guard try dispatch(until: end) else {
                throw .noAnswer("a program hasn't answered for \(clientPatience.text); it may hang, or be very busy")
            }
        }
        // What they did then.
        try update()
        return answers ?? 0
    }
}

extension Duration {
    /// As in "2.5 seconds", to a hundredth.
    var text: String {
        let exact = Double(components.seconds) + Double(components.attoseconds) / 1e18
        let seconds = (exact * 100).rounded() / 100
        let whole = seconds.rounded() == seconds
        return "\(whole ? "\(Int(seconds))" : "\(seconds)") second\(seconds == 1 ? "" : "s")"
    }
}
