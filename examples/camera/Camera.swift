import ClientToolkit
import DirectRendering
import SharedMemory
import WaylandClient

/// A V4L2 device that captures into memory that the compositor sees too.
final class Camera {
    let queue: VideoQueue
    let format: PictureFormat
    let picture: VideoQueue.Format
    private(set) var frames: [Frame] = []

    /// Agrees with `device` on a format.
    init(_ device: VideoDevice, _ format: PictureFormat, width: Int, height: Int) throws {
        queue = try device.queue(.capture)
        self.format = format
        picture = try queue.setFormat(format.pixelFormat, width: width, height: height)
        guard picture.pixelFormat == format.pixelFormat else {
            throw DeviceError(request: "VIDIOC_S_FMT", device: device.path, errno: .invalidArgument)
        }
    }

    /// Captures into the device's own memory, which it exports: MMAP and EXPBUF.
    func useOwnMemory(_ dmabuf: ZwpLinuxDmabufV1) throws {
        for index in 0..<(try queue.allocate(4)) {
            let memories = try picture.planes.indices.map { Frame.Memory(try queue.export(index, plane: $0)) }
            frames.append(Frame(index: index, memories, dmabuf, format, picture))
        }
    }

    /// Captures into memory of a graphics device, which it imports: PRIME and DMABUF.
    func useMemory(of graphics: DRMDevice, _ dmabuf: ZwpLinuxDmabufV1) throws {
        for index in 0..<(try queue.prepareImport(4)) {
            let memories = try picture.planes.map { plane in
                // Rows of pixels mean nothing here; there have to be enough bytes.
                let (columns, rows) = ((plane.stride + 3) / 4, (plane.size + plane.stride - 1) / plane.stride)
                return Frame.Memory(try DumbBuffer(on: graphics, width: columns, height: rows).export())
            }
            frames.append(Frame(index: index, memories, dmabuf, format, picture))
        }
    }

    /// Has the device fill a frame.
    func fill(_ frame: Frame) throws {
        try queue.enqueue(frame.index, memory: frame.memories.map { $0.buffer.descriptor.rawValue })
    }

    /// Has the device fill all frames, one after the other, from now on.
    func start() throws {
        for frame in frames { try fill(frame) }
        try queue.start()
    }
}
