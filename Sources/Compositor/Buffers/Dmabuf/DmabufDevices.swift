internal import DirectRendering
internal import Dispatch
internal import WaylandServer

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
        guard let reply = devices?.loop.expect(action) else { return }
        queue.async {
            work()
            reply.send()
        }
    }
}

/// What all dma-bufs share: the device that they are for, and the way to wait for them.
final class DmabufDevices {
    /// Lanes that there can be. One whose fence is never signalled keeps a thread, also after its client is gone.
    private static let laneLimit = 128

    let loop: EventLoop
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
        return DmabufLane(self)
    }
}
