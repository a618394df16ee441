internal import DirectRendering
internal import SharedMemory
internal import WaylandServer

/// The CPU's turn with the dma-bufs of one buffer: it begins when devices are done with them, and ends when nobody
/// looks at the content any more. Until then the buffer is locked.
///
/// Both waits can take as long as somebody else likes. Fences are waited for in the event loop; DMA_BUF_IOCTL_SYNC,
/// which waits for those that came since, runs on the client's own lane. Memory that is coherent needs none: once
/// nobody is at work on it, the CPU's turn begins and ends at once.
final class DmabufAccess {
    private enum Stage {
        case new, waiting, beginning, begun, ended
    }

    /// Is called, once, when the CPU may look.
    var onBegin: (() -> Void)?
    private let memories: [DmabufMemory]
    /// Whether none of it has to be synced.
    private let isCoherent: Bool
    private let lane: Lane
    private let loop: EventLoop
    private var stage = Stage.new
    /// What is waited for, by the place in ``memories``.
    private var watches: [Int: EventLoop.Source] = [:]
    /// For the descriptors that watching takes.
    private var charge: Charge?
    private var lock: BufferLock?
    /// Until the buffers are given back.
    private var lookupCharge: Charge?

    init(_ buffer: ClientBuffer, _ memories: [DmabufMemory], devices: DmabufDevices) {
        self.memories = memories
        isCoherent = memories.allSatisfy { $0.shared.buffer.isCoherent }
        lane = buffer.account.lane
        loop = devices.loop
        lock = buffer.lock()
    }

    /// Waits for the buffers' fences, and then begins.
    func start(account: ClientAccount) throws(ProtocolError) {
        let busy = memories.indices.filter { (try? memories[$0].shared.buffer.isReady(for: .read)) == false }
        if busy.isEmpty, isCoherent { return didBegin() }
        lookupCharge = try account.charge(of: .lookups)
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
        if isCoherent { return didBegin() }
        let buffers = memories.map(\.shared)
        lane.add({ _ in for shared in buffers { try? shared.buffer.beginAccess(.read) } }) { [self] in
            if stage == .beginning { didBegin() }
        }
    }

    private func didBegin() {
        stage = .begun
        let action = onBegin
        onBegin = nil
        action?()
    }

    /// Gives the buffers back to devices, and then to the client.
    func end() {
        let mustEnd = !isCoherent && (stage == .beginning || stage == .begun)
        stage = .ended
        onBegin = nil
        charge = nil
        for watch in watches.values { watch.remove() }
        watches = [:]
        guard mustEnd else {
            lock = nil
            lookupCharge = nil
            return
        }
        let buffers = memories.map(\.shared)
        // After the beginning, as a lane keeps the order.
        lane.add({ _ in for shared in buffers { try? shared.buffer.endAccess(.read) } }) { [self] in
            lock = nil
            lookupCharge = nil
        }
    }
}
