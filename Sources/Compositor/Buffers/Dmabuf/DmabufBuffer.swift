internal import DirectRendering
internal import Pixels
internal import WaylandServer

/// A buffer whose planes are in one dma-buf or in several.
final class DmabufBuffer: ClientBuffer {
    /// Where a plane is.
    struct Plane {
        let memory: DmabufMemory
        /// The bytes that are looked at.
        let range: Range<Int>
        /// Bytes from one row to the next.
        let stride: Int
    }

    private let planes: [Plane]
    private let picture: BufferPicture
    private unowned let devices: DmabufDevices

    init(
        resource: WlBuffer,
        planes: [Plane],
        picture: BufferPicture,
        devices: DmabufDevices
    ) throws(ProtocolError) {
        self.planes = planes
        self.picture = picture
        self.devices = devices
        try super.init(resource: resource, size: picture.size)
    }

    /// Whether a surface has shown it.
    private var isRead = false

    override var facts: BufferFacts {
        BufferFacts(
            kind: .dmabuf,
            fourcc: picture.format.fourcc,
            byteCount: planes.reduce(0) { $0 + $1.range.count },
            reading: isRead ? .mapped : .unread,
            memories: planes.map { plane in
                BufferFacts.Memory(
                    tier: .dmabuf,
                    fileSize: Int64(plane.memory.size),
                    offset: plane.range.lowerBound,
                    stride: plane.stride,
                    device: plane.memory.shared.buffer.device,
                    fileNumber: plane.memory.shared.buffer.identity
                )
            }
        )
    }

    override func content(after previous: SurfaceContent?, damage: Region) throws(ProtocolError) -> SurfaceContent {
        let charge = try account.charge(planes.reduce(0) { $0 + $1.range.count }, of: .mappedBytes)
        // Planes often share a dma-buf, which needs its turn but once.
        var memories: [DmabufMemory] = []
        for plane in planes where !memories.contains(where: { $0 === plane.memory }) { memories.append(plane.memory) }
        let access = DmabufAccess(self, memories, devices: devices)
        let content = DmabufContent(planes, picture, access: access, charge: charge)
        try access.start(account: account)
        isRead = true
        return content
    }

    override var copyTarget: FrameCopy.Target? {
        guard case .pixels(let pixels) = picture else { return nil }
        let plane = planes[0]
        return FrameCopy.Target(
            memory: .dmabuf(plane.memory.shared),
            offset: plane.range.lowerBound,
            layout: pixels
        )
    }
}
