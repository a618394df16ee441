@testable import Compositor
import CLinux
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Luma and chroma in shared memory, from a client's bytes to the frame.
@Suite(.serialized) struct ShmYUVTests {
    /// A picture of luma and chroma as GStreamer's waylandsink lays it out in a pool.
    struct Video {
        let format: WlShm.Format
        let width: Int
        let height: Int
        let stride: Int
        /// From the first byte on.
        private(set) var bytes: [UInt8]

        /// Luma from left to right, Cb from left to right and Cr from the top down.
        init(_ format: WlShm.Format, _ width: Int, _ height: Int, stride: Int) {
            (self.format, self.width, self.height, self.stride) = (format, width, height, stride)
            // What is looked at nowhere would be a bright green.
            bytes = [UInt8](repeating: 0xff, count: Self.byteCount(format, width, height, stride: stride))
            for y in 0..<height {
                for x in 0..<width {
                    let (column, row) = (x / 2, y / 2)
                    set(x, y, [UInt8(20 + x * 29 % 200), UInt8(30 + column * 37 % 190), UInt8(225 - row * 53 % 190)])
                }
            }
        }

        /// The stride that a row of pixels takes at least.
        static func leastStride(_ format: WlShm.Format, _ width: Int) -> Int {
            switch format {
            case .yuyv, .uyvy: (width + 1) / 2 * 4
            case .nv12, .nv16: (width + 1) / 2 * 2
            default: width
            }
        }

        /// From the first pixel to the end of the last plane's last one.
        static func byteCount(_ format: WlShm.Format, _ width: Int, _ height: Int, stride: Int) -> Int {
            let (pairs, lines) = ((width + 1) / 2, (height + 1) / 2)
            return switch format {
            case .yuyv, .uyvy: (height - 1) * stride + pairs * 4
            case .nv12: (height + lines - 1) * stride + pairs * 2
            case .nv16: (2 * height - 1) * stride + pairs * 2
            default: height * stride + (2 * lines - 1) * ((stride + 1) / 2) + pairs
            }
        }

        /// Where a pixel's luma, Cb and Cr are.
        private func places(_ x: Int, _ y: Int) -> [Int] {
            let (pair, row, chroma) = (x / 2, y * stride, height * stride)
            switch format {
            case .yuyv: return [row + pair * 4 + x % 2 * 2, row + pair * 4 + 1, row + pair * 4 + 3]
            case .uyvy: return [row + pair * 4 + x % 2 * 2 + 1, row + pair * 4, row + pair * 4 + 2]
            case .nv12, .nv16:
                let start = chroma + (format == .nv12 ? y / 2 : y) * stride + pair * 2
                return [row + x, start, start + 1]
            default:
                let (half, lines) = ((stride + 1) / 2, (height + 1) / 2)
                let start = chroma + y / 2 * half + pair
                return [row + x, start, start + lines * half]
            }
        }

        mutating func set(_ x: Int, _ y: Int, _ values: [UInt8]) {
            for (place, value) in zip(places(x, y), values) { bytes[place] = value }
        }

        /// Red, green and blue from 0 to 255, by the definitions in ITU-R BT.601 and BT.709.
        private func color(_ x: Int, _ y: Int, isBT709: Bool) -> [Double] {
            let values = places(x, y).map { Double(bytes[$0]) }
            let (kr, kb) = isBT709 ? (0.2126, 0.0722) : (0.299, 0.114)
            let (luma, cb, cr) = ((values[0] - 16) / 219, (values[1] - 128) / 224, (values[2] - 128) / 224)
            let (red, blue) = (luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb)
            let green = (luma - kr * red - kb * blue) / (1 - kr - kb)
            return [red, green, blue].map { max(0, min(1, $0)) * 255 }
        }

