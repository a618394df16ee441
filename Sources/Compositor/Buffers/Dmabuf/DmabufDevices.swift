internal import DirectRendering
internal import WaylandServer

/// What all dma-bufs share.
final class DmabufDevices {
    let loop: EventLoop
    /// Clients are told to make buffers that it can use; nil where there is none.
    let device: DRMDevice?
    /// For what no protocol tells the client.
    let log: (String) -> Void

    init(loop: EventLoop, device: DRMDevice?, log: @escaping (String) -> Void) {
        self.loop = loop
        self.device = device
        self.log = log
    }
}
