import DirectRendering
import Glibc
import SharedMemory
import TestSupport
import Testing

/// V4L2 queues, on the kernel's virtual cameras.
@Suite(.serialized) struct VideoTests {
    /// V4L2's code for a name of four letters.
    private func code(_ name: String) -> UInt32 { name.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) } }

    /// The next picture, within two seconds.
    private func next(_ queue: VideoQueue) throws -> VideoQueue.Finished? {
        var entry = pollfd(fd: queue.device.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        for _ in 0..<20 {
            if let finished = try queue.dequeue() { return finished }
            _ = unsafe poll(&entry, 1, 100)
        }
        return nil
    }

    /// How many different bytes there are: a test picture has many, untouched memory one.
    private func variety(_ buffer: borrowing DMABuffer) throws -> Int {
        let mapping = try ReadOnlyMapping(buffer.descriptor, length: buffer.size)
        try buffer.beginAccess(.read)
        defer { try? buffer.endAccess(.read) }
        return mapping.withBytes(in: 0..<buffer.size) { bytes in
            var values: Set<UInt8> = []
            for index in 0..<bytes.byteCount {
                values.insert(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            }
            return values.count
        }
    }

    @Test(
        .needs("camera", TestDevices.camera(isMultiPlanar: false) != nil),
        arguments: [("YUYV", 1), ("NV12", 1), ("YU12", 1)]
    )
    func aDevicesOwnBuffersAreExported(format: String, planes: Int) throws {
        let camera = try #require(TestDevices.camera(isMultiPlanar: false))
        try capture(camera, format, planes: planes)
    }

    @Test(.needs("camera", TestDevices.camera(isMultiPlanar: true) != nil), arguments: [("NM12", 2), ("YM12", 3)])
    func eachPlaneMayBeABufferOfItsOwn(format: String, planes: Int) throws {
        let camera = try #require(TestDevices.camera(isMultiPlanar: true))
        try capture(camera, format, planes: planes)
    }

    private func capture(_ camera: VideoDevice, _ format: String, planes: Int) throws {
        let before = openDescriptorCount()
        do {
            let queue = try camera.queue(.capture)
            #expect(queue.pixelFormats().contains(code(format)))
            let agreed = try queue.setFormat(code(format), width: 320, height: 180)
            #expect(agreed.pixelFormat == code(format) && agreed.width == 320 && agreed.height == 180)
            #expect(agreed.planes.count == planes)
            let count = try queue.allocate(3)
            #expect(count >= 3)
            for index in 0..<count { try queue.enqueue(index) }
            try queue.start()
            let finished = try #require(try next(queue))
            #expect(!finished.isDamaged)
            for plane in 0..<planes {
                let buffer = try queue.export(finished.index, plane: plane)
                let size = buffer.size
                #expect(size >= agreed.planes[plane].size)
                #expect(try variety(buffer) > 4)
            }
            try queue.stop()
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(
        .needs("camera", TestDevices.camera(isMultiPlanar: false) != nil && TestDevices.graphics("vgem") != nil),
        arguments: [("YUYV", false), ("NM12", true)]
    )
    func aDeviceCapturesIntoBuffersOfAnother(format: String, isMultiPlanar: Bool) throws {
        let before = openDescriptorCount()
        do {
            let camera = try #require(TestDevices.camera(isMultiPlanar: isMultiPlanar))
            let graphics = try #require(TestDevices.graphics("vgem"))
            let queue = try camera.queue(.capture)
            let agreed = try queue.setFormat(code(format), width: 320, height: 180)
            let planes = try agreed.planes.map { plane in
                let rows = (plane.size + plane.stride - 1) / plane.stride
                let buffer = try DumbBuffer(on: graphics, width: plane.stride, height: rows, bitsPerPixel: 8)
                return try buffer.export().descriptor.duplicate().relinquish()
            }
            defer { for plane in planes { close(plane) } }
            #expect(try queue.prepareImport(1) >= 1)
            try queue.enqueue(0, memory: planes)
            try queue.start()
            let finished = try #require(try next(queue))
            #expect(finished.index == 0)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(.needs("display", TestDevices.display != nil && !SystemMemory.heaps().isEmpty), arguments: [false, true])
    func picturesGoOutToo(imports: Bool) throws {
        let before = openDescriptorCount()
        do {
            let display = try #require(TestDevices.display)
            #expect(!display.can(.capture))
            #expect(throws: DeviceError.self) { _ = try display.queue(.capture) }
            let queue = try display.queue(.output)
            let agreed = try queue.setFormat(code("YUYV"), width: 720, height: 576)
            let memory = try SystemMemory.allocate(agreed.planes[0].size, from: SystemMemory.heaps()[0])
            let descriptors = imports ? [memory.descriptor.rawValue] : []
            let count = imports ? try queue.prepareImport(2) : try queue.allocate(2)
            #expect(count >= 2)
            try queue.enqueue(0, memory: descriptors)
            try queue.start()
            var entry = pollfd(fd: display.descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
            var finished: VideoQueue.Finished?
            for _ in 0..<20 where finished == nil {
                finished = try queue.dequeue()
                // It keeps the picture that it shows until there is another.
                if finished == nil { try? queue.enqueue(1, memory: descriptors) }
                _ = unsafe poll(&entry, 1, 100)
            }
            #expect(finished?.index == 0)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(.needs("camera", TestDevices.camera(isMultiPlanar: true) != nil && TestDevices.display != nil))
    func `a picture in two buffers goes from one device to another by two descriptors`() throws {
        let before = openDescriptorCount()
        do {
            let camera = try #require(TestDevices.camera(isMultiPlanar: true))
            let capture = try camera.queue(.capture)
            let output = try #require(TestDevices.display).queue(.output)
            let agreed = try capture.setFormat(code("NM12"), width: 1_280, height: 720)
            // The upper left part of that.
            let shown = try output.setFormat(code("NM12"), width: 720, height: 576, strides: [1_280, 1_280])
            #expect(shown.planes.map(\.stride) == agreed.planes.map(\.stride) && agreed.planes.count == 2)
            _ = try capture.allocate(2)
            #expect(try output.prepareImport(2) >= 2)
            try capture.enqueue(0)
            try capture.start()
            let finished = try #require(try next(capture))
            let planes = try (0..<2).map { VideoMemory(try capture.export(finished.index, plane: $0)) }
            #expect(throws: DeviceError.self) { try output.enqueue(0, planes: [planes[0]]) }
            #expect(throws: DeviceError.self) { try output.enqueue(0, planes: [planes[1], planes[0]]) }
            try output.enqueue(0, planes: planes)
            try output.enqueue(1, planes: planes)
            try output.start()
            #expect(try next(output)?.index == 0)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(.needs("converter", TestDevices.converter != nil))
    func aConverterReadsOneBufferAndWritesAnother() throws {
        let before = openDescriptorCount()
        do {
            let converter = try #require(TestDevices.converter)
            let (output, capture) = (try converter.queue(.output), try converter.queue(.capture))
            // RGB565, which it copies as it is.
            let (given, wanted) = (
                try output.setFormat(code("RGBP"), width: 64, height: 32),
                try capture.setFormat(code("RGBP"), width: 64, height: 32)
            )
            #expect(given == wanted)
            #expect(try output.allocate(1) == 1 && capture.prepareImport(1) == 1)
            let memory = try SystemMemory.allocate(wanted.planes[0].size, from: SystemMemory.heaps()[0])
            let source = try output.export(0)
            var pixels = try WritableMapping(source.descriptor, length: source.size)
            pixels.withMutableBytes(in: 0..<4_096) { bytes in
                for offset in 0..<4_096 {
                    bytes.storeBytes(of: UInt8(truncatingIfNeeded: offset * 7), toByteOffset: offset, as: UInt8.self)
                }
            }
            try output.enqueue(0)
            try capture.enqueue(0, memory: [memory.descriptor.rawValue])
            try output.start()
            try capture.start()
            let finished = try #require(try next(capture))
            #expect(finished.index == 0 && !finished.isDamaged)
            let mapping = try ReadOnlyMapping(memory.descriptor, length: memory.size)
            try memory.beginAccess(.read)
            let isCopied = mapping.withBytes(in: 0..<4_096) { bytes in
                (0..<4_096).allSatisfy { offset in
                    unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                        == UInt8(truncatingIfNeeded: offset * 7)
                }
            }
            try memory.endAccess(.read)
            #expect(isCopied)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(.needs("camera", TestDevices.camera(isMultiPlanar: false) != nil))
    func whatGoesOutOfOrderIsAnError() throws {
        let queue = try #require(TestDevices.camera(isMultiPlanar: false)).queue(.capture)
        #expect(throws: DeviceError.self) { try queue.enqueue(0) }
        #expect(throws: DeviceError.self) { _ = try queue.export(99) }
        #expect(throws: DeviceError.self) { try queue.start() }
    }
}