        /// The first pixel of a picture that isn't what it is to be; nil where there is none. Rounding loses half a
        /// step, and factors of 16 bits a little.
        func firstDifference(from picture: [[UInt32]], isBT709: Bool = false) -> String? {
            for y in 0..<min(height, picture.count) {
                for x in 0..<min(width, picture[y].count) {
                    let color = color(x, y, isBT709: isBT709)
                    let seen = [16, 8, 0].map { Double(picture[y][x] >> UInt32($0) & 0xff) }
                    if zip(color, seen).contains(where: { abs($0 - $1) > 0.55 }) {
                        return "\(format) \(x), \(y): \(color) became \(seen)"
                    }
                }
            }
            return nil
        }
    }

    static let formats: [WlShm.Format] = [.nv12, .yuyv, .uyvy, .nv16, .yuv420]
    private static let invalidStride = "wl_shm_pool 1"

    private func file(_ size: Int, _ policy: ShmPolicy) -> Descriptor {
        switch policy {
        case .strict: TestFile.memfd(size, seals: .shrink)
        case .seal: TestFile.memfd(size)
        case .copy: TestFile.posix(size)
        }
    }

    private func buffer(_ video: Video, of pool: WlShmPool, at offset: Int) -> WlBuffer {
        pool.createBuffer(
            offset: Int32(offset),
            width: Int32(video.width),
            height: Int32(video.height),
            stride: Int32(video.stride),
            format: video.format
        )
    }

    private func source(_ fixture: Fixture) -> (any PixelSource)? {
        fixture.compositor.scene.items.last?.drawable.appearance.content?.source
    }

    // MARK: Pixels

    /// From an odd byte on, up to the pool's last one, with and without padding.
    @Test(arguments: formats, ShmPolicy.allCases)
    func `every format is drawn, at any size`(format: WlShm.Format, policy: ShmPolicy) {
        for (width, height) in [(8, 6), (7, 5), (1, 1), (2, 1), (1, 2), (64, 33)] {
            for padding in [0, 1, 6] {
                let stride = Video.leastStride(format, width) + padding
                let video = Video(format, width, height, stride: stride)
                let fixture = Fixture { $0.shmPolicy = policy }
                let client = fixture.connect()
                let size = 3 + video.bytes.count
                let file = file(size, policy)
                TestFile.write(bytes: video.bytes, to: file, at: 3)
                let window = TestWindow(client)
                window.show(buffer(video, of: client.shm.createPool(fd: file, size: Int32(size)), at: 3))
                window.moveToCorner()
                fixture.nextFrame()
                #expect(client.error == nil)
                let picture = fixture.picture()
                #expect(video.firstDifference(from: picture) == nil, "\(width)x\(height), \(stride) bytes a row")
                #expect(picture[0][width] == DrawList.background && picture[height][0] == DrawList.background)
                #expect(source(fixture)?.isShared == (policy != .copy))
            }
        }
    }

    /// A surface's third copy is its first one again, of which only what has changed since is read.
    @Test(arguments: formats, ShmPolicy.allCases)
    func `what is damaged is seen, in all planes`(format: WlShm.Format, policy: ShmPolicy) {
        var video = Video(format, 15, 9, stride: Video.leastStride(format, 15) + 1)
        let fixture = Fixture { $0.shmPolicy = policy }
        fixture.watch(fixture.output)
        let client = fixture.connect()
        let file = file(video.bytes.count, policy)
        TestFile.write(bytes: video.bytes, to: file)
        let pool = client.shm.createPool(fd: file, size: Int32(video.bytes.count))
        let buffer = buffer(video, of: pool, at: 0)
        let window = TestWindow(client)
        window.show(buffer)
        window.moveToCorner()
        fixture.nextFrame()
        for (step, bands) in [[2..<4], [3..<4], [0..<2, 6..<9], [4..<6], [8..<9], [0..<9]].enumerated() {
            for y in bands.joined() {
                for x in 0..<15 {
                    // Only rows that are damaged with those that they share their chroma with have another one.
                    let hasChroma = bands.contains { $0.contains(y / 2 * 2) }
                    let values = [200 - step * 20 - x * 3, 60 + step * 20 + x / 2 * 5, 50 + step * 30 + y / 2 * 4]
                    video.set(x, y, (hasChroma ? values : [values[0]]).map { UInt8($0) })
                }
            }
            TestFile.write(bytes: video.bytes, to: file)
            window.surface.attach(buffer: buffer, x: 0, y: 0)
            for band in bands {
                window.surface.damageBuffer(x: 0, y: Int32(band.lowerBound), width: 15, height: Int32(band.count))
            }
            window.surface.commit()
            fixture.nextFrame()
            #expect(video.firstDifference(from: fixture.picture()) == nil, "step \(step)")
        }
        #expect(client.error == nil)
    }

