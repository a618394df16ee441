internal import DirectRendering
internal import Dispatch
internal import SharedMemory
internal import WaylandServer

/// The CPU's turn with the dma-bufs of one buffer: it begins when devices are done with them, and ends when nobody looks
/// at the content any more. Until then the buffer is locked.
///
/// Both waits can take as long as somebody else likes. Fences are waited for in the event loop; DMA_BUF_IOCTL_SYNC, which
/// waits for those that came since, runs on the client's own lane.
final class DmabufAccess {
    private enum Stage {
        case new, waiting, beginning, begun, ended
    }

    /// Is called, once, when the CPU may look.
    var onBegin: (() -> Void)?
    private let memories: [DmabufMemory]
    private let lane: DmabufLane
    private let loop: EventLoop
    private var stage = Stage.new
    /// What is waited for, by the place in ``memories``.
    private var watches: [Int: EventLoop.Source] = [:]
    /// For the descriptors that watching takes.
    private var charge: Charge?
    private var lock: BufferLock?

    init(_ buffer: ClientBuffer, _ memories: [DmabufMemory], lane: DmabufLane, devices: DmabufDevices) {
        self.memories = memories
        self.lane = lane
        loop = devices.loop
        lock = buffer.lock()
    }

    /// Waits for the buffers' fences, and then begins.
    func start(account: ClientAccount) throws(ProtocolError) {
        let busy = memories.indices.filter { (try? memories[$0].shared.buffer.isReady(for: .read)) == false }
        if busy.isEmpty { return begin() }
        charge = try account.charge(busy.count, of: .descriptors)
        stage = .waiting
        for index in busy {
            // Where there is no descriptor left for it, the lane does the waiting.
            let descriptor = memories[index].shared.buffer.descriptor.rawValue
            watches[index] = loop.watch(descriptor, for: .readable) { [weak self] _ in self?.isReady(index) }
        }
        if watches.isEmpty { begin() }
    }

    private func isReady(_ index: Int) {
        watches.removeValue(forKey: index)?.remove()
        if watches.isEmpty, stage == .waiting { begin() }
    }

    private func begin() {
        stage = .beginning
        charge = nil
        let buffers = memories.map(\.shared)
        lane.run({ for shared in buffers { try? shared.buffer.beginAccess(.read) } }) { [self] in
            guard stage == .beginning else { return }
            stage = .begun
            let action = onBegin
            onBegin = nil
            action?()
        }
    }

    /// Gives the buffers back to devices, and then to the client.
    func end() {
        let hadBegun = stage == .beginning || stage == .begun
        stage = .ended
        onBegin = nil
        charge = nil
        for watch in watches.values { watch.remove() }
        watches = [:]
        guard hadBegun else { return lock = nil }
        let buffers = memories.map(\.shared)
        // After the beginning, as a lane keeps the order.
        lane.run({ for shared in buffers { try? shared.buffer.endAccess(.read) } }) { [self] in
            lock = nil
        }
    }
}

/// Where one client's dma-bufs are waited for, one after the other, in nobody else's way.
final class DmabufLane {
    let queue = DispatchQueue(label: "signet.dma-buf")
    /// Gone with the compositor; what is at work then goes unheard.
    private weak var devices: DmabufDevices?

    fileprivate init(_ devices: DmabufDevices) {
        self.devices = devices
        devices.laneCount += 1
    }

    deinit {
        devices?.laneCount -= 1
    }

    /// Runs `work` after what was handed over before, and `action` in the event loop afterwards.
    func run(_ work: @escaping @Sendable () -> Void, then action: @escaping () -> Void) {
        devices?.mailbox?.run(work, on: queue, then: action)
    }
}

/// What all dma-bufs share: the device that they are for, and the way to wait for them.
final class DmabufDevices {
    /// Lanes that there can be. One whose fence is never signalled keeps a thread, also after its client is gone.
    private static let laneLimit = 128

    let loop: EventLoop
    /// Made for the first dma-buf.
    fileprivate private(set) var mailbox: Mailbox?
    /// Clients are told to make buffers that it can use; nil where there is none.
    let device: DRMDevice?
    /// For what no protocol tells the client.
    let log: (String) -> Void
    fileprivate var laneCount = 0

    init(loop: EventLoop, device: DRMDevice?, log: @escaping (String) -> Void) {
        self.loop = loop
        self.device = device
        self.log = log
    }

    func makeLane() throws(ProtocolError) -> DmabufLane {
        guard laneCount < Self.laneLimit else {
            throw .noMemory("\(Self.laneLimit) clients have dma-bufs already; use wl_shm")
        }
        if mailbox == nil { mailbox = Mailbox(loop: loop) }
        guard mailbox != nil else {
            throw .noMemory("the compositor has no descriptor left for dma-bufs; use wl_shm")
        }
        return DmabufLane(self)
    }
}
