import ClientToolkit
import Glibc
import SharedMemory
import WaylandClient

/// A buffer that the compositor is asked to take as a dma-buf, and that a fault counts on.
final class DeviceBuffer {
    private let dmabuf: ZwpLinuxDmabufV1
    private let params: ZwpLinuxBufferParamsV1

    init(_ globals: Globals) throws {
        dmabuf = try globals.bind(ZwpLinuxDmabufV1.self, upTo: 1)
        params = dmabuf.createParams()
        // No device is needed for being refused.
        let file = try AnonymousFile.create(name: "faulty", size: 64 * 64 * 4)
        params.add(file.descriptor, plane: 0, offset: 0, stride: 64 * 4)
        params.onFailed = { abort() }
        params.create(width: 64, height: 64, format: DRMFormat.xrgb8888, flags: [])
    }

    func close() {
        params.destroy()
        dmabuf.destroy()
    }
}
