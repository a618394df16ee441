@testable import Compositor
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// The formats that wl_shm announces, but those of ``ShmYUVTests``, from a client's bytes to the frame.
@Suite struct FormatTests {
    /// Where a format's channels are in a little-endian pixel, after drm_fourcc.h.
    struct Channels: CustomTestStringConvertible {
        let format: WlShm.Format
        let bytes: Int
        let red: UInt32
        let green: UInt32
        let blue: UInt32
        /// 0 where there are only bits that mean nothing.
        var alpha: UInt32 = 0

        var testDescription: String { "\(format)" }

        /// A pixel with channels that are 0 or 255; bits that mean nothing are 0.
        func encode(_ color: UInt32) -> UInt32 {
            var pixel = alpha
            if color & 0xff_0000 != 0 { pixel |= red }
            if color & 0xff00 != 0 { pixel |= green }
            if color & 0xff != 0 { pixel |= blue }
            return pixel
        }
    }

    /// In the order in which they are announced.
    private static let announced = [
        Channels(format: .argb8888, bytes: 4, red: 0xff_0000, green: 0xff00, blue: 0xff, alpha: 0xff00_0000),
        Channels(format: .xrgb8888, bytes: 4, red: 0xff_0000, green: 0xff00, blue: 0xff),
        Channels(format: .abgr8888, bytes: 4, red: 0xff, green: 0xff00, blue: 0xff_0000, alpha: 0xff00_0000),
        Channels(format: .xbgr8888, bytes: 4, red: 0xff, green: 0xff00, blue: 0xff_0000),
        Channels(format: .rgb565, bytes: 2, red: 31 << 11, green: 63 << 5, blue: 31),
        Channels(format: .bgr565, bytes: 2, red: 31, green: 63 << 5, blue: 31 << 11),
        Channels(format: .rgb888, bytes: 3, red: 0xff_0000, green: 0xff00, blue: 0xff),
        Channels(format: .bgr888, bytes: 3, red: 0xff, green: 0xff00, blue: 0xff_0000),
        Channels(format: .argb2101010, bytes: 4, red: 1_023 << 20, green: 1_023 << 10, blue: 1_023, alpha: 3 << 30),
        Channels(format: .xrgb2101010, bytes: 4, red: 1_023 << 20, green: 1_023 << 10, blue: 1_023),
        Channels(format: .abgr2101010, bytes: 4, red: 1_023, green: 1_023 << 10, blue: 1_023 << 20, alpha: 3 << 30),
        Channels(format: .xbgr2101010, bytes: 4, red: 1_023, green: 1_023 << 10, blue: 1_023 << 20),
    ]

    /// All mixtures of full channels but black.
    private static let colors: [UInt32] = [0xff_0000, 0xff00, 0xff, 0xffff, 0xff_00ff, 0xff_ff00, 0xff_ffff]

    @Test func theCommonOnesAreAnnouncedFirst() {
        let fixture = Fixture()
        let client = fixture.connect()
        var formats: [WlShm.Format] = []
        _ = client.bind(WlShm.self) { shm in shm.onFormat = { formats.append($0) } }
        client.roundTrip()
        #expect(formats == Self.announced.map(\.format) + ShmYUVTests.formats)
    }

