import Pixels
import SharedMemory
import TestSupport
import WaylandClient

/// A client's view of one capture by wlr-screencopy.
final class ScreenCopy {
    let proxy: ZwlrScreencopyFrameV1
    /// The size of the buffer that fits.
    private(set) var size = Size(width: 0, height: 0)
    private(set) var events: [String] = []
    private(set) var damage: [Rectangle] = []
    private(set) var time: UInt64 = 0

    /// Captures an output, or a part of it.
    init(_ manager: ZwlrScreencopyManagerV1, _ output: WlOutput, part: Rectangle? = nil) {
        if let part {
            proxy = manager.captureOutputRegion(
                overlayCursor: 0,
                output: output,
                x: Int32(part.x),
                y: Int32(part.y),
                width: Int32(part.width),
                height: Int32(part.height)
            )
        } else {
            proxy = manager.captureOutput(overlayCursor: 1, output: output)
        }
        proxy.onBuffer = { [weak self] format, width, height, stride in
            self?.size = Size(width: Int(width), height: Int(height))
            self?.events.append("buffer \(format.rawValue) \(width)x\(height) \(stride)")
        }
        proxy.onBufferDone = { [weak self] in self?.events.append("buffer_done") }
        proxy.onFlags = { [weak self] in self?.events.append("flags \($0.rawValue)") }
        proxy.onDamage = { [weak self] in
            self?.damage.append(Rectangle(x: Int($0), y: Int($1), width: Int($2), height: Int($3)))
        }
        proxy.onReady = { [weak self] high, low, nanoseconds in
            self?.time = (UInt64(high) << 32 | UInt64(low)) * 1_000_000_000 + UInt64(nanoseconds)
            self?.events.append("ready")
        }
        proxy.onFailed = { [weak self] in self?.events.append("failed") }
    }

    var isReady: Bool { events.last == "ready" }
    var hasFailed: Bool { events.last == "failed" }
}

/// A client's memory for copies.
final class CopyTarget {
    let file: Descriptor
    let pool: WlShmPool

    /// A pool over all of `file`.
    init(_ client: TestClient, _ file: consuming Descriptor, size: Int = 80_000) {
        pool = client.shm.createPool(fd: file, size: Int32(size))
        self.file = file
    }

    func buffer(
        _ width: Int,
        _ height: Int,
        at offset: Int = 0,
        stride: Int? = nil,
        format: WlShm.Format = .xrgb8888
    ) -> WlBuffer {
        pool.createBuffer(
            offset: Int32(offset),
            width: Int32(width),
            height: Int32(height),
            stride: Int32(stride ?? width * 4),
            format: format
        )
    }

    func buffer(for copy: ScreenCopy, at offset: Int = 0) -> WlBuffer {
        buffer(copy.size.width, copy.size.height, at: offset)
    }

    /// What it holds, as 0xRRGGBB, by row.
    func picture(_ size: Size, at offset: Int = 0) -> [[UInt32]] {
        (0..<size.height).map { y in
            TestFile.read(size.width, from: file, at: offset + y * size.width * 4).map { $0 & 0xff_ffff }
        }
    }
}
