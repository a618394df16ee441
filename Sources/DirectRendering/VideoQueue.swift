internal import CLinux
internal import Glibc
internal import SharedMemory

/// The buffers that a ``VideoDevice`` fills or reads, for one direction.
///
/// The order is: ``setFormat(_:width:height:)``, ``allocate(_:)`` or ``prepareImport(_:)``, buffers in, ``start()``,
/// and then buffers out and in again.
public final class VideoQueue {
    /// How a picture lies in memory.
    public struct Format: Hashable, Sendable {
        /// A dma-buf's share of it.
        public struct Plane: Hashable, Sendable {
            /// Bytes from one row of the first component in it to the next.
            public var stride: Int
            /// Bytes altogether.
            public var size: Int
        }

        /// V4L2's code of four letters. Not all of them are DRM's: NM12 is NV12 in two dma-bufs.
        public var pixelFormat: UInt32
        /// Width in pixels.
        public var width: Int
        /// Height in pixels.
        public var height: Int
        /// One for each dma-buf of a buffer.
        public var planes: [Plane]
    }

    /// A buffer that came back.
    public struct Finished: Hashable, Sendable {
        /// Its number.
        public var index: Int
        /// The picture's number.
        public var sequence: UInt32
        /// Whether the picture may be damaged; V4L2_BUF_FLAG_ERROR.
        public var isDamaged: Bool
    }

    /// Whose buffers they are.
    public let device: VideoDevice
    /// What was agreed on last.
    public private(set) var format: Format?
    private let direction: VideoDevice.Direction
    private let isMultiPlanar: Bool
    private let type: v4l2_buf_type
    private var memory = V4L2_MEMORY_MMAP
    private var isStreaming = false

    init(device: VideoDevice, direction: VideoDevice.Direction, isMultiPlanar: Bool) {
        self.device = device
        self.direction = direction
        self.isMultiPlanar = isMultiPlanar
        type =
            switch (direction, isMultiPlanar) {
            case (.capture, false): V4L2_BUF_TYPE_VIDEO_CAPTURE
            case (.capture, true): V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
            case (.output, false): V4L2_BUF_TYPE_VIDEO_OUTPUT
            case (.output, true): V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
            }
    }

    deinit {
        // Otherwise the device would go on writing into buffers until its node is closed.
        if isStreaming { try? stop() }
    }

    private func request(_ name: String, _ call: (CInt) -> CInt) throws(DeviceError) {
        let number = device.descriptor.rawValue
        _ = try perform(name, on: device.path) { call(number) }
    }

    // MARK: Formats

    /// The codes of the formats that there are, in the device's order.
    public func pixelFormats() -> [UInt32] {
        var result: [UInt32] = []
        var description = v4l2_fmtdesc()
        description.type = type.rawValue
        while unsafe signet_v4l2_enumerate_formats(device.descriptor.rawValue, &description) == 0 {
            result.append(description.pixelformat)
            description.index += 1
        }
        return result
    }

    /// Asks for a format; what the device makes of it is returned, and may differ in every respect.
    ///
    /// Source: VIDIOC_S_FMT.
    @discardableResult
    public func setFormat(_ pixelFormat: UInt32, width: Int, height: Int) throws(DeviceError) -> Format {
        var wanted = unsafe v4l2_format()
        unsafe wanted.type = type.rawValue
        if isMultiPlanar {
            unsafe wanted.fmt.pix_mp.pixelformat = pixelFormat
            unsafe wanted.fmt.pix_mp.width = UInt32(clamping: width)
            unsafe wanted.fmt.pix_mp.height = UInt32(clamping: height)
            unsafe wanted.fmt.pix_mp.field = UInt32(V4L2_FIELD_NONE.rawValue)
        } else {
            unsafe wanted.fmt.pix.pixelformat = pixelFormat
            unsafe wanted.fmt.pix.width = UInt32(clamping: width)
            unsafe wanted.fmt.pix.height = UInt32(clamping: height)
            unsafe wanted.fmt.pix.field = UInt32(V4L2_FIELD_NONE.rawValue)
        }
        try request("VIDIOC_S_FMT") { unsafe signet_v4l2_set_format($0, &wanted) }
        let agreed: Format
        if isMultiPlanar {
            let picture = unsafe wanted.fmt.pix_mp
            let planes = unsafe withUnsafeBytes(of: picture.plane_fmt) { bytes in
                unsafe bytes.bindMemory(to: v4l2_plane_pix_format.self).prefix(Int(picture.num_planes)).map {
                    Format.Plane(stride: Int($0.bytesperline), size: Int($0.sizeimage))
                }
            }
            agreed = Format(
                pixelFormat: picture.pixelformat,
                width: Int(picture.width),
                height: Int(picture.height),
                planes: planes
            )
        } else {
            let picture = unsafe wanted.fmt.pix
            agreed = Format(
                pixelFormat: picture.pixelformat,
                width: Int(picture.width),
                height: Int(picture.height),
                planes: [Format.Plane(stride: Int(picture.bytesperline), size: Int(picture.sizeimage))]
            )
        }
        format = agreed
        return agreed
    }

    // MARK: Buffers

