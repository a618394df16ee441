import CDRM
@testable import Compositor
import DirectRendering
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// Frames in a graphics device's dumb buffers.
@Suite(.serialized, .needs("vgem", TestDevices.graphics("vgem") != nil)) struct DumbFrameTests {
    /// A compositor with a window and a reader.
    private final class Party {
        let fixture: Fixture
        let client: TestClient
        let reader: TestClient
        let pool: TestPool
        let window: TestWindow
        let session: SignetSealedFrameSessionV1

        init(_ storage: FrameStorage) {
            fixture = Fixture { $0.frameStorage = storage }
            client = fixture.connect()
            reader = fixture.connect()
            pool = TestPool(client, size: 800)
            window = TestWindow(client)
            window.show(pool.buffer(10, 10, color: 0xff0000))
            session = reader.bind(SignetSealedFrameManagerV1.self).createSession(output: reader.output)
        }

        func paint(_ color: UInt32) {
            TestFile.write([UInt32](repeating: color, count: 100), to: pool.file)
            window.surface.damage(x: 0, y: 0, width: 10, height: 10)
            window.surface.commit()
        }

        /// The next frame that shows something new.
        func frame() -> ReaderFrame {
            let frame = ReaderFrame(session)
            reader.roundTrip()
            for _ in 0..<3 where !frame.isReady { fixture.nextFrame() }
            return frame
        }
    }

    private func device() throws -> DRMDevice { try #require(TestDevices.graphics("vgem")) }

    @Test func `their pixels are those of sealed files, from frame to frame`() throws {
        let before = openDescriptorCount()
        do {
            let (sealed, dumb) = (Party(.files), Party(.dumbBuffers(try device())))
            var held: [ReaderFrame] = []
            for color: UInt32 in [0xff0000, 0x00ff00, 0x0000ff, 0x123456, 0xabcdef] {
                sealed.paint(color)
                dumb.paint(color)
                let (one, other) = (sealed.frame(), dumb.frame())
                #expect(one.kind == .sealed && other.kind == .dmabuf)
                #expect(other.layout == (200, 100, 800, 0x3432_5258))
                let picture = other.picture()
                #expect(one.picture() == picture && picture.joined().contains(color))
                #expect(one.damage == other.damage)
                one.proxy.destroy()
                // Two buffers by turns, so that each has to be repaired.
                held.append(other)
                if held.count == 2 { held.removeFirst().proxy.destroy() }
            }
        }
        #expect(openDescriptorCount() == before)
    }

    #if DEBUG
        @Test(arguments: ["DRM_IOCTL_PRIME_HANDLE_TO_FD", "lseek", "mmap"])
        func `nothing is left where a buffer can't be made`(request: String) throws {
            let device = try device()
            let before = openDescriptorCount()
            let faults = InjectedFaults([request: [.noMemory]])
            InjectedFaults.$current.withValue(faults) {
                #expect(throws: SystemError(call: request, errno: .noMemory)) {
                    _ = try Compositor.tryFrameMemory(in: .dumbBuffers(device))
                }
            }
            #expect(faults.isUsedUp && openDescriptorCount() == before)
        }
    #endif

    @Test func `a reader can't map one for writing`() throws {
        let party = Party(.dumbBuffers(try device()))
        let memory = try #require(party.frame().memory)
        #expect(throws: SystemError(call: "mmap", errno: .accessDenied)) {
            _ = try WritableMapping(memory.descriptor, length: 4_096)
        }
        _ = try ReadOnlyMapping(shared: memory.descriptor, length: 80_000)
    }

    @Test func `a device that a reader lets go on reading holds nobody up`() throws {
        let party = Party(.dumbBuffers(try device()))
        let other = try device()
        let descriptor = other.descriptor.rawValue
        var fences: [UInt32] = []
        for color: UInt32 in 1...6 {
            party.paint(color)
            let frame = party.frame()
            #expect(frame.isReady && frame.picture().joined().contains(color))
            var handle: UInt32 = 0
            let memory = try #require(frame.memory)
            #expect(unsafe drmPrimeFDToHandle(descriptor, memory.descriptor.rawValue, &handle) == 0)
            let fence = signet_vgem_attach_fence(descriptor, handle, color % 2 == 0 ? 1 : 0)
            #expect(fence > 0)
            fences.append(UInt32(fence))
            frame.proxy.destroy()
        }
        // vgem's fences take ten seconds by themselves: those that were there when the last frame was drawn still do.
        #expect(signet_vgem_signal_fence(descriptor, fences[4]) == 0)
        #expect(signet_vgem_signal_fence(descriptor, fences[5]) == 0)
    }

    @Test(.needs("converter", TestDevices.convertsFrames))
    func `a converter reads one as it is`() throws {
        let party = Party(.dumbBuffers(try device()))
        party.paint(0xff0000)
        let frame = party.frame()
        let size = frame.layout.stride * frame.layout.height
        let converter = try VideoConverter(
            path: try #require(TestDevices.converter).path,
            source: .init(
                pixelFormat: frame.layout.format,
                width: frame.layout.width,
                height: frame.layout.height,
                planes: [.init(stride: frame.layout.stride, size: size)]
            ),
            reading: .dmaBuffers,
            formats: [FourCC.code("YUYV")!]
        )
        let buffer = try DMABuffer(owning: try #require(frame.memory).descriptor.duplicate())
        let index = try converter.convert(VideoMemory(buffer))
        let picture = frame.picture()
        let stride = converter.format.planes[0].stride
        let luma = try VideoMemoryView(converter.buffers[index][0]).withBytes(in: 0..<stride * frame.layout.height) {
            bytes in
            (0..<frame.layout.height).map { y in
                (0..<frame.layout.width).map { x in
                    unsafe bytes.unsafeLoad(fromByteOffset: y * stride + x * 2, as: UInt8.self)
                }
            }
        }
        let expected = picture.map { row in
            row.map { color in
                let (r, g, b) = (Int(color >> 16), Int(color >> 8 & 0xff), Int(color & 0xff))
                return UInt8((8_453 * r + 16_594 * g + 3_223 * b + 524_288) >> 15)
            }
        }
        #expect(luma == expected)
    }
}
