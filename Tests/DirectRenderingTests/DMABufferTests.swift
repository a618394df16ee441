import CDRM
import DirectRendering
import Glibc
import SharedMemory
import TestSupport
import Testing

/// dma-bufs: where they come from, what can be learnt of them, and whose turn it is. Most of it on real devices.
@Suite(.serialized) struct DMABufferTests {
    private func pixel(_ index: Int, of mapping: borrowing ReadOnlyMapping) -> UInt32 {
        mapping.withBytes(in: index * 4..<index * 4 + 4) { unsafe $0.unsafeLoad(as: UInt32.self) }
    }

    @Test(arguments: ["memfd", "pipe", "file"])
    func whatIsNoDMABufferIsClosed(kind: String) throws {
        let before = openDescriptorCount()
        let descriptor =
            switch kind {
            case "memfd": TestFile.memfd(4_096, seals: .shrink)
            case "pipe": TestFile.pipe()
            default: TestFile.open("/proc/self/exe", O_RDONLY)
            }
        let isOne = try DMABuffer(ifDMABuffer: descriptor) != nil
        #expect(!isOne)
        #expect(openDescriptorCount() == before)
    }

    @Test func errorsNameTheRequestTheDeviceAndTheReason() {
        do {
            _ = try DRMDevice(path: "/dev/null")
            Issue.record("that is no device")
        } catch {
            #expect("\(error)" == "/dev/null: DRM_IOCTL_VERSION: No such device")
        }
        do {
            _ = try VideoDevice(path: "/nonexistent/video0")
            Issue.record("that is no device")
        } catch {
            #expect("\(error)" == "/nonexistent/video0: open: No such file or directory")
        }
        do {
            _ = try SystemMemory.allocate(4_096, from: "/dev/null")
            Issue.record("that is no heap")
        } catch {
            #expect("\(error)" == "/dev/null: DMA_HEAP_IOCTL_ALLOC: Inappropriate ioctl for device")
        }
    }

    // MARK: udmabuf and heaps

    @Test(.needs("udmabuf", TestDevices.hasUdmabuf))
    func aMemfdAndItsDMABufferShowTheSamePixels() throws {
        let before = openDescriptorCount()
        do {
            let file = TestFile.memfd(16_384, seals: .shrink)
            TestFile.write([1, 2, 3], to: file, at: 4_096)
            let buffer = try SystemMemory.udmabuf(of: file, range: 4_096..<12_288)
            let size = buffer.size
            #expect(size == 8_192)
            let mapping = try ReadOnlyMapping(buffer.descriptor, length: buffer.size)
            try buffer.withAccess(.read) {
                #expect(pixel(2, of: mapping) == 3)
            }
            TestFile.write([4], to: file, at: 4_096)
            #expect(pixel(0, of: mapping) == 4)
            let isSeen = try DMABuffer(ifDMABuffer: try buffer.descriptor.duplicate()) != nil
            #expect(isSeen)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(
        .needs("udmabuf", TestDevices.hasUdmabuf),
        arguments: [Seals(), [.shrink, .write]]
    )
    func udmabufTakesOnlyWhatStaysWritable(seals: Seals) {
        let file = TestFile.memfd(4_096, seals: seals)
        #expect(throws: DeviceError(request: "UDMABUF_CREATE", device: "/dev/udmabuf", errno: .invalidArgument)) {
            _ = try SystemMemory.udmabuf(of: file, range: 0..<4_096)
        }
    }

    @Test(.needs("dma_heap", !SystemMemory.heaps().isEmpty))
    func heapsGiveFreshMemory() throws {
        let buffer = try SystemMemory.allocate(5_000, from: SystemMemory.heaps()[0])
        let size = buffer.size
        #expect(size == 8_192)
        var mapping = try WritableMapping(buffer.descriptor, length: buffer.size)
        try buffer.withAccess(.readWrite) {
            mapping.withMutableBytes(in: 0..<4) {
                #expect(unsafe $0.bytes.unsafeLoad(as: UInt32.self) == 0)
                $0.storeBytes(of: 7, as: UInt32.self)
            }
        }
        let isReady = try buffer.isReady(for: .write)
        #expect(isReady)
    }

    // MARK: Graphics devices

