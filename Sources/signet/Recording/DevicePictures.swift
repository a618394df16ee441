import DirectRendering
import SharedMemory
import SignetDriver
import VideoChannel

/// Pictures that a V4L2 device makes: it reads the compositor's frames where they are, and others read what it made as
/// dma-bufs.
final class DevicePictures: Pictures {
    let layout: PictureLayout
    let matrix: VideoOrder.Matrix
    private let converter: VideoConverter
    /// What was made and isn't given back.
    private var held: Set<Int> = []
    /// Frames' memory as the device knows it: a compositor draws into a few buffers in turn.
    private var sources: [(file: UInt64, memory: VideoMemory)] = []
    private static let sourceLimit = 4
    private let frameSize: (width: Int, height: Int)

    /// For frames like `frame`, and an encoder for `container`.
    init(_ path: String, for frame: ReceivedFrame, container: VideoOrder.Container) throws {
        let (width, height, stride) = (frame.width, frame.height, frame.rowLength)
        frameSize = (width, height)
        guard width % 2 == 0, height % 2 == 0 else {
            throw Failure("\(path) can't convert \(width)x\(height) pixels; give the output an even size")
        }
        let code = { (name: StaticString) in FourCC.code("\(name)")! }
        let source = VideoQueue.Format(
            pixelFormat: code("XR24"),
            width: width,
            height: height,
            planes: [VideoQueue.Format.Plane(stride: stride, size: stride * height)]
        )
        // libx264, and files of pictures, want NV12.
        let formats = container == .elementaryStream ? [code("NV12"), code("YUYV")] : [code("NV12")]
        do throws(VideoError) {
            converter = try VideoConverter(
                path: path,
                source: source,
                reading: frame.isDMABuffer ? .dmaBuffers : .mappings,
                formats: formats
            )
        } catch {
            throw Failure("--converter: \(error)")
        }
        let made = converter.format
        let lumaStride = made.planes[0].stride
        let isNV12 = made.pixelFormat == code("NV12")
        let offsets = isNV12 ? [0, lumaStride * height] : [0]
        let planes = offsets.map { PictureLayout.Plane(offset: $0, stride: lumaStride) }
        guard
            let layout = PictureLayout(format: isNV12 ? .nv12 : .yuyv, width: width, height: height, planes: planes),
            made.planes.count == 1, converter.buffers.allSatisfy({ $0[0].size >= layout.byteCount }),
            (3...VideoOrder.mostSlots).contains(converter.buffers.count)
        else { throw Failure("--converter: \(path) makes pictures that lie otherwise than its format says") }
        guard !converter.colors.isFullRange || container == .elementaryStream else {
            throw Failure("--converter: \(path) makes luma from 0 to 255, and the video would be too pale")
        }
        matrix = converter.colors.matrix == .bt601 ? .bt601 : .bt709
        self.layout = layout
    }

    var count: Int { converter.buffers.count }

    func hand(to orderer: VideoOrderer) throws {
        for planes in converter.buffers {
            guard let descriptor = try planes[0].duplicateDescriptor() else {
                throw Failure("\(converter.path) hands out no dma-bufs")
            }
            try orderer.add(descriptor, .dmabuf, layout)
        }
    }

    /// A device converts all of a frame.
    func note(_ damage: [PixelArea]?) {}

    func convert(_ frame: ReceivedFrame, into free: [Int]) throws -> Int {
        guard frame.width == frameSize.width, frame.height == frameSize.height else {
            throw Failure("the output has changed its size, which \(converter.path) can't follow; record it anew")
        }
        do {
            for slot in free where held.remove(slot) != nil { try converter.giveBack(slot) }
            let slot = try converter.convert(try memory(of: frame))
            held.insert(slot)
            return slot
        } catch let error as VideoError {
            throw Failure("--converter: \(error)")
        }
    }

    private func memory(of frame: ReceivedFrame) throws -> VideoMemory {
        let memory = try frame.withFile { file, offset -> VideoMemory? in
            guard offset == 0 else { return nil }
            let number = try file.fileNumber()
            if let known = sources.first(where: { $0.file == number }) { return known.memory }
            let memory =
                frame.isDMABuffer
                ? VideoMemory(try DMABuffer(owning: try file.duplicate()))
                : try VideoMemory(mapping: file, length: frame.rowLength * frame.height)
            if sources.count == Self.sourceLimit { sources.removeFirst() }
            sources.append((number, memory))
            return memory
        }
        guard case .some(.some(let found)) = memory else {
            throw Failure(
                "the compositor's frames can't be read by a device here: they aren't sealed; leave out --converter"
            )
        }
        return found
    }
}