    /// As dma-bufs have it.
    @Test(arguments: formats)
    func `wide pictures are BT.709`(format: WlShm.Format) {
        for width in [1_278, 1_280] {
            let video = Video(format, width, 6, stride: Video.leastStride(format, width))
            let fixture = Fixture()
            let client = fixture.connect()
            let file = file(video.bytes.count, .strict)
            TestFile.write(bytes: video.bytes, to: file)
            let pool = client.shm.createPool(fd: file, size: Int32(video.bytes.count))
            let window = TestWindow(client)
            window.show(buffer(video, of: pool, at: 0))
            window.moveToCorner()
            fixture.nextFrame()
            #expect(video.firstDifference(from: fixture.picture(), isBT709: width == 1_280) == nil)
        }
    }

    /// Cropped, scaled and turned, they look as the same colours in a buffer of XRGB8888 do.
    @Test(arguments: formats, ShmPolicy.allCases)
    func `they are cropped, scaled and turned as other buffers are`(format: WlShm.Format, policy: ShmPolicy) {
        typealias Change = (TestClient, WlSurface) -> Void
        let changes: [Change] = [
            { _, surface in surface.setBufferTransform(transform: ._90) },
            { _, surface in surface.setBufferTransform(transform: .flipped180) },
            { _, surface in surface.setBufferScale(scale: 2) },
            { $0.viewporter.getViewport(surface: $1).setDestination(width: 57, height: 31) },
            { client, surface in
                surface.setBufferTransform(transform: ._270)
                let viewport = client.viewporter.getViewport(surface: surface)
                viewport.setSource(x: Fixed(3), y: Fixed(5), width: Fixed(9), height: Fixed(14))
                viewport.setDestination(width: 27, height: 28)
            },
        ]
        let video = Video(format, 24, 16, stride: Video.leastStride(format, 24))
        func picture(_ change: Change, _ make: (TestClient) -> WlBuffer) -> [[UInt32]] {
            let fixture = Fixture { $0.shmPolicy = policy }
            let client = fixture.connect()
            let window = TestWindow(client)
            change(client, window.surface)
            window.show(make(client))
            window.moveToCorner()
            fixture.nextFrame()
            #expect(client.error == nil)
            return fixture.picture()
        }
        func luma(_ client: TestClient) -> WlBuffer {
            let file = file(video.bytes.count, policy)
            TestFile.write(bytes: video.bytes, to: file)
            return buffer(video, of: client.shm.createPool(fd: file, size: Int32(video.bytes.count)), at: 0)
        }
        let plain = picture({ _, _ in }, luma)
        #expect(video.firstDifference(from: plain) == nil)
        for change in changes {
            let changed = picture(change, luma)
            #expect(changed != plain)
            #expect(changed == picture(change) { TestPool($0, size: 4_096).buffer(24, 16) { plain[$1][$0] } })
        }
    }

    // MARK: Numbers

    private func error(
        _ format: WlShm.Format,
        pool: Int,
        offset: Int = 0,
        _ width: Int,
        _ height: Int,
        stride: Int
    ) -> String? {
        let fixture = Fixture()
        let client = fixture.connect()
        TestPool(client, size: pool).pool.createBuffer(
            offset: Int32(offset),
            width: Int32(width),
            height: Int32(height),
            stride: Int32(stride),
            format: format
        )
        client.roundTrip()
        return client.error
    }

