internal import Pixels
internal import WaylandServer

/// A buffer of one colour, which needs no memory of its client's.
private final class SinglePixelBuffer: ClientBuffer {
    private let pixel: SurfaceContent

    /// The channels go from 0 to 2³²-1; colours are multiplied by alpha.
    init(resource: WlBuffer, red: UInt32, green: UInt32, blue: UInt32, alpha: UInt32) throws(ProtocolError) {
        pixel = SurfaceContent(
            SolidColor(red: red.topByte, green: green.topByte, blue: blue.topByte, alpha: alpha.topByte)
        )
        try super.init(resource: resource, size: pixel.size)
    }

    override var facts: BufferFacts { BufferFacts(kind: .singlePixel) }

    override func content(after previous: SurfaceContent?, damage: Region) throws(ProtocolError) -> SurfaceContent {
        releaseUnlocked()
        return pixel
    }
}

extension UInt32 {
    /// The nearest of 256 steps.
    fileprivate var topByte: UInt8 { UInt8((UInt64(self) * 255 + 0x7fff_ffff) / 0xffff_ffff) }
}

/// `wp_single_pixel_buffer_manager_v1`: makes buffers of one pixel.
final class SinglePixelBufferGlobal: WpSinglePixelBufferManagerV1.Requests, Service {
    func bind(_ resource: WpSinglePixelBufferManagerV1) { resource.handler = self }

    func createU32RgbaBuffer(
        _ resource: WpSinglePixelBufferManagerV1,
        id: WlBuffer,
        r: UInt32,
        g: UInt32,
        b: UInt32,
        a: UInt32
    ) throws(ProtocolError) {
        id.handler = try SinglePixelBuffer(resource: id, red: r, green: g, blue: b, alpha: a)
    }
}
