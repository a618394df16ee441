import DirectRendering
import Glibc
import SharedMemory
import TestSupport
import Testing

/// Frames in, YUV out, through a mem2mem device: no copy on either end, and no more than the kernel's guarantees allow.
@Suite(.serialized) struct ConverterTests {
    private let yuyvCode = FourCC.code("YUYV")!

    private func converter(
        of frame: SealedFrame,
        _ kind: VideoConverter.SourceKind = .mappings,
        formats: [String] = ["NV12", "YUYV"],
        count: Int = 4,
        timeout: Int = 10_000
    ) throws -> VideoConverter {
        let converter = try VideoConverter(
            path: try #require(TestDevices.converter).path,
            source: frame.format,
            reading: kind,
            formats: formats.map { FourCC.code($0)! },
            count: count,
            timeout: timeout
        )
        // vim2m takes 40 ms for a picture otherwise.
        try converter.setControl(Self.transactionTime, to: 1)
        return converter
    }

    /// The number of vim2m's control for how long it takes, in milliseconds.
    private static let transactionTime: UInt32 = 0x98_1900

    private func wrongRows(_ converter: VideoConverter, _ index: Int, seed: UInt32 = 0) throws -> [Int] {
        let (format, memory) = (converter.format, converter.buffers[index][0])
        return try VideoMemoryView(memory).withBytes(in: 0..<format.planes[0].size) { bytes in
            DirectRenderingTests.wrongRows(
                bytes,
                width: format.width,
                height: format.height,
                stride: format.planes[0].stride,
                seed: seed
            )
        }
    }

    // MARK: The chain

    @Test(.needs("converter", TestDevices.convertsFrames && TestDevices.encoder != nil), arguments: ["sealed", "dumb"])
    func `a frame becomes YUYV bit by bit, and its descriptor an encoder's picture`(memory: String) throws {
        let before = openDescriptorCount()
        do {
            let frame = try SealedFrame(640, 360)
            let source: VideoMemory
            if memory == "sealed" {
                source = try frame.memory()
            } else {
                let device = try #require(TestDevices.graphics("vgem"))
                let buffer = try DumbBuffer(on: device, width: 640, height: 360)
                let stride = buffer.stride
                #expect(stride == 2_560)
                var pixels = try buffer.map()
                fill(&pixels, width: 640, height: 360, stride: 2_560, seed: 0)
                source = VideoMemory(try buffer.export(forReading: true))
            }
            let converter = try converter(of: frame, memory == "sealed" ? .mappings : .dmaBuffers)
            #expect(converter.format.pixelFormat == yuyvCode)
            #expect(converter.colors.matrix == .bt601 && !converter.colors.isFullRange)
            let index = try converter.convert(source)
            #expect(try wrongRows(converter, index) == [])

            let encoder = try VideoEncoder(
                path: try #require(TestDevices.encoder).path,
                source: converter.format,
                colors: converter.colors,
                codings: [FourCC.code("H264")!, FourCC.code("FWHT")!],
                timeout: 10_000
            )
            #expect(encoder.coding == FourCC.code("FWHT"))
            let coded = try encoder.encode(converter.buffers[index]) + encoder.finish()
            #expect(coded.map(\.number) == [0])
            // Other memory with the same bytes is coded the same.
            let copy = try copy(converter, index)
            let other = try VideoEncoder(
                path: encoder.path,
                source: converter.format,
                colors: converter.colors,
                codings: [encoder.coding],
                timeout: 10_000
            )
            #expect(try other.encode([copy]) + other.finish() == coded)
            #expect(coded[0].bytes.count > 1_000 && coded[0].isKeyFrame)
        }
        #expect(openDescriptorCount() == before)
    }

    /// What a buffer holds, in fresh memory.
    private func copy(_ converter: VideoConverter, _ index: Int) throws -> VideoMemory {
        let memory = converter.buffers[index][0]
        let copy = try SystemMemory.allocate(memory.size, from: SystemMemory.heaps()[0])
        var pixels = try WritableMapping(copy.descriptor, length: memory.size)
        try VideoMemoryView(memory).withBytes(in: 0..<memory.size) { bytes in
            unsafe bytes.withUnsafeBytes { from in
                pixels.withMutableBytes(in: 0..<memory.size) { bytes in
                    unsafe bytes.withUnsafeMutableBytes { unsafe $0.copyMemory(from: from) }
                }
            }
        }
        return VideoMemory(copy)
    }