    @Test(arguments: formats)
    func `a row of each plane fits into its stride`(format: WlShm.Format) {
        for width in 1..<10 {
            let least = Video.leastStride(format, width)
            #expect(error(format, pool: 4_096, width, 9, stride: least) == nil)
            #expect(error(format, pool: 4_096, width, 9, stride: least - 1) == Self.invalidStride)
            // Luma alone would fit.
            if least > width { #expect(error(format, pool: 4_096, width, 9, stride: width) == Self.invalidStride) }
        }
    }

    @Test(arguments: formats)
    func `all planes lie within the pool`(format: WlShm.Format) {
        for (width, height) in [(8, 6), (7, 5), (1, 1), (2, 3)] {
            for offset in [0, 1, 100] {
                let stride = Video.leastStride(format, width) + 5
                let end = offset + Video.byteCount(format, width, height, stride: stride)
                #expect(error(format, pool: end, offset: offset, width, height, stride: stride) == nil)
                let tooLong = error(format, pool: end - 1, offset: offset, width, height, stride: stride)
                #expect(tooLong == Self.invalidStride)
            }
        }
    }

    @Test(arguments: formats)
    func `hostile sizes are refused`(format: WlShm.Format) {
        let most = Int(Int32.max)
        for (offset, width, height, stride) in [
            (-1, 2, 2, 8), (0, 0, 2, 8), (0, 2, 0, 8), (0, -1, 2, 8), (0, 2, -1, 8), (0, 2, 2, 0), (0, 2, 2, -8),
            (Int(Int32.min), 2, 2, 8), (0, Int(Int32.min), 2, 8), (0, 2, Int(Int32.min), 8),
            (0, 2, 2, Int(Int32.min)), (most, 1, 1, 4), (0, most, 1, most), (0, 1, most, 4), (0, 1, most, most),
            (0, most, most, most), (most, most, most, most), (0, 0x4000_0001, 1, 4), (0, 0x4000_0000, 1, most),
            (0, 1, 0x5555_5556, 4), (0, 65_536, 65_536, 131_072), (0, 32_768, 65_536, 65_536), (0, 2, 2, most),
            (most, most, most, 1),
        ] {
            let found = error(format, pool: 4_096, offset: offset, width, height, stride: stride)
            #expect(found == Self.invalidStride, "\(offset), \(width)x\(height), \(stride)")
        }
    }

    // MARK: Pools

    @Test(arguments: formats, ShmPolicy.allCases)
    func `a pool that grows has room for the last plane`(format: WlShm.Format, policy: ShmPolicy) {
        let video = Video(format, 16, 10, stride: 64)
        let size = video.bytes.count
        let fixture = Fixture { $0.shmPolicy = policy }
        let client = fixture.connect()
        let file = file(size, policy)
        TestFile.write(bytes: video.bytes, to: file)
        let pool = client.shm.createPool(fd: file, size: Int32(size))
        let window = TestWindow(client)
        window.show(buffer(video, of: pool, at: 0))
        window.moveToCorner()
        fixture.nextFrame()
        TestFile.truncate(file, to: 2 * size)
        TestFile.write(bytes: video.bytes.map { 255 - $0 }, to: file, at: size)
        pool.resize(size: Int32(2 * size))
        let second = buffer(video, of: pool, at: size)
        fixture.nextFrame()
        #expect(video.firstDifference(from: fixture.picture()) == nil)
        TestFile.write(bytes: video.bytes, to: file, at: size)
        window.show(second)
        fixture.nextFrame()
        #expect(client.error == nil)
        #expect(video.firstDifference(from: fixture.picture()) == nil)
        _ = buffer(video, of: pool, at: size + 1)
        client.roundTrip()
        #expect(client.error == Self.invalidStride)
    }

    /// In luma, in the last plane, and a byte before its end.
    @Test(arguments: formats, [0, 40, 0x1_0000])
    func `a file that is truncated is an error in copy mode`(format: WlShm.Format, length: Int) {
        let video = Video(format, 16, 10, stride: 32)
        let size = video.bytes.count
        let fixture = Fixture { $0.shmPolicy = .copy }
        let client = fixture.connect()
        let file = file(size, .copy)
        let window = TestWindow(client)
        let buffer = buffer(video, of: client.shm.createPool(fd: file, size: Int32(size)), at: 0)
        window.show(buffer)
        #expect(client.roundTrip())
        TestFile.truncate(file, to: min(length, size - 1))
        window.show(buffer)
        client.roundTrip()
        #expect(client.error == "wl_buffer 2")
    }

    @Test(arguments: formats)
    func `holes are read and not allocated`(format: WlShm.Format) {
        let size = Video.byteCount(format, 64, 40, stride: 4_096)
        let file = TestFile.memfd(size, seals: .shrink)
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let pool = client.shm.createPool(fd: file, size: Int32(size))
        window.show(pool.createBuffer(offset: 0, width: 64, height: 40, stride: 4_096, format: format))
        window.moveToCorner()
        fixture.nextFrame()
        // Neither luma nor chroma is a dark green.
        #expect(fixture.pixel(63, 39) == 0x008800 && fixture.pixel(0, 0) == 0x008800)
        let allocated = TestFile.allocatedBytes(of: file)
        #expect(allocated == 0)
    }

    /// Luma stays where it is.
    @Test(arguments: [.nv12, .nv16, .yuv420] as [WlShm.Format])
    func `chroma that its client empties again and again is read, and mapped no more`(format: WlShm.Format) throws {
        let video = Video(format, 100, 40, stride: 4_096)
        let size = 80 * 4_096
        let fixture = Fixture { $0.drawsAlways = true }
        let client = fixture.connect()
        let file = file(size, .strict)
        TestFile.write(bytes: video.bytes + [UInt8](repeating: 0, count: size - video.bytes.count), to: file)
        let window = TestWindow(client)
        window.show(buffer(video, of: client.shm.createPool(fd: file, size: Int32(size)), at: 0))
        window.moveToCorner()
        fixture.nextFrame()
        #expect(source(fixture)?.isShared == true && video.firstDifference(from: fixture.picture()) == nil)
        let surface = try #require(fixture.compositor.scene.items.last?.drawable as? Surface)
        for _ in 0..<150 where source(fixture)?.isShared == true {
            let mode = SIGNET_FALLOC_FL_PUNCH_HOLE | SIGNET_FALLOC_FL_KEEP_SIZE
            let isPunched = fallocate(file.rawValue, mode, 40 * 4_096, 40 * 4_096) == 0
            #expect(isPunched)
            fixture.compositor.scene.redraw(surface, of: try #require(surface.node))
            fixture.nextFrame()
        }
        #expect(source(fixture)?.isShared == false && client.error == nil)
        #expect(fixture.compositor.ledger.usage(of: .copiedBytes) >= video.bytes.count)
    }

    // MARK: What it costs

    @Test(arguments: formats, ShmPolicy.allCases)
    func `all planes are charged, and conversion is counted`(format: WlShm.Format, policy: ShmPolicy) {
        let video = Video(format, 16, 10, stride: 64)
        let size = video.bytes.count
        let fixture = Fixture { $0.shmPolicy = policy }
        fixture.watch(fixture.output)
        let client = fixture.connect()
        let file = file(size + 1_000, policy)
        TestFile.write(bytes: [UInt8](repeating: 1, count: size + 1_000), to: file)
        func used(_ resource: ClientAccount.Resource) -> Int { fixture.compositor.ledger.usage(of: resource) }
        let before = (mapped: used(.mappedBytes), copied: used(.copiedBytes))
        let window = TestWindow(client)
        window.show(buffer(video, of: client.shm.createPool(fd: file, size: Int32(size + 1_000)), at: 500))
        client.roundTrip()
        #expect(used(.mappedBytes) - before.mapped == (policy == .copy ? 0 : size))
        #expect(used(.copiedBytes) - before.copied == (policy == .copy ? size : 0))
        let place = Placement(destination: Rectangle(x: 0, y: 0, width: 16, height: 10))
        #expect(source(fixture)?.effort(place) == 3)
        window.show(nil)
        fixture.nextFrame()
        Disposal.drain()
        fixture.pump()
        #expect(used(.mappedBytes) == before.mapped && used(.copiedBytes) == before.copied)
    }
}
