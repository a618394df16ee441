@testable import Compositor
import CDRM
import DirectRendering
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Captures into real dma-bufs.
@Suite(.serialized, .needs("vgem", TestDevices.graphics("vgem") != nil)) struct CaptureDmabufTests {
    let fixture = Fixture()
    let client: TestClient
    let dmabuf: ZwpLinuxDmabufV1
    let window: TestWindow

    init() {
        client = fixture.connect()
        dmabuf = client.bind(ZwpLinuxDmabufV1.self)
        window = TestWindow(client)
        window.show(TestPool(client, size: 1_600).buffer(20, 20) { x, y in UInt32(x << 8 | y) })
        fixture.nextFrame()
    }

    private let size = Size(width: 200, height: 100)

    private func buffer(
        _ memory: borrowing DMABuffer,
        stride: Int = 800,
        offset: Int = 0,
        format: PixelFormat = .xrgb8888
    ) throws -> WlBuffer {
        let params = dmabuf.createParams()
        params.add(
            fd: try memory.descriptor.duplicate(),
            planeIdx: 0,
            offset: UInt32(offset),
            stride: UInt32(stride),
            modifierHi: 0,
            modifierLo: 0
        )
        return params.createImmed(width: 200, height: 100, format: format.fourcc, flags: [])
    }

    private func picture(_ memory: borrowing DMABuffer, stride: Int = 800, offset: Int = 0) throws -> [[UInt32]] {
        let mapping = try ReadOnlyMapping(memory.descriptor, length: memory.size)
        try memory.beginAccess(.read)
        defer { try? memory.endAccess(.read) }
        return mapping.withBytes(in: 0..<memory.size) { bytes in
            (0..<size.height).map { y in
                (0..<size.width).map { x in
                    unsafe bytes.unsafeLoad(fromByteOffset: offset + y * stride + x * 4, as: UInt32.self) & 0xff_ffff
                }
            }
        }
    }

    /// Captures the output by both protocols, and says whether they were done.
    private func capture(into buffer: WlBuffer) -> [Bool] {
        let copy = ScreenCopy(client.bind(ZwlrScreencopyManagerV1.self), client.output)
        client.roundTrip()
        copy.proxy.copy(buffer: buffer)
        for _ in 0..<3 where !copy.isReady && !copy.hasFailed { fixture.nextFrame() }
        let source = client.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: client.output)
        let manager = client.bind(ExtImageCopyCaptureManagerV1.self)
        let session = ImageCopySessionClient(manager.createSession(source: source, options: []))
        client.roundTrip()
        let image = session.frame()
        image.capture(into: buffer)
        for _ in 0..<3 where !image.isAnswered { fixture.nextFrame() }
        copy.proxy.destroy()
        image.proxy.destroy()
        session.proxy.destroy()
        source.destroy()
        client.roundTrip()
        return [copy.isReady, image.isReady]
    }

    @Test func `frames are written into what a heap gives`() throws {
        for heap in SystemMemory.heaps() {
            let memory = try SystemMemory.allocate(100_000, from: heap)
            #expect(capture(into: try buffer(memory, offset: 4_000)) == [true, true])
            #expect(try picture(memory, offset: 4_000) == fixture.picture())
        }
    }

    @Test func `frames are written into a device's buffer, whose rows have gaps`() throws {
        let device = try #require(TestDevices.graphics("vgem"))
        let dumb = try DumbBuffer(on: device, width: 250, height: 100)
        let memory = try dumb.export()
        #expect(dumb.stride > 800)
        #expect(capture(into: try buffer(memory, stride: dumb.stride)) == [true, true])
        #expect(try picture(memory, stride: dumb.stride) == fixture.picture())
        let maps = readFile("/proc/self/maps", upTo: 1 << 20).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let writable = maps.split(separator: "\n").filter { $0.contains("dmabuf") && $0.contains("rw-s") }
        #expect(writable.isEmpty, "none is left mapped for writing")
    }

    @Test(.needs("udmabuf", TestDevices.hasUdmabuf)) func `frames are written into udmabuf's`() throws {
        let file = TestFile.memfd(81_920, seals: .shrink)
        let memory = try SystemMemory.udmabuf(of: file, range: 0..<81_920)
        #expect(capture(into: try buffer(memory)) == [true, true])
        let rows = (0..<100).map { TestFile.read(200, from: file, at: $0 * 800).map { $0 & 0xff_ffff } }
        #expect(rows == fixture.picture())
    }

    @Test func `one that is open for reading only fails, and nothing is left`() throws {
        let device = try #require(TestDevices.graphics("vgem"))
        let dumb = try DumbBuffer(on: device, width: 200, height: 100)
        let memory = try dumb.export(forReading: true)
        let buffer = try buffer(memory, stride: dumb.stride)
        client.roundTrip()
        let before = openDescriptorCount()
        #expect(capture(into: buffer) == [false, false])
        // Frames are kept for a while.
        fixture.clock.advance(by: 3_000_000_000)
        client.roundTrip()
        #expect(openDescriptorCount() == before && client.roundTrip())
    }

    @Test func `a fence that nobody signals fails a capture, and keeps nobody else waiting`() throws {
        let device = try #require(TestDevices.graphics("vgem"))
        let dumb = try DumbBuffer(on: device, width: 200, height: 100)
        let memory = try dumb.export()
        let buffer = try buffer(memory, stride: dumb.stride)
        client.roundTrip()
        let fence = signet_vgem_attach_fence(device.descriptor.rawValue, dumb.handle, 1)
        #expect(fence > 0)
        fixture.waitsForLanes = false
        let copy = ScreenCopy(client.bind(ZwlrScreencopyManagerV1.self), client.output)
        client.roundTrip()
        copy.proxy.copy(buffer: buffer)
        for _ in 0..<3 { fixture.nextFrame() }
        let other = fixture.connect()
        let another = ScreenCopy(other.bind(ZwlrScreencopyManagerV1.self), other.output)
        other.roundTrip()
        another.proxy.copy(buffer: CopyTarget(other, TestFile.memfd(80_000, seals: .shrink)).buffer(for: another))
        for _ in 0..<200 where !another.isReady {
            fixture.nextFrame()
            usleep(1_000)
        }
        #expect(another.isReady && !copy.isReady)
        fixture.clock.advance(by: 6_000_000_000)
        client.roundTrip()
        #expect(copy.hasFailed)
        #expect(signet_vgem_signal_fence(device.descriptor.rawValue, UInt32(fence)) == 0)
        fixture.waitsForLanes = true
        fixture.nextFrame()
        #expect(client.roundTrip())
    }

    @Test func `what a device's clients need is told where there is one`() throws {
        let device = try #require(TestDevices.graphics("vgem"))
        let fixture = Fixture { $0.device = device }
        let client = fixture.connect()
        let source = client.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: client.output)
        let proxy = client.bind(ExtImageCopyCaptureManagerV1.self).createSession(source: source, options: [])
        var events: [String] = []
        proxy.onDmabufDevice = { events.append("device \($0.elements(as: UInt64.self) == [device.number])") }
        proxy.onDmabufFormat = { events.append("format \($0) \($1.elements(as: UInt64.self))") }
        client.roundTrip()
        #expect(events == ["device true", "format \(PixelFormat.xrgb8888.fourcc) [0]"])
        let copy = client.bind(ZwlrScreencopyManagerV1.self).captureOutput(overlayCursor: 0, output: client.output)
        copy.onLinuxDmabuf = { events.append("\($0) \($1)x\($2)") }
        client.roundTrip()
        #expect(events.last == "\(PixelFormat.xrgb8888.fourcc) 200x100")
    }
}
