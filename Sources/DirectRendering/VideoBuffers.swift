internal import CLinux
internal import Glibc
internal import SharedMemory

extension VideoQueue {
    /// A buffer that came back.
    public struct Finished: Hashable, Sendable {
        /// Its number.
        public var index: Int
        /// The picture's number, as the device counts.
        public var sequence: UInt32
        /// Whether the picture may be damaged; V4L2_BUF_FLAG_ERROR.
        public var isDamaged: Bool
        /// Whether a coded picture needs no other one, V4L2_BUF_FLAG_KEYFRAME; nil where the device doesn't tell.
        public var isKeyFrame: Bool?
        /// Whether none follows, after all that was given in was asked for; V4L2_BUF_FLAG_LAST.
        public var isLast: Bool
        /// What the picture that it was made of was queued with, in a mem2mem device that copies it; microseconds in
        /// others.
        public var stamp: UInt64
        /// The bytes with content in each plane, as far as the device says.
        public var content: [Range<Int>]
    }

    /// Has the device make `count` buffers of its own; returns how many it made. Source: VIDIOC_REQBUFS, MMAP.
    public func allocate(_ count: Int) throws(DeviceError) -> Int { try requestBuffers(count, V4L2_MEMORY_MMAP) }

    /// Has the device take `count` buffers of others; returns how many it will. Source: VIDIOC_REQBUFS, DMABUF.
    public func prepareImport(_ count: Int) throws(DeviceError) -> Int { try requestBuffers(count, V4L2_MEMORY_DMABUF) }

    /// Has the device take `count` buffers of memory that is mapped here; returns how many it will.
    ///
    /// Source: VIDIOC_REQBUFS, USERPTR.
    public func prepareMappings(_ count: Int) throws(DeviceError) -> Int {
        try requestBuffers(count, V4L2_MEMORY_USERPTR)
    }

    private func requestBuffers(_ count: Int, _ memory: v4l2_memory) throws(DeviceError) -> Int {
        var buffers = v4l2_requestbuffers()
        buffers.count = UInt32(clamping: count)
        buffers.type = type.rawValue
        buffers.memory = memory.rawValue
        try request("VIDIOC_REQBUFS") { unsafe signet_v4l2_request_buffers($0, &buffers) }
        self.memory = memory
        lentMappings = [:]
        return Int(buffers.count)
    }

    /// Has the device make `count` buffers of its own with at least so many bytes in each plane, where its format takes
    /// fewer; returns how many it made. Source: VIDIOC_CREATE_BUFS, MMAP.
    func allocate(_ count: Int, sizes: [Int]) throws(DeviceError) -> Int {
        var buffers = unsafe v4l2_create_buffers()
        unsafe buffers.count = UInt32(clamping: count)
        unsafe buffers.memory = V4L2_MEMORY_MMAP.rawValue
        unsafe buffers.format.type = type.rawValue
        try request("VIDIOC_G_FMT") { unsafe signet_v4l2_get_format($0, &buffers.format) }
        if isMultiPlanar {
            unsafe withUnsafeMutableBytes(of: &buffers.format.fmt.pix_mp.plane_fmt) { bytes in
                let planes = unsafe bytes.bindMemory(to: v4l2_plane_pix_format.self)
                for (plane, size) in zip(planes.indices, sizes) {
                    unsafe planes[plane].sizeimage = max(planes[plane].sizeimage, UInt32(clamping: size))
                }
            }
        } else {
            let size = unsafe buffers.format.fmt.pix.sizeimage
            unsafe buffers.format.fmt.pix.sizeimage = max(size, UInt32(clamping: sizes.first ?? 0))
        }
        try request("VIDIOC_CREATE_BUFS") { unsafe signet_v4l2_create_buffers($0, &buffers) }
        memory = V4L2_MEMORY_MMAP
        return unsafe Int(buffers.count)
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
        var planes = emptyPlanes()
        for (plane, descriptor) in descriptors.enumerated() where plane < planes.count {
            unsafe planes[plane].m.fd = descriptor
            // The driver knows how long a dma-buf is, and refuses one that is shorter.
            planes[plane].bytesused = UInt32(clamping: format?.planes[plane].size ?? 0)
            planes[plane].length = planes[plane].bytesused
        }
        unsafe try exchange("VIDIOC_QBUF", index, &planes) { descriptor, buffer in
            unsafe signet_v4l2_queue_buffer(descriptor, buffer)
        }
    }

