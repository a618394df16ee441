public import DirectRendering
public import SharedMemory
public import WaylandClient

/// A canvas in a dma-buf.
public final class DmabufCanvas: Canvas {
    /// The memory, for whoever else is to have it.
    public let memory: DMABuffer
    private var mapping: WritableMapping

    /// Takes over `memory`, whose first `stride * height` bytes are pixels in XRGB8888, and `mapping` of the same
    /// bytes.
    public init(
        _ dmabuf: ZwpLinuxDmabufV1,
        _ memory: consuming DMABuffer,
        mapping: consuming WritableMapping,
        width: Int,
        height: Int,
        stride: Int,
        origin: String
    ) {
        let params = dmabuf.createParams()
        params.add(memory.descriptor, plane: 0, offset: 0, stride: stride)
        let buffer = params.makeBuffer(width: width, height: height, fourcc: DRMFormat.xrgb8888)
        self.memory = memory
        self.mapping = mapping
        super.init(buffer: buffer, width: width, height: height, stride: stride, origin: origin)
    }

    /// The CPU draws while no device does, and devices see what it drew.
    public override func withMutableBytes(_ body: (inout MutableRawSpan) -> Void) throws {
        try memory.beginAccess(.write)
        mapping.withMutableBytes(in: 0..<mapping.length, body)
        try memory.endAccess(.write)
    }
}

/// Codes of drm_fourcc.h.
public enum DRMFormat {
    /// A code for four letters.
    public static func code(_ name: String) -> UInt32 { name.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) } }
    /// DRM_FORMAT_XRGB8888.
    public static let xrgb8888 = code("XR24")
}

extension ZwpLinuxBufferParamsV1 {
    /// Adds a plane of a linear dma-buf; offset and stride are in bytes.
    public func add(_ descriptor: borrowing Descriptor, plane: Int, offset: Int, stride: Int) {
        add(
            fd: descriptor,
            planeIdx: UInt32(plane),
            offset: UInt32(offset),
            stride: UInt32(stride),
            modifierHi: 0,
            modifierLo: 0
        )
    }

    /// Makes the buffer, and ends the params. A compositor that can't use it ends the connection with a message.
    public func makeBuffer(width: Int, height: Int, fourcc: UInt32) -> WlBuffer {
        let buffer = createImmed(width: Int32(width), height: Int32(height), format: fourcc, flags: [])
        destroy()
        return buffer
    }
}
