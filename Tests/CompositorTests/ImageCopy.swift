import Pixels
import WaylandClient
import WaylandWire

/// A client's view of a session of ext-image-copy-capture.
final class ImageCopySessionClient {
    let proxy: ExtImageCopyCaptureSessionV1
    /// What buffers have to be like, as it was told last.
    private(set) var size = Size(width: 0, height: 0)
    private(set) var formats: [WlShm.Format] = []
    private(set) var events: [String] = []

    init(_ proxy: ExtImageCopyCaptureSessionV1) {
        self.proxy = proxy
        proxy.onBufferSize = { [weak self] width, height in
            self?.size = Size(width: Int(width), height: Int(height))
            self?.formats = []
            self?.events.append("size \(width)x\(height)")
        }
        proxy.onShmFormat = { [weak self] in self?.formats.append($0) }
        proxy.onDone = { [weak self] in self?.events.append("done") }
        proxy.onStopped = { [weak self] in self?.events.append("stopped") }
    }

    var isStopped: Bool { events.last == "stopped" }

    func frame() -> ImageCopy { ImageCopy(proxy.createFrame()) }
}

/// A client's view of one frame.
final class ImageCopy {
    let proxy: ExtImageCopyCaptureFrameV1
    private(set) var events: [String] = []
    private(set) var damage: [Rectangle] = []
    private(set) var time: UInt64 = 0

    init(_ proxy: ExtImageCopyCaptureFrameV1) {
        self.proxy = proxy
        proxy.onTransform = { [weak self] in self?.events.append("transform \($0.rawValue)") }
        proxy.onDamage = { [weak self] in
            self?.damage.append(Rectangle(x: Int($0), y: Int($1), width: Int($2), height: Int($3)))
        }
        proxy.onPresentationTime = { [weak self] high, low, nanoseconds in
            self?.time = (UInt64(high) << 32 | UInt64(low)) * 1_000_000_000 + UInt64(nanoseconds)
        }
        proxy.onReady = { [weak self] in self?.events.append("ready") }
        proxy.onFailed = { [weak self] in self?.events.append("failed \($0.rawValue)") }
    }

    var isReady: Bool { events.last == "ready" }
    var isAnswered: Bool { isReady || failure != nil }
    var failure: String? { events.last.flatMap { $0.hasPrefix("failed") ? $0 : nil } }

    /// Asks for it, in a buffer all of which is out of date, or a part.
    func capture(into buffer: WlBuffer, stale: [Rectangle] = [Rectangle(x: 0, y: 0, width: 9_999, height: 9_999)]) {
        proxy.attachBuffer(buffer: buffer)
        for part in stale {
            proxy.damageBuffer(
                x: Int32(part.x),
                y: Int32(part.y),
                width: Int32(part.width),
                height: Int32(part.height)
            )
        }
        proxy.capture()
    }
}