    /// Gives the device a buffer that consists of others' memory, one for each plane of the format: dma-bufs after
    /// ``prepareImport(_:)``, and mappings after ``prepareMappings(_:)``. EINVAL where one of them is shorter than what
    /// the device reads or writes, and EFAULT where a device would write into what is mapped for reading.
    ///
    /// What was made of it has the same ``Finished/stamp``. The device reads a mapping's pages as they are, and those
    /// are kept until the buffer gets others. Source: VIDIOC_QBUF.
    public func enqueue(_ index: Int, planes memories: [VideoMemory], stamp: UInt64 = 0) throws(DeviceError) {
        let sizes = format?.planes.map(\.size) ?? []
        let isMapped = memory == V4L2_MEMORY_USERPTR
        guard memories.count == sizes.count, memory != V4L2_MEMORY_MMAP,
            zip(memories, sizes).allSatisfy({ $0.size >= $1 && $0.isDMABuffer != isMapped })
        else {
            throw DeviceError(request: "VIDIOC_QBUF", device: device.path, errno: .invalidArgument)
        }
        var planes = emptyPlanes()
        for (plane, memory) in memories.enumerated() {
            planes[plane].bytesused = UInt32(clamping: sizes[plane])
            // No more than it reads, so that it has no page beyond.
            planes[plane].length = UInt32(clamping: sizes[plane])
            if isMapped {
                unsafe planes[plane].m.userptr = memory.address
            } else {
                unsafe planes[plane].m.fd = memory.number
            }
        }
        unsafe try exchange("VIDIOC_QBUF", index, &planes, stamp: stamp) { descriptor, buffer in
            unsafe signet_v4l2_queue_buffer(descriptor, buffer)
        }
        if isMapped { lentMappings[index] = memories }
    }

    /// Takes a buffer back that the device is done with; nil where there is none yet. Source: VIDIOC_DQBUF.
    public func dequeue() throws(DeviceError) -> Finished? {
        var planes = emptyPlanes()
        do throws(DeviceError) {
            let buffer = unsafe try exchange("VIDIOC_DQBUF", 0, &planes) { descriptor, buffer in
                unsafe signet_v4l2_dequeue_buffer(descriptor, buffer)
            }
            func has(_ flag: CInt) -> Bool { unsafe buffer.flags & UInt32(flag) != 0 }
            return unsafe Finished(
                index: Int(buffer.index),
                sequence: buffer.sequence,
                isDamaged: has(V4L2_BUF_FLAG_ERROR),
                isKeyFrame: has(V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME)
                    ? has(V4L2_BUF_FLAG_KEYFRAME) : nil,
                isLast: has(V4L2_BUF_FLAG_LAST),
                stamp: UInt64(clamping: buffer.timestamp.tv_sec) &* 1_000_000
                    &+ UInt64(clamping: buffer.timestamp.tv_usec),
                content: isMultiPlanar
                    ? planes.map { Int(min($0.data_offset, $0.bytesused))..<Int($0.bytesused) }
                    : [0..<Int(buffer.bytesused)]
            )
        } catch {
            if error.errno == .wouldBlock { return nil }
            throw error
        }
    }

    private func emptyPlanes() -> [v4l2_plane] {
        [v4l2_plane](repeating: v4l2_plane(), count: max(1, format?.planes.count ?? 1))
    }

    @discardableResult
    private func exchange(
        _ name: String,
        _ index: Int,
        _ planes: inout [v4l2_plane],
        stamp: UInt64 = 0,
        _ call: (CInt, UnsafeMutablePointer<v4l2_buffer>) -> CInt
    ) throws(DeviceError) -> v4l2_buffer {
        var buffer = unsafe v4l2_buffer()
        unsafe buffer.type = type.rawValue
        unsafe buffer.memory = memory.rawValue
        unsafe buffer.index = UInt32(clamping: index)
        unsafe buffer.timestamp = timeval(tv_sec: Int(stamp / 1_000_000), tv_usec: Int(stamp % 1_000_000))
        var failure: DeviceError?
        unsafe planes.withUnsafeMutableBufferPointer { planes in
            if isMultiPlanar {
                unsafe buffer.m.planes = planes.baseAddress
                unsafe buffer.length = UInt32(planes.count)
            } else if memory == V4L2_MEMORY_DMABUF {
                unsafe buffer.m.fd = planes[0].m.fd
                unsafe buffer.length = planes[0].length
                unsafe buffer.bytesused = planes[0].bytesused
            } else if memory == V4L2_MEMORY_USERPTR {
                unsafe buffer.m.userptr = planes[0].m.userptr
                unsafe buffer.length = planes[0].length
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
}