    /// Seven by five pixels, in rows that follow each other without a gap, from an odd byte on.
    @Test(arguments: announced, [ShmPolicy.strict, .copy])
    func everyFormatIsDrawn(channels: Channels, policy: ShmPolicy) {
        let fixture = Fixture { $0.shmPolicy = policy }
        fixture.watch(fixture.output)
        let client = fixture.connect()
        let size = 3 + 7 * 5 * channels.bytes
        let file = TestFile.memfd(size, seals: policy == .copy ? [] : .shrink, allowSealing: policy != .copy)
        func write(_ picture: [[UInt32]]) {
            let pixels = picture.joined().map(channels.encode)
            let bytes = pixels.flatMap { pixel in (0..<channels.bytes).map { UInt8(pixel >> ($0 * 8) & 0xff) } }
            TestFile.write(bytes: bytes, to: file, at: 3)
        }
        func seen() -> [[UInt32]] { fixture.picture()[..<5].map { Array($0[..<7]) } }

        var picture = (0..<5).map { y in Array(Self.colors[y...] + Self.colors[..<y]) }
        write(picture)
        let buffer = client.shm.createPool(fd: file, size: Int32(size))
            .createBuffer(offset: 3, width: 7, height: 5, stride: Int32(7 * channels.bytes), format: channels.format)
        let window = TestWindow(client)
        window.show(buffer)
        window.moveToCorner()
        fixture.nextFrame()
        #expect(client.error == nil)
        let content = fixture.compositor.scene.items.last?.drawable.appearance.content
        #expect(content?.source?.isShared == (policy != .copy))
        #expect(seen() == picture)
        #expect(fixture.pixel(7, 0) == DrawList.background && fixture.pixel(0, 5) == DrawList.background)

        picture[2].reverse()
        write(picture)
        window.surface.attach(buffer: buffer, x: 0, y: 0)
        window.surface.damageBuffer(x: 0, y: 2, width: 7, height: 1)
        window.surface.commit()
        fixture.nextFrame()
        #expect(seen() == picture)
    }

    @Test(arguments: announced)
    func zeroIsClearWhereThereIsAlphaAndBlackElsewhere(channels: Channels) {
        let fixture = Fixture()
        let client = fixture.connect()
        let file = TestFile.memfd(400, seals: .shrink)
        TestFile.write(bytes: [UInt8](repeating: 0, count: 400), to: file)
        let window = TestWindow(client)
        window.show(
            client.shm.createPool(fd: file, size: 400)
                .createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: channels.format)
        )
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == (channels.alpha == 0 ? 0 : DrawList.background))
    }

    /// Nothing is drawn below what a client says is opaque, so that it mustn't shine through.
    @Test(arguments: announced, [1, 2])
    func aFalsePromiseToBeOpaqueShowsNothingBehind(channels: Channels, scale: Int32) {
        let fixture = Fixture()
        let client = fixture.connect()
        let behind = TestWindow(client)
        behind.show(TestPool(client, size: 1_600).buffer(20, 20, color: 0xff_ffff))
        behind.moveToCorner()
        fixture.nextFrame()
        let pool = TestPool(client, size: 400)
        TestFile.write([UInt32](repeating: 0, count: 100), to: pool.file)
        let window = TestWindow(client)
        window.surface.setBufferScale(scale: scale)
        let region = client.compositor.createRegion()
        region.add(x: 0, y: 0, width: 10, height: 10)
        window.surface.setOpaqueRegion(region: region)
        window.show(pool.pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: channels.format))
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(2, 2) == 0)
    }

    // MARK: Errors

    private func error(width: Int32 = 10, stride: Int32 = 40, _ format: WlShm.Format) -> String? {
        let fixture = Fixture()
        let client = fixture.connect()
        TestPool(client, size: 4_096).pool
            .createBuffer(offset: 0, width: width, height: 10, stride: stride, format: format)
        client.roundTrip()
        return client.error
    }

    @Test(arguments: announced)
    func aRowFitsIntoItsStride(channels: Channels) {
        let invalidStride = "wl_shm_pool 1"
        for width in 7..<12 {
            let row = Int32(width * channels.bytes)
            #expect(error(width: Int32(width), stride: row, channels.format) == nil)
            #expect(error(width: Int32(width), stride: row - 1, channels.format) == invalidStride)
        }
    }

    /// The DRM codes of wl_shm's two own numbers aren't announced either.
    @Test(arguments: [.rgba8888, .xbgr4444, .nv21, .unrecognized(2), .unrecognized(0x3432_5241)] as [WlShm.Format])
    func otherFormatsAreRefused(format: WlShm.Format) {
        #expect(error(format) == "wl_shm_pool 0")
    }
}