    /// Has the device make `count` buffers of its own; returns how many it made. Source: VIDIOC_REQBUFS, MMAP.
    public func allocate(_ count: Int) throws(DeviceError) -> Int { try requestBuffers(count, V4L2_MEMORY_MMAP) }

    /// Has the device take `count` buffers of others; returns how many it will. Source: VIDIOC_REQBUFS, DMABUF.
    public func prepareImport(_ count: Int) throws(DeviceError) -> Int { try requestBuffers(count, V4L2_MEMORY_DMABUF) }

    private func requestBuffers(_ count: Int, _ memory: v4l2_memory) throws(DeviceError) -> Int {
        var buffers = v4l2_requestbuffers()
        buffers.count = UInt32(clamping: count)
        buffers.type = type.rawValue
        buffers.memory = memory.rawValue
        try request("VIDIOC_REQBUFS") { unsafe signet_v4l2_request_buffers($0, &buffers) }
        self.memory = memory
        return Int(buffers.count)
    }

    /// A buffer of the device's, or one plane of it, as a dma-buf that is open for reading, and for writing where the
    /// device is the one that reads. Source: VIDIOC_EXPBUF.
    public func export(_ index: Int, plane: Int = 0) throws(DeviceError) -> DMABuffer {
        var export = v4l2_exportbuffer()
        export.type = type.rawValue
        export.index = UInt32(clamping: index)
        export.plane = UInt32(clamping: plane)
        export.flags = UInt32((direction == .output ? O_RDWR : O_RDONLY) | O_CLOEXEC)
        try request("VIDIOC_EXPBUF") { unsafe signet_v4l2_export_buffer($0, &export) }
        return try DMABuffer(owning: Descriptor(owning: export.fd))
    }

    /// Gives the device a buffer to fill, or to read.
    ///
    /// Where buffers are others', `memory` has the descriptor of each plane's dma-buf; the device takes references of
    /// its own. Source: VIDIOC_QBUF.
    public func enqueue(_ index: Int, memory descriptors: [CInt] = []) throws(DeviceError) {
        var planes = [v4l2_plane](repeating: v4l2_plane(), count: max(1, format?.planes.count ?? 1))
        for (plane, descriptor) in descriptors.enumerated() where plane < planes.count {
            unsafe planes[plane].m.fd = descriptor
            // The driver knows how long a dma-buf is.
            planes[plane].bytesused = UInt32(clamping: format?.planes[plane].size ?? 0)
        }
        unsafe try exchange("VIDIOC_QBUF", index, &planes) { descriptor, buffer in
            unsafe signet_v4l2_queue_buffer(descriptor, buffer)
        }
    }

    /// Takes a buffer back that the device is done with; nil where there is none yet. Source: VIDIOC_DQBUF.
    public func dequeue() throws(DeviceError) -> Finished? {
        var planes = [v4l2_plane](repeating: v4l2_plane(), count: max(1, format?.planes.count ?? 1))
        do throws(DeviceError) {
            let buffer = unsafe try exchange("VIDIOC_DQBUF", 0, &planes) { descriptor, buffer in
                unsafe signet_v4l2_dequeue_buffer(descriptor, buffer)
            }
            return unsafe Finished(
                index: Int(buffer.index),
                sequence: buffer.sequence,
                isDamaged: buffer.flags & UInt32(V4L2_BUF_FLAG_ERROR) != 0
            )
        } catch {
            if error.errno == .wouldBlock { return nil }
            throw error
        }
    }

    @discardableResult
    private func exchange(
        _ name: String,
        _ index: Int,
        _ planes: inout [v4l2_plane],
        _ call: (CInt, UnsafeMutablePointer<v4l2_buffer>) -> CInt
    ) throws(DeviceError) -> v4l2_buffer {
        var buffer = unsafe v4l2_buffer()
        unsafe buffer.type = type.rawValue
        unsafe buffer.memory = memory.rawValue
        unsafe buffer.index = UInt32(clamping: index)
        var failure: DeviceError?
        unsafe planes.withUnsafeMutableBufferPointer { planes in
            if isMultiPlanar {
                unsafe buffer.m.planes = planes.baseAddress
                unsafe buffer.length = UInt32(planes.count)
            } else if memory == V4L2_MEMORY_DMABUF {
                unsafe buffer.m.fd = planes[0].m.fd
                unsafe buffer.bytesused = planes[0].bytesused
            }
            do throws(DeviceError) {
                try request(name) { descriptor in unsafe call(descriptor, &buffer) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return unsafe buffer
    }

    // MARK: Streaming

    /// Lets the device begin. Source: VIDIOC_STREAMON.
    public func start() throws(DeviceError) {
        var type = CInt(type.rawValue)
        try request("VIDIOC_STREAMON") { unsafe signet_v4l2_stream_on($0, &type) }
        isStreaming = true
    }

    /// Has the device stop, and takes all buffers back. Source: VIDIOC_STREAMOFF.
    public func stop() throws(DeviceError) {
        var type = CInt(type.rawValue)
        try request("VIDIOC_STREAMOFF") { unsafe signet_v4l2_stream_off($0, &type) }
        isStreaming = false
    }
}
