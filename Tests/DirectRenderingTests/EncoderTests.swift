import DirectRendering
import Glibc
import SharedMemory
import TestSupport
import Testing

/// Pictures in dma-bufs, coded by a mem2mem device, over the interface that it has: single- or multi-planar.
@Suite(.serialized, .needs("encoder", TestDevices.encoder != nil && !SystemMemory.heaps().isEmpty))
struct EncoderTests {
    /// The smallest that vicodec takes; of NV12 it reads 368 rows.
    private let format = VideoQueue.Format(
        pixelFormat: FourCC.code("NV12")!,
        width: 640,
        height: 360,
        planes: [.init(stride: 640, size: 345_600)]
    )

    private func encoder(
        _ format: VideoQueue.Format,
        _ settings: VideoEncoder.Settings = .init()
    ) throws -> VideoEncoder {
        try VideoEncoder(
            path: try #require(TestDevices.encoder).path,
            source: format,
            codings: [FourCC.code("FWHT")!],
            settings: settings,
            timeout: 10_000
        )
    }

    /// A picture of noise, which is best coded as what has changed since the one before.
    private func picture(_ seed: Int, size: Int = 353_280) throws -> VideoMemory {
        let memory = try SystemMemory.allocate(size, from: SystemMemory.heaps()[0])
        var pixels = try WritableMapping(memory.descriptor, length: size)
        let noise = (0..<4_096).map { UInt8(truncatingIfNeeded: ($0 + seed) &* 0x9e37_79b1 >> 13) }
        pixels.withMutableBytes(in: 0..<size) { bytes in
            unsafe bytes.withUnsafeMutableBytes { bytes in
                for start in stride(from: 0, to: size, by: noise.count) {
                    unsafe memcpy(bytes.baseAddress! + start, noise, min(noise.count, size - start))
                }
            }
        }
        return VideoMemory(memory)
    }

    @Test func `each picture comes out once, in its order`() throws {
        let before = openDescriptorCount()
        do {
            let encoder = try encoder(format, .init(keyFrameInterval: 2))
            let pictures = try (0..<3).map { try picture(60 * $0) }
            var coded: [VideoEncoder.CodedPicture] = []
            for number in 0..<12 { coded += try encoder.encode([pictures[number / 4]]) }
            coded += try encoder.finish()
            #expect(coded.map(\.number) == Array(0..<12))
            #expect(coded[0].isKeyFrame && !coded.allSatisfy(\.isKeyFrame))
            // fwht.h, FWHT_MAGIC1 and 2.
            #expect(coded.allSatisfy { $0.bytes.starts(with: [0x4f, 0x4f, 0x4f, 0x4f, 0xff, 0xff, 0xff, 0xff]) })
            #expect(throws: VideoError.ended(device: encoder.path)) { _ = try encoder.encode([pictures[0]]) }
            #expect(try encoder.finish().isEmpty)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test func `columns that the device wants are there and aren't shown`() throws {
        var narrow = format
        (narrow.pixelFormat, narrow.width) = (FourCC.code("YUYV")!, 650)
        narrow.planes = [.init(stride: 1_312, size: 1_312 * 360)]
        let encoder = try encoder(narrow)
        #expect(encoder.source.width == 656)
        let coded = try encoder.encode([try picture(100, size: 1_312 * 360)]) + encoder.finish()
        // The header's width and height, fwht.h.
        let header = try #require(coded.first).bytes[12..<20]
        #expect(Array(header) == [0, 0, 2, 138, 0, 0, 1, 104])
    }

    @Test func `what doesn't fit is an error that says what`() throws {
        let before = openDescriptorCount()
        do {
            let path = try #require(TestDevices.encoder).path
            func message(_ format: VideoQueue.Format) -> String {
                do {
                    _ = try self.encoder(format)
                    return ""
                } catch { return "\(error)" }
            }
            var wrong = format
            wrong.planes[0].stride = 1_024
            #expect(message(wrong).contains("640 bytes a row of NV12 of 640x360, 1024 bytes a row"))
            wrong = format
            wrong.pixelFormat = FourCC.code("S264")!
            #expect(message(wrong).hasPrefix("\(path) takes none of S264; it takes "))
            (wrong.pixelFormat, wrong.width, wrong.height) = (format.pixelFormat, 64, 32)
            wrong.planes = [.init(stride: 64, size: 3_072)]
            #expect(message(wrong).contains("makes NV12 of 640x368"))
            do {
                _ = try VideoEncoder(path: path, source: format, codings: [FourCC.code("H264")!])
                Issue.record("it codes H264")
            } catch { #expect("\(error)" == "\(path) gives none of H264; it gives FWHT") }
            let encoder = try self.encoder(format)
            let short = try picture(0, size: 4_096)
            #expect(throws: VideoError.shortMemory(device: path, needed: 353_280, size: 4_096)) {
                _ = try encoder.encode([short])
            }
            #expect(throws: VideoError.self) { _ = try encoder.encode([]) }
            #expect(try encoder.encode([try picture(0)]).count + encoder.finish().count == 1)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(.needs("multi-planar encoder", TestDevices.encoder?.isMultiPlanar(.output) == true))
    func `the multi-planar interface does the same`() throws {
        let encoder = try encoder(format)
        let coded = try encoder.encode([try picture(7)]) + encoder.finish()
        #expect(coded.map(\.number) == [0] && coded[0].isKeyFrame)
    }
}
