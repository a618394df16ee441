internal import Pixels
internal import WaylandServer

/// `signet_control_manager_v1`: windows, input and outputs in the hands of a program, as tests and scripts need it.
///
/// Who has it can do to other clients what somebody at the devices can: only programs of the user who runs the
/// compositor, and of root, see this global (R1).
final class ControlManagerGlobal: Service {
    private unowned let compositor: Compositor
    private let bases: WmBaseGlobal
    private let windowLists: WindowLists

    init(compositor: Compositor, bases: WmBaseGlobal, windowLists: WindowLists) {
        self.compositor = compositor
        self.bases = bases
        self.windowLists = windowLists
    }

    func bind(_ resource: SignetControlManagerV1) {
        resource.handler = ControlManager(compositor: compositor, bases: bases, windowLists: windowLists)
    }
}

/// One client's `signet_control_manager_v1`.
final class ControlManager: SignetControlManagerV1.Requests {
    private unowned let compositor: Compositor
    private let bases: WmBaseGlobal
    private let windowLists: WindowLists
    /// Until when it is settled who heard of events; see ``Addressees``.
    private var mark: UInt64 = 0

    init(compositor: Compositor, bases: WmBaseGlobal, windowLists: WindowLists) {
        self.compositor = compositor
        self.bases = bases
        self.windowLists = windowLists
    }

    func watchWindows(_ resource: SignetControlManagerV1, windows: SignetWindowListV1) throws(ProtocolError) {
        let list = WindowList(windows, by: windowLists)
        try windowLists.add(list, of: windows.client)
        windows.handler = list
    }

    func createDriver(_ resource: SignetControlManagerV1, driver: SignetDriverV1) throws(ProtocolError) {
        driver.handler = Driver(seat: compositor.seat)
    }

    func changeOutput(
        _ resource: SignetControlManagerV1,
        change: SignetOutputChangeV1,
        output: WlOutput
    ) throws(ProtocolError) {
        let output = (output.handler as? OutputGlobal)?.output
        change.handler = OutputChange(of: output, compositor: compositor)
    }

    func settle(
        _ resource: SignetControlManagerV1,
        settled: SignetSettledV1,
        window: SignetWindowV1?
    ) throws(ProtocolError) {
        // What follows from what was done is told first.
        compositor.seat.sceneChanged()
        compositor.seat.noteAddressees()
        var clients = compositor.seat.addressees.since(&mark)
        if let other = window.flatMap(ControlledWindow.of)?.client, !clients.contains(where: { $0 === other }) {
            clients.append(other)
        }
        let settling = Settling(settled)
        settled.handler = settling
        settling.begin(with: clients.compactMap { bases.pings(of: $0) })
    }

    func look(_ resource: SignetControlManagerV1, pending: SignetPendingV1) throws(ProtocolError) {
        pending.handler = Nothing()
        // Who doesn't answer isn't waited for.
        let configures = compositor.windows.windows.count { $0.isBehind && $0.isAnswering }
        pending.sendDone(
            configures: UInt32(clamping: configures),
            commits: UInt32(clamping: compositor.ledger.everybody.usage(of: .commits)),
            reads: UInt32(clamping: compositor.ledger.everybody.usage(of: .lookups))
        )
    }

    /// Stands behind an object that was answered.
    private final class Nothing: SignetPendingV1.Requests {}
}

/// `signet_settled_v1`: waits for clients' answers to pings.
final class Settling: SignetSettledV1.Requests {
    private weak var resource: SignetSettledV1?
    private var (answered, gone, left): (UInt32, UInt32, Int) = (0, 0, 0)

    init(_ resource: SignetSettledV1) { self.resource = resource }

    func begin(with pings: [Pings]) {
        // Whoever can't be asked any more doesn't answer either.
        left = pings.count + 1
        for pings in pings {
            _ = pings.ask { [weak self] outcome in
                switch outcome {
                case .answered: self?.answered += 1
                case .gone: self?.gone += 1
                }
                self?.oneLess()
            }
        }
        oneLess()
    }

    private func oneLess() {
        left -= 1
        guard left == 0, let resource, resource.isAlive else { return }
        resource.sendDone(answered: answered, gone: gone)
    }
}