    @Test(.needs("DRM device", TestDevices.graphics("vgem") != nil), arguments: ["vgem", "virtio_gpu", "vkms"])
    func dumbBuffersTravelAsDMABuffers(driver: String) throws {
        let before = openDescriptorCount()
        do {
            let device = try #require(TestDevices.graphics(driver))
            #expect(device.capabilities.primeExport && device.number != 0)
            let buffer = try DumbBuffer(on: device, width: 100, height: 50)
            let (stride, size) = (buffer.stride, buffer.size)
            #expect(stride >= 400 && size >= 50 * stride)
            var pixels = try buffer.map()
            pixels.withMutableBytes(in: 0..<8) { $0.storeBytes(of: 0x123456, toByteOffset: 4, as: UInt32.self) }
            let exported = try buffer.export()
            let exportedSize = exported.size
            #expect(exportedSize >= size)
            let mapping = try ReadOnlyMapping(exported.descriptor, length: exported.size)
            try exported.withAccess(.read) {
                #expect(pixel(1, of: mapping) == 0x123456)
            }
            try device.tryImport(exported)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(.needs("DRM device", TestDevices.graphics("vgem") != nil))
    func driversDecideWhoseBuffersTheyTake() throws {
        let vgem = try #require(TestDevices.graphics("vgem"))
        let virtio = try #require(TestDevices.graphics("virtio_gpu"))
        let foreign = try SystemMemory.allocate(4_096, from: SystemMemory.heaps()[0])
        try vgem.tryImport(foreign)
        try vgem.tryImport(try DumbBuffer(on: virtio, width: 16, height: 16).export())
        do {
            try virtio.tryImport(foreign)
        } catch {
            // Linux 6.14 and later take it.
            #expect(error.request == "DRM_IOCTL_PRIME_FD_TO_HANDLE" && error.errno == Errno(rawValue: ENODEV))
        }
        do {
            _ = try DumbBuffer(on: vgem, width: 0, height: 16)
            Issue.record("that has no pixels")
        } catch {
            #expect(error.errno == .invalidArgument)
        }
    }

    #if arch(x86_64)
        @Test func `it is known which need no syncing`() throws {
            if let heap = SystemMemory.heaps().first(where: { $0.hasSuffix("system") }) {
                #expect(try SystemMemory.allocate(4_096, from: heap).isCoherent)
            }
            if TestDevices.hasUdmabuf {
                let file = TestFile.memfd(4_096, seals: .shrink)
                #expect(try SystemMemory.udmabuf(of: file, range: 0..<4_096).isCoherent)
            }
            if let device = TestDevices.graphics("vgem") {
                #expect(try !DumbBuffer(on: device, width: 16, height: 16).export().isCoherent)
            }
        }
    #endif

    /// Whether reading and writing could begin.
    private func states(_ buffer: borrowing DMABuffer) throws -> [Bool] {
        [try buffer.isReady(for: .read), try buffer.isReady(for: .write)]
    }

    @Test(.needs("vgem", TestDevices.graphics("vgem") != nil))
    func fencesTellWhoseTurnItIs() throws {
        let before = openDescriptorCount()
        do {
            let device = try #require(TestDevices.graphics("vgem"))
            let buffer = try DumbBuffer(on: device, width: 16, height: 16)
            let exported = try buffer.export()
            #expect(try states(exported) == [true, true])
            let fence = signet_vgem_attach_fence(device.descriptor.rawValue, buffer.handle, 1)
            #expect(fence > 0)
            #expect(try states(exported) == [false, false])
            let writing = try exported.exportFence(for: .read)
            var entry = pollfd(fd: writing.rawValue, events: Int16(POLLIN), revents: 0)
            #expect(unsafe poll(&entry, 1, 0) == 0)
            #expect(signet_vgem_signal_fence(device.descriptor.rawValue, UInt32(fence)) == 0)
            #expect(unsafe poll(&entry, 1, 0) == 1)
            #expect(try states(exported) == [true, true])
            try exported.withAccess(.read) {}
            // One who only reads is in nobody's way but a writer's.
            let reading = signet_vgem_attach_fence(device.descriptor.rawValue, buffer.handle, 0)
            #expect(try states(exported) == [true, false])
            #expect(signet_vgem_signal_fence(device.descriptor.rawValue, UInt32(reading)) == 0)
        }
        #expect(openDescriptorCount() == before)
    }
}
