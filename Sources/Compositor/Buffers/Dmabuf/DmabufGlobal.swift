internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// `zwp_linux_dmabuf_v1`: makes buffers of dma-bufs.
///
/// Its fourth version tells clients for which device to make their buffers, and is announced only where there is one.
final class DmabufGlobal: ZwpLinuxDmabufV1.Requests, Service {
    /// All formats with all modifiers.
    private static let pairs = BufferFormat.all.flatMap { format in
        DmabufModifier.all.map { (fourcc: format.fourcc, modifier: $0) }
    }

    private let devices: DmabufDevices
    private let feedback: DmabufFeedback?

    init(devices: DmabufDevices) throws(SystemError) {
        self.devices = devices
        if let device = devices.device {
            feedback = try DmabufFeedback(device: device, pairs: Self.pairs)
        } else {
            feedback = nil
        }
    }

    /// Feedback, which comes with version 4, names a device.
    var version: UInt32 { feedback == nil ? 3 : 4 }

    func bind(_ resource: ZwpLinuxDmabufV1) {
        resource.handler = self
        switch resource.version {
        case ..<3: for format in BufferFormat.all { resource.sendFormat(format: format.fourcc) }
        case 3:
            for (format, modifier) in Self.pairs {
                resource.sendModifier(
                    format: format,
                    modifierHi: UInt32(modifier >> 32),
                    modifierLo: UInt32(truncatingIfNeeded: modifier)
                )
            }
        default: break
        }
    }

    func createParams(_ resource: ZwpLinuxDmabufV1, paramsId: ZwpLinuxBufferParamsV1) throws(ProtocolError) {
        paramsId.handler = DmabufParams(devices: devices)
    }

    func getDefaultFeedback(_ resource: ZwpLinuxDmabufV1, id: ZwpLinuxDmabufFeedbackV1) throws(ProtocolError) {
        feedback?.send(to: id)
    }

    /// All surfaces are drawn the same way.
    func getSurfaceFeedback(
        _ resource: ZwpLinuxDmabufV1,
        id: ZwpLinuxDmabufFeedbackV1,
        surface: WlSurface
    ) throws(ProtocolError) {
        _ = try Surface.of(surface)
        feedback?.send(to: id)
    }
}
