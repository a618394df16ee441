@testable import Compositor
import CDRM
import DirectRendering
import Dispatch
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Buffers in real dma-bufs: what becomes of their pixels, and whose turn it is.
@Suite(.serialized, .needs("dma_heap", !SystemMemory.heaps().isEmpty)) struct DmabufTests {
    let fixture = Fixture()
    let client: TestClient
    let window: TestWindow
    let dmabuf: ZwpLinuxDmabufV1

    init() {
        client = fixture.connect()
        window = TestWindow(client)
        dmabuf = client.bind(ZwpLinuxDmabufV1.self)
    }

    // MARK: Helpers

    /// Fresh memory with these pixels, row by row.
    private func memory(_ pixels: [UInt32]) throws -> DMABuffer {
        let buffer = try SystemMemory.allocate(pixels.count * 4, from: SystemMemory.heaps()[0])
        try write(pixels, to: buffer)
        return buffer
    }

    private func write(_ pixels: [UInt32], to buffer: borrowing DMABuffer) throws {
        var mapping = try WritableMapping(buffer.descriptor, length: buffer.size)
        try buffer.beginAccess(.write)
        defer { try? buffer.endAccess(.write) }
        mapping.withMutableBytes(in: 0..<pixels.count * 4) { bytes in
            for (index, pixel) in pixels.enumerated() {
                bytes.storeBytes(of: pixel, toByteOffset: index * 4, as: UInt32.self)
            }
        }
    }

    private func buffer(
        _ memory: borrowing DMABuffer,
        width: Int,
        height: Int,
        format: PixelFormat = .xrgb8888,
        offset: Int = 0
    ) throws -> WlBuffer {
        let params = dmabuf.createParams()
        params.add(
            fd: try memory.descriptor.duplicate(),
            planeIdx: 0,
            offset: UInt32(offset),
            stride: UInt32(width * format.bytesPerPixel),
            modifierHi: 0,
            modifierLo: 0
        )
        return params.createImmed(
            width: Int32(width),
            height: Int32(height),
            format: format.fourcc,
            flags: []
        )
    }

    /// Lets frames pass until `condition` holds; the CPU's turn begins and ends on another thread.
    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<2_000 {
            fixture.nextFrame()
            if condition() { return true }
            usleep(1_000)
        }
        return false
    }

    private func showsAt(_ x: Int, _ y: Int, _ color: UInt32) -> Bool {
        guard eventually({ !fixture.compositor.scene.nodes.isEmpty }) else { return false }
        window.moveToCorner()
        return eventually { fixture.pixel(x, y) == color }
    }

    // MARK: Drawing

    @Test func theirPixelsAreShown() throws {
        let memory = try memory((0..<50 * 20).map { UInt32($0) })
        window.show(try buffer(memory, width: 50, height: 20))
        #expect(showsAt(49, 19, 999))
        let picture = fixture.picture()
        for y in 0..<20 { #expect(Array(picture[y][0..<50]) == (0..<50).map { UInt32(y * 50 + $0) }) }
        #expect(client.error == nil)
    }

    @Test func createAnswersWithABuffer() throws {
        let memory = try memory(Array(repeating: 0x123456, count: 100))
        let params = dmabuf.createParams()
        var made: WlBuffer?
        params.onCreated = { made = $0 }
        params.add(
            fd: try memory.descriptor.duplicate(),
            planeIdx: 0,
            offset: 0,
            stride: 40,
            modifierHi: 0x00ff_ffff,
            modifierLo: 0xffff_ffff
        )
        params.create(width: 10, height: 10, format: PixelFormat.xrgb8888.fourcc, flags: [])
        client.roundTrip()
        #expect(made != nil)
        if let made { window.show(made) }
        #expect(showsAt(9, 9, 0x123456))
    }

    @Test func aBufferMayStartAnywhereAndEndWithItsMemory() throws {
        let memory = try memory(Array(repeating: 7, count: 1_024))
        window.show(try buffer(memory, width: 10, height: 10, offset: 4_096 - 400))
        #expect(showsAt(0, 0, 7))
        _ = try buffer(memory, width: 10, height: 10, offset: 4_096 - 399)
        client.roundTrip()
        #expect(client.error == "zwp_linux_buffer_params_v1 6")
    }

    @Test func theClientGetsItsBufferBack() throws {
        var counts: [Int] = []
        for _ in 0..<3 {
            let memory = try memory(Array(repeating: 1, count: 200))
            let (first, second) = (
                try buffer(memory, width: 10, height: 10), try buffer(memory, width: 10, height: 10, offset: 400)
            )
            var releases: [String] = []
            first.onRelease = { releases.append("first") }
            second.onRelease = { releases.append("second") }
            window.show(first)
            #expect(showsAt(0, 0, 1) && releases.isEmpty)
            window.surface.attach(buffer: second, x: 0, y: 0)
            window.surface.damageBuffer(x: 0, y: 0, width: 10, height: 10)
            window.surface.commit()
            #expect(eventually { releases == ["first"] })
            window.surface.attach(buffer: nil, x: 0, y: 0)
            window.surface.commit()
            #expect(eventually { releases == ["first", "second"] })
            first.destroy()
            second.destroy()
            // The window starts anew.
            window.surface.commit()
            client.roundTrip()
            // The first dma-buf brings descriptors of the compositor's own and of libdispatch's, which stay.
            #expect(eventually { openDescriptorCount() <= counts.last ?? .max })
            counts.append(openDescriptorCount())
        }
        #expect(counts[1] == counts[2], "\(counts)")
    }

    @Test func `a buffer destroyed before the commit counts as none`() throws {
        let memory = try memory(Array(repeating: 1, count: 100))
        window.show(try buffer(memory, width: 10, height: 10))
        #expect(showsAt(0, 0, 1))
        let gone = try buffer(memory, width: 10, height: 10)
        window.surface.attach(buffer: gone, x: 0, y: 0)
        gone.destroy()
        window.surface.commit()
        #expect(eventually { fixture.pixel(0, 0) == DrawList.background } && client.error == nil)
    }

    @Test func `idle memory that is coherent doesn't wait for the lane`() throws {
        let memory = try memory(Array(repeating: 0x123456, count: 100))
        guard memory.isCoherent else { return }
        let buffer = try buffer(memory, width: 10, height: 10)
        var isReleased = false
        buffer.onRelease = { isReleased = true }
        client.roundTrip()
        let lane = try #require(fixture.compositor.accounts.first?.lane)
        let gate = DispatchGate()
        fixture.waitsForLanes = false
        lane.add({ _ in gate.wait() }) { _ in }
        window.show(buffer)
        fixture.nextFrame()
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(9, 9) == 0x123456)
        window.surface.attach(buffer: nil, x: 0, y: 0)
        window.surface.commit()
        client.roundTrip()
        #expect(isReleased && client.error == nil)
        gate.open()
    }

    @Test func aClientThatLeavesTakesItsMemoryAlong() throws {
        let before = mappingCount(named: "dmabuf")
        let memory = try memory(Array(repeating: 1, count: 100))
        window.show(try buffer(memory, width: 10, height: 10))
        #expect(showsAt(0, 0, 1))
        #expect(mappingCount(named: "dmabuf") == before + 1)
        fixture.disconnect(client)
        #expect(eventually { mappingCount(named: "dmabuf") == before })
    }

    @Test func pixelsAreCopiedOnceFromTheClientsMemoryIntoTheFrame() throws {
        let memory = try memory(Array(repeating: 5, count: 100))
        window.show(try buffer(memory, width: 10, height: 10))
        #expect(showsAt(0, 0, 5))
        // The client draws on in the buffer that is shown: nothing but the frame itself has to be drawn anew.
        try write(Array(repeating: 6, count: 100), to: memory)
        window.surface.damageBuffer(x: 0, y: 0, width: 10, height: 10)
        window.surface.commit()
        #expect(eventually { fixture.pixel(0, 0) == 6 })
        let node = try #require(fixture.compositor.scene.items.last?.drawable as? Surface)
        let rows = try #require(node.current.content?.source as? PixelRows)
        let address = rows.storage.withBytes { unsafe $0.withUnsafeBytes { UInt(bitPattern: $0.baseAddress!) } }
        let source = try #require(address)
        #expect(try isInDmabufMapping(source), "drawing reads from the dma-buf itself")
    }

    private func isInDmabufMapping(_ address: UInt) throws -> Bool {
        var text = ""
        let file = unsafe fopen("/proc/self/maps", "r")
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 1_024)
        while unsafe fgets(&line, CInt(line.count), file) != nil {
            text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let bounds = text.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
            if bounds.count == 2, bounds[0] <= address, address < bounds[1] { return text.contains("dmabuf") }
        }
        return false
    }

    // MARK: Fences

    /// A buffer on vgem, which lets us make fences.
    private func fenced(_ color: UInt32, _ device: DRMDevice) throws -> (handle: DumbHandle, buffer: WlBuffer) {
        fixture.waitsForLanes = false
        let dumb = try DumbBuffer(on: device, width: 16, height: 10)
        var pixels = try dumb.map()
        let size = dumb.stride * 10
        pixels.withMutableBytes(in: 0..<size) { bytes in
            for offset in stride(from: 0, to: size, by: 4) {
                bytes.storeBytes(of: color, toByteOffset: offset, as: UInt32.self)
            }
        }
        let exported = try dumb.export()
        let buffer = try buffer(exported, width: 16, height: 10)
        return (DumbHandle(dumb), buffer)
    }

    /// Keeps a dumb buffer, and its fences.
    private final class DumbHandle {
        let buffer: DumbBuffer
        private var fence: UInt32 = 0

        init(_ buffer: consuming DumbBuffer) {
            self.buffer = buffer
        }

        func attachFence() -> Bool {
            let result = signet_vgem_attach_fence(buffer.device.descriptor.rawValue, buffer.handle, 1)
            fence = UInt32(max(0, result))
            return result > 0
        }

        func signal() -> Bool { signet_vgem_signal_fence(buffer.device.descriptor.rawValue, fence) == 0 }
    }

    @Test(.needs("vgem", TestDevices.graphics("vgem") != nil))
    func aBusyBufferIsShownWhenItsFenceIsSignalled() throws {
        let device = try #require(TestDevices.graphics("vgem"))
        let first = try fenced(0x111111, device)
        let second = try fenced(0x222222, device)
        window.show(first.buffer)
        #expect(showsAt(0, 0, 0x111111))
        #expect(second.handle.attachFence())
        var shown = 0
        window.surface.frame().onDone = { _ in shown += 1 }
        window.surface.attach(buffer: second.buffer, x: 0, y: 0)
        window.surface.damageBuffer(x: 0, y: 0, width: 16, height: 10)
        window.surface.commit()
        // Others go on meanwhile.
        let other = fixture.connect()
        let otherWindow = TestWindow(other)
        otherWindow.show(TestPool(other, size: 20_000).buffer(40, 40, color: 0x333333))
        #expect(eventually { fixture.picture().joined().contains(0x333333) })
        for _ in 0..<20 { fixture.nextFrame() }
        #expect(fixture.pixel(0, 0) == 0x111111 && shown == 0)
        #expect(second.handle.signal())
        #expect(eventually { fixture.pixel(0, 0) == 0x222222 && shown == 1 })
        #expect(client.error == nil && other.error == nil)
    }

    @Test(.needs("vgem", TestDevices.graphics("vgem") != nil))
    func aFenceThatComesAfterTheLookIsWaitedForElsewhere() throws {
        let device = try #require(TestDevices.graphics("vgem"))
        let first = try fenced(0x111111, device)
        let second = try fenced(0x222222, device)
        window.show(first.buffer)
        #expect(showsAt(0, 0, 0x111111))
        // The lane is kept busy until the fence is there: the look at it is over by then.
        let lane = try #require(fixture.compositor.accounts.first?.lane)
        let gate = DispatchGate()
        fixture.waitsForLanes = false
        lane.add({ _ in gate.wait() }) { _ in }
        window.surface.attach(buffer: second.buffer, x: 0, y: 0)
        window.surface.damageBuffer(x: 0, y: 0, width: 16, height: 10)
        window.surface.commit()
        client.roundTrip()
        #expect(second.handle.attachFence())
        gate.open()
        for _ in 0..<20 {
            fixture.nextFrame()
            usleep(1_000)
        }
        #expect(fixture.pixel(0, 0) == 0x111111)
        #expect(client.roundTrip(), "the loop goes on")
        #expect(second.handle.signal())
        #expect(eventually { fixture.pixel(0, 0) == 0x222222 })
    }

    @Test(.needs("vgem", TestDevices.graphics("vgem") != nil))
    func commitsWaitInTheirOrder() throws {
        let device = try #require(TestDevices.graphics("vgem"))
        let busy = try fenced(0x222222, device)
        let pool = TestPool(client, size: 20_000)
        window.show(pool.buffer(10, 10, color: 0x111111))
        #expect(showsAt(0, 0, 0x111111))
        #expect(busy.handle.attachFence())
        window.surface.attach(buffer: busy.buffer, x: 0, y: 0)
        window.surface.damageBuffer(x: 0, y: 0, width: 16, height: 10)
        window.surface.commit()
        window.surface.attach(buffer: pool.buffer(10, 10, color: 0x444444, at: 4_000), x: 0, y: 0)
        window.surface.damageBuffer(x: 0, y: 0, width: 16, height: 10)
        window.surface.commit()
        for _ in 0..<20 { fixture.nextFrame() }
        #expect(fixture.pixel(0, 0) == 0x111111, "the second commit doesn't overtake the first")
        #expect(busy.handle.signal())
        #expect(eventually { fixture.pixel(0, 0) == 0x444444 })
    }

    @Test(.needs("vgem", TestDevices.graphics("vgem") != nil))
    func aSubtreeWaitsForTheSlowestOfIt() throws {
        let device = try #require(TestDevices.graphics("vgem"))
        let busy = try fenced(0x222222, device)
        let pool = TestPool(client, size: 20_000)
        let child = client.compositor.createSurface()
        let subsurface = client.subcompositor.getSubsurface(surface: child, parent: window.surface)
        window.show(pool.buffer(20, 20, color: 0x111111))
        #expect(showsAt(0, 0, 0x111111))
        #expect(busy.handle.attachFence())
        child.attach(buffer: busy.buffer, x: 0, y: 0)
        child.commit()
        window.surface.attach(buffer: pool.buffer(20, 20, color: 0x333333, at: 4_000), x: 0, y: 0)
        window.surface.damageBuffer(x: 0, y: 0, width: 20, height: 20)
        window.surface.commit()
        for _ in 0..<20 { fixture.nextFrame() }
        #expect(fixture.pixel(19, 19) == 0x111111, "the parent waits with its child")
        #expect(busy.handle.signal())
        #expect(eventually { fixture.pixel(19, 19) == 0x333333 })
        #expect(fixture.pixel(0, 0) == 0x222222)
        subsurface.destroy()
    }

    @Test(.needs("vgem", TestDevices.graphics("vgem") != nil), arguments: ["surface", "child", "client", "newer"])
    func leavingWhileACommitWaitsLeavesNothingBehind(what: String) throws {
        let before = mappingCount(named: "dmabuf")
        do {
            let device = try #require(TestDevices.graphics("vgem"))
            let busy = try fenced(0x222222, device)
            let pool = TestPool(client, size: 20_000)
            let child = client.compositor.createSurface()
            let subsurface = client.subcompositor.getSubsurface(surface: child, parent: window.surface)
            window.show(pool.buffer(20, 20, color: 0x111111))
            #expect(showsAt(0, 0, 0x111111))
            #expect(busy.handle.attachFence())
            child.attach(buffer: busy.buffer, x: 0, y: 0)
            child.commit()
            window.surface.commit()
            client.roundTrip()
            switch what {
            case "surface":
                subsurface.destroy()
                child.destroy()
                busy.buffer.destroy()
            case "child":
                child.destroy()
                busy.buffer.destroy()
            case "newer":
                child.attach(buffer: pool.buffer(5, 5, color: 0x555555, at: 8_000), x: 0, y: 0)
                child.commit()
                window.surface.commit()
                client.roundTrip()
                busy.buffer.destroy()
                client.roundTrip()
                #expect(busy.handle.signal())
                #expect(eventually { fixture.pixel(0, 0) == 0x555555 })
            default: fixture.disconnect(client)
            }
            if what != "client" {
                client.roundTrip()
                // Nothing is in the way any more.
                window.surface.attach(buffer: pool.buffer(20, 20, color: 0x333333, at: 4_000), x: 0, y: 0)
                window.surface.damageBuffer(x: 0, y: 0, width: 20, height: 20)
                window.surface.commit()
                #expect(eventually { fixture.pixel(19, 19) == 0x333333 })
                #expect(client.error == nil)
            }
        }
        #expect(eventually { mappingCount(named: "dmabuf") == before })
    }

    @Test(.needs("vgem", TestDevices.graphics("vgem") != nil))
    func waitingCommitsAreCounted() throws {
        let fixture = Fixture { $0.limits.waitingCommits = 3 }
        let client = fixture.connect()
        let window = TestWindow(client)
        let device = try #require(TestDevices.graphics("vgem"))
        let dumb = try DumbBuffer(on: device, width: 16, height: 10)
        let fence = signet_vgem_attach_fence(device.descriptor.rawValue, dumb.handle, 1)
        #expect(fence > 0)
        let params = client.bind(ZwpLinuxDmabufV1.self).createParams()
        params.add(
            fd: try dumb.export().descriptor.duplicate(),
            planeIdx: 0,
            offset: 0,
            stride: UInt32(dumb.stride),
            modifierHi: 0,
            modifierLo: 0
        )
        let buffer = params.createImmed(width: 16, height: 10, format: PixelFormat.xrgb8888.fourcc, flags: [])
        window.show(buffer)
        for _ in 0..<2 { window.surface.commit() }
        client.roundTrip()
        #expect(client.error == nil)
        window.surface.commit()
        client.roundTrip()
        #expect(client.error == "wl_display 2")
        #expect(signet_vgem_signal_fence(device.descriptor.rawValue, UInt32(fence)) == 0)
    }

    // MARK: Devices

    @Test(.needs("DRM device", TestDevices.graphics("vgem") != nil), arguments: ["vgem", "virtio_gpu"])
    func clientsHearWhichDeviceTheirBuffersAreFor(driver: String) throws {
        let device = try #require(TestDevices.graphics(driver))
        let fixture = Fixture { $0.device = device }
        let client = fixture.connect()
        let dmabuf = client.bind(ZwpLinuxDmabufV1.self)
        #expect(dmabuf.version == 4)
        let feedback = dmabuf.getSurfaceFeedback(surface: client.compositor.createSurface())
        var heard: [String] = []
        var (formats, table) = ([UInt32](), [UInt8]())
        feedback.onFormatTable = { fd, size in
            heard.append("table \(size)")
            let mapping = try! ReadOnlyMapping(fd, length: Int(size))
            #expect(throws: SystemError.self) { _ = try WritableMapping(fd, length: Int(size)) }
            table = mapping.withBytes(in: 0..<Int(size)) { bytes in
                (0..<Int(size)).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
            }
        }
        feedback.onMainDevice = { heard.append("main \($0.bytes.count)") }
        feedback.onTrancheTargetDevice = { heard.append("target \($0.bytes.count)") }
        feedback.onTrancheFlags = { heard.append("flags \($0.rawValue)") }
        feedback.onTrancheFormats = { heard.append("formats \($0.bytes.count / 2)") }
        feedback.onTrancheDone = { heard.append("tranche") }
        feedback.onDone = { heard.append("done") }
        client.roundTrip()
        let count = BufferFormat.all.count * 2
        #expect(
            heard == [
                "table \(count * 16)", "main 8", "target 8", "flags 0", "formats \(count)", "tranche", "done",
            ]
        )
        for entry in stride(from: 0, to: table.count, by: 32) {
            formats.append((0..<4).reduce(0) { $0 | UInt32(table[entry + $1]) << ($1 * 8) })
        }
        #expect(formats == BufferFormat.all.map(\.fourcc))
        // A buffer that the device refuses is drawn all the same.
        let memory = try memory(Array(repeating: 9, count: 100))
        let params = dmabuf.createParams()
        params.add(
            fd: try memory.descriptor.duplicate(),
            planeIdx: 0,
            offset: 0,
            stride: 40,
            modifierHi: 0,
            modifierLo: 0
        )
        let window = TestWindow(client)
        window.show(params.createImmed(width: 10, height: 10, format: PixelFormat.xrgb8888.fourcc, flags: []))
        var isShown = false
        for _ in 0..<1_000 where !isShown {
            fixture.nextFrame()
            isShown = fixture.picture().joined().contains(9)
            usleep(1_000)
        }
        #expect(isShown && client.error == nil)
        let account = try #require(fixture.compositor.accounts.first)
        #expect(account.arrivals.dmabufs == 1)
        if driver == "vgem" { #expect(account.arrivals.imported == 1) }
    }

    @Test(.needs("DRM device", TestDevices.graphics("vgem") != nil))
    func aModifierThatWasntAnnouncedIsAnErrorFromVersionFourOn() throws {
        let fixture = Fixture { $0.device = TestDevices.graphics("vgem") }
        let client = fixture.connect()
        let params = client.bind(ZwpLinuxDmabufV1.self).createParams()
        let memory = try memory(Array(repeating: 9, count: 100))
        params.add(
            fd: try memory.descriptor.duplicate(),
            planeIdx: 0,
            offset: 0,
            stride: 40,
            modifierHi: 0x0100_0000,
            modifierLo: 1
        )
        client.roundTrip()
        #expect(client.error == "zwp_linux_buffer_params_v1 4")
    }
}

/// Lets a thread wait until another says so.
private final class DispatchGate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func wait() { semaphore.wait() }
    func open() { semaphore.signal() }
}