    // MARK: What goes in

    @Test(.needs("converter", TestDevices.convertsFrames))
    func `the device reads the pages that the compositor draws into`() throws {
        let frame = try SealedFrame(64, 32)
        let converter = try converter(of: frame)
        let memory = try frame.memory()
        for color: UInt32 in [0xff0000, 0x00ff00, 0x123456] {
            frame.set(10, 20, to: color)
            frame.set(11, 20, to: color)
            let index = try converter.convert(memory)
            let stride = converter.format.planes[0].stride
            let pair = try VideoMemoryView(converter.buffers[index][0]).withBytes(
                in: 20 * stride + 20..<20 * stride + 24
            ) { bytes in unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) } }
            #expect(pair == yuyv(color, color))
            try converter.giveBack(index)
        }
    }

    @Test(.needs("converter", TestDevices.convertsFrames))
    func `a frame that is mapped where another one was is read, and not that one`() throws {
        let shape = try SealedFrame(64, 32)
        let converter = try converter(of: shape)
        // More than the device has buffers for.
        for seed: UInt32 in 1...20 {
            let frame = try SealedFrame(64, 32, seed: seed &* 0x1357)
            let index = try converter.convert(try frame.memory())
            #expect(try wrongRows(converter, index, seed: seed &* 0x1357) == [])
            try converter.giveBack(index)
            Disposal.drain()
        }
    }

    @Test(.needs("converter", TestDevices.convertsFrames))
    func `no device writes into a frame`() throws {
        let frame = try SealedFrame(64, 32)
        let queue = try #require(TestDevices.converter).queue(.capture)
        try queue.setFormat(yuyvCode, width: 64, height: 32)
        #expect(try queue.prepareMappings(1) == 1)
        let memory = try frame.memory()
        #expect(
            throws: DeviceError(
                request: "VIDIOC_QBUF",
                device: queue.device.path,
                errno: Errno(rawValue: EFAULT)
            )
        ) { try queue.enqueue(0, planes: [memory]) }
    }

    @Test(.needs("converter", TestDevices.convertsFrames))
    func `memory that is shorter than a picture isn't read`() throws {
        let before = openDescriptorCount()
        do {
            let (frame, small) = (try SealedFrame(64, 64), try SealedFrame(64, 48))
            let converter = try converter(of: frame)
            #expect(throws: VideoError.shortMemory(device: converter.path, needed: 16_384, size: 12_288)) {
                _ = try converter.convert(try small.memory())
            }
            // A file that is shorter than its mapping has no pages there.
            let cut = TestFile.memfd(8_192)
            let memory = try VideoMemory(mapping: cut, length: 16_384)
            do {
                _ = try converter.convert(memory)
                Issue.record("that isn't there")
            } catch {
                #expect(
                    error
                        == .refusedMemory(
                            device: converter.path,
                            isDMABuffer: false,
                            errno: Errno(rawValue: EFAULT)
                        )
                )
            }
            // Of another kind than was agreed on.
            let heap = VideoMemory(try SystemMemory.allocate(16_384, from: SystemMemory.heaps()[0]))
            #expect(throws: VideoError.self) { _ = try converter.convert(heap) }
            let index = try converter.convert(try frame.memory())
            #expect(try wrongRows(converter, index) == [])
        }
        #expect(openDescriptorCount() == before)
    }

    // MARK: What comes out

    @Test(.needs("converter", TestDevices.convertsFrames && TestDevices.encoder != nil))
    func `what comes out is for reading, and stays when the device is gone`() throws {
        let before = openDescriptorCount()
        do {
            let frame = try SealedFrame(640, 360)
            var converter: VideoConverter? = try converter(of: frame)
            let (format, index) = (converter!.format, try converter!.convert(try frame.memory()))
            let planes = converter!.buffers[index]
            do {
                let descriptor = try planes[0].duplicateDescriptor()!
                #expect(throws: SystemError(call: "mmap", errno: .accessDenied)) {
                    _ = try WritableMapping(descriptor, length: 4_096)
                }
            }
            let openNodes = openDescriptorCount()
            weak let gone = converter
            converter = nil
            // But the four buffers are there as long as somebody holds them: one of them does.
            #expect(gone == nil && openDescriptorCount() == openNodes - 4)
            let wrong = try VideoMemoryView(planes[0]).withBytes(in: 0..<format.planes[0].size) {
                DirectRenderingTests.wrongRows($0, width: 640, height: 360, stride: 1_280, seed: 0)
            }
            #expect(wrong == [])
            let encoder = try VideoEncoder(
                path: try #require(TestDevices.encoder).path,
                source: format,
                codings: [FourCC.code("FWHT")!],
                timeout: 10_000
            )
            #expect(try encoder.encode(planes).count + encoder.finish().count == 1)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(.needs("converter", TestDevices.convertsFrames))
    func `there is room for rows that only an encoder reads`() throws {
        let frame = try SealedFrame(64, 40)
        let converter = try VideoConverter(
            path: try #require(TestDevices.converter).path,
            source: frame.format,
            reading: .mappings,
            formats: [yuyvCode],
            sizes: [128 * 48]
        )
        let index = try converter.convert(try frame.memory())
        #expect(try wrongRows(converter, index) == [])
        #expect(converter.buffers.allSatisfy { $0[0].size == 8_192 })
    }

    @Test(.needs("converter", TestDevices.convertsFrames))
    func `a held buffer isn't filled`() throws {
        let (first, second) = (try SealedFrame(64, 32, seed: 1), try SealedFrame(64, 32, seed: 0xabcdef))
        let converter = try converter(of: first, count: 2)
        #expect(converter.buffers.count == 2)
        let held = try converter.convert(try first.memory())
        for _ in 0..<3 {
            let other = try converter.convert(try second.memory())
            #expect(other != held)
            #expect(throws: VideoError.allHeld(device: converter.path, count: 2)) {
                _ = try converter.convert(try second.memory())
            }
            try converter.giveBack(other)
        }
        #expect(try wrongRows(converter, held, seed: 1) == [])
        #expect(converter.heldCount == 1)
    }

    // MARK: What can't be

    @Test(.needs("converter", TestDevices.convertsFrames))
    func `what a device makes something else of is an error that says what`() throws {
        let before = openDescriptorCount()
        do {
            let path = try #require(TestDevices.converter).path
            func message(_ source: VideoQueue.Format, _ formats: [String]) -> String {
                let codes = formats.map { FourCC.code($0)! }
                do {
                    _ = try VideoConverter(path: path, source: source, reading: .mappings, formats: codes)
                    return ""
                } catch { return "\(error)" }
            }
            let frame = try SealedFrame(64, 32)
            var source = frame.format
            #expect(message(source, ["NV12", "I420"]).hasPrefix("\(path) gives none of NV12, I420; it gives RGBP"))
            source.pixelFormat = FourCC.code("AR24")!
            #expect(message(source, ["YUYV"]).hasPrefix("\(path) takes none of AR24; it takes RGBP"))
            source = frame.format
            source.planes[0].stride = 512
            #expect(
                message(source, ["YUYV"])
                    == "\(path) makes XR24 of 64x32, 256 bytes a row of XR24 of 64x32, 512 bytes a row"
            )
            (source.width, source.planes) = (65, [.init(stride: 260, size: 8_320)])
            #expect(message(source, ["YUYV"]).contains("makes XR24 of 64x32"))
            source.width = .max
            #expect(message(source, ["YUYV"]).hasPrefix("\(path) makes nothing of XR24 of 9223372036854775807x32"))
            source = frame.format
            source.planes = []
            #expect(message(source, ["YUYV"]).hasPrefix("\(path) makes nothing of"))
            source = frame.format
            source.planes[0].size = 8_000
            #expect(message(source, ["YUYV"]) == "\(path) needs 8192 bytes for a plane whose memory has 8000")
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(.needs("converter", TestDevices.convertsFrames))
    func `a device that doesn't answer is given up in time`() throws {
        let before = openDescriptorCount()
        do {
            let frame = try SealedFrame(64, 32)
            let converter = try converter(of: frame, timeout: 300)
            // Twice, so that the second one waits in the kernel.
            let index = try converter.convert(try frame.memory())
            try converter.setControl(Self.transactionTime, to: 4_000)
            let start = ContinuousClock.now
            let error = VideoError.noAnswer(device: converter.path, milliseconds: 300)
            #expect("\(error)" == "\(converter.path) didn't answer within 300 ms")
            #expect(throws: error) { _ = try converter.convert(try frame.memory()) }
            #expect(throws: error) { _ = try converter.convert(try frame.memory()) }
            #expect(ContinuousClock.now - start < .seconds(3))
            #expect(try wrongRows(converter, index) == [])
            try converter.giveBack(index)
        }
        // The node is closed when the device is done.
        for _ in 0..<200 where openDescriptorCount() != before { usleep(50_000) }
        #expect(openDescriptorCount() == before)
    }

    #if DEBUG
        @Test(
            .needs("converter", TestDevices.convertsFrames),
            arguments: [
                ("open", 0), ("VIDIOC_QUERYCAP", 0), ("VIDIOC_S_FMT", 0), ("VIDIOC_S_FMT", 1), ("VIDIOC_REQBUFS", 0),
                ("VIDIOC_REQBUFS", 1), ("VIDIOC_EXPBUF", 0), ("VIDIOC_EXPBUF", 2), ("lseek", 1), ("fstat", 3),
                ("VIDIOC_QBUF", 0), ("VIDIOC_QBUF", 3), ("VIDIOC_STREAMON", 0), ("VIDIOC_STREAMON", 1),
                ("VIDIOC_QBUF", 4), ("VIDIOC_DQBUF", 0), ("VIDIOC_DQBUF", 1), ("poll", 0),
            ]
        )
        func `nothing is left where a request fails`(request: String, after count: Int) throws {
            let frame = try SealedFrame(64, 32)
            let path = try #require(TestDevices.converter).path
            let memory = try frame.memory()
            let before = openDescriptorCount()
            let failure = Errno(rawValue: EIO)
            let faults = InjectedFaults([request: Array(repeating: nil, count: count) + [failure]])
            InjectedFaults.$current.withValue(faults) {
                do throws(VideoError) {
                    let converter = try VideoConverter(
                        path: path,
                        source: frame.format,
                        reading: .mappings,
                        formats: [yuyvCode]
                    )
                    _ = try converter.convert(memory)
                    Issue.record("\(request) was made well")
                } catch {
                    #expect("\(error)".hasSuffix(": \(request): \(failure)"))
                }
                #expect(faults.isUsedUp)
            }
            for _ in 0..<100 where openDescriptorCount() != before { usleep(20_000) }
            #expect(openDescriptorCount() == before)
        }
    #endif

    @Test(.needs("camera", TestDevices.camera(isMultiPlanar: false) != nil))
    func `a camera converts nothing`() throws {
        let camera = try #require(TestDevices.camera(isMultiPlanar: false))
        let frame = try SealedFrame(64, 32)
        #expect(throws: VideoError.notMemoryToMemory(device: camera.path, card: camera.card)) {
            _ = try VideoConverter(path: camera.path, source: frame.format, reading: .mappings, formats: [yuyvCode])
        }
    }

    @Test func `what is no device is said`() throws {
        let before = openDescriptorCount()
        do {
            let frame = try SealedFrame(64, 32)
            do {
                _ = try VideoConverter(path: "/dev/null", source: frame.format, reading: .mappings, formats: [yuyvCode])
                Issue.record("that is no device")
            } catch {
                #expect("\(error)" == "/dev/null: VIDIOC_QUERYCAP: Inappropriate ioctl for device")
            }
        }
        #expect(openDescriptorCount() == before)
    }

    @Test func `colours that a device doesn't tell follow from those that it tells`() {
        let (rec709, bt2020, jpeg) = (3, 10, 7) as (UInt32, UInt32, UInt32)
        #expect(VideoColors.sRGB.matrix == .bt601 && !VideoColors.sRGB.isFullRange)
        #expect(VideoColors(colorSpace: rec709).matrix == .bt709)
        #expect(VideoColors(colorSpace: bt2020).matrix == .bt2020)
        #expect(VideoColors(colorSpace: jpeg).isFullRange)
        #expect(!VideoColors(colorSpace: jpeg, quantization: 2).isFullRange)
        #expect(VideoColors(colorSpace: rec709, encoding: 1).matrix == .bt601)
        #expect(VideoColors(colorSpace: rec709, encoding: 77).matrix == .other)
    }

    @Test func `formats have names of four letters`() {
        #expect(FourCC.code("XR24") == 0x3432_5258 && FourCC.name(0x3432_5258) == "XR24")
        #expect(FourCC.code("Y8") == 0x2020_3859 && FourCC.name(0x2020_3859) == "Y8")
        #expect(FourCC.code("") == nil && FourCC.code("XR24X") == nil && FourCC.code("\u{e9}") == nil)
        #expect(FourCC.name(0xff00_0001) == "0xff000001")
    }
}
