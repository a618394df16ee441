internal import DirectRendering
internal import SharedMemory
internal import WaylandServer
internal import WaylandWire

/// What clients are told about how to make their dma-bufs: for which device, in which formats.
final class DmabufFeedback: ZwpLinuxDmabufFeedbackV1.Requests {
    private let device: DRMDevice
    /// The formats, in a file that any client can map and none can change.
    private let table: Descriptor
    private let count: Int
    /// Bytes of the table for a pair: a 32-bit format, 32 bits of nothing, and a 64-bit modifier.
    private static let entrySize = 16

    init(device: DRMDevice, pairs: [(fourcc: UInt32, modifier: UInt64)]) throws(SystemError) {
        self.device = device
        count = pairs.count
        let words = pairs.flatMap { fourcc, modifier in [UInt64(fourcc), modifier] }
        let bytes = words.flatMap { word in unsafe withUnsafeBytes(of: word) { unsafe Array($0) } }
        table = try AnonymousFile.constant(name: "signet-formats", content: bytes)
    }

    /// Tells it once: nothing of it ever changes.
    func send(to resource: ZwpLinuxDmabufFeedbackV1) {
        resource.handler = self
        let number = WireArray(of: [device.number])
        resource.sendFormatTable(fd: table, size: UInt32(count * Self.entrySize))
        resource.sendMainDevice(device: number)
        resource.sendTrancheTargetDevice(device: number)
        resource.sendTrancheFlags(flags: [])
        resource.sendTrancheFormats(indices: WireArray(of: (0..<count).map { UInt16($0) }))
        resource.sendTrancheDone()
        resource.sendDone()
    }
}
