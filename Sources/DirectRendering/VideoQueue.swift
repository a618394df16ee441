internal import CLinux
internal import Glibc
internal import SharedMemory

/// The buffers that a ``VideoDevice`` fills or reads, for one direction.
///
/// The order is: ``setFormat(_:width:height:strides:sizes:)``, ``allocate(_:)`` or ``prepareImport(_:)``, buffers in,
/// ``start()``, and then buffers out and in again.
public final class VideoQueue {
    /// How a picture lies in memory.
    public struct Format: Hashable, Sendable {
        /// A dma-buf's share of it.
        public struct Plane: Hashable, Sendable {
            /// Bytes from one row of the first component in it to the next.
            public var stride: Int
            /// Bytes altogether.
            public var size: Int

            /// A plane's share, as given.
            public init(stride: Int, size: Int) {
                self.stride = stride
                self.size = size
            }
        }

        /// V4L2's code of four letters. Not all of them are DRM's: NM12 is NV12 in two dma-bufs.
        public var pixelFormat: UInt32
        /// Width in pixels.
        public var width: Int
        /// Height in pixels.
        public var height: Int
        /// One for each dma-buf of a buffer.
        public var planes: [Plane]

        /// A format as given.
        public init(pixelFormat: UInt32, width: Int, height: Int, planes: [Plane]) {
            self.pixelFormat = pixelFormat
            self.width = width
            self.height = height
            self.planes = planes
        }
    }

    /// Whose buffers they are.
    public let device: VideoDevice
    /// What was agreed on last.
    public private(set) var format: Format?
    /// What the device says of that format's colours.
    public private(set) var colors: VideoColors?
    let direction: VideoDevice.Direction
    let isMultiPlanar: Bool
    let type: v4l2_buf_type
    var memory = V4L2_MEMORY_MMAP
    /// The mappings that the device was given, by the buffer's number. A driver that gets the same address again goes
    /// on reading the pages that it found there before: none of them may be unmapped, and another one be mapped in its
    /// place, while its buffer can be queued. Source: the kernel's videobuf2-core.c, __prepare_userptr().
    var lentMappings: [Int: [VideoMemory]] = [:]
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

    func request(_ name: String, _ call: (CInt) -> CInt) throws(DeviceError) {
        let number = device.descriptor.rawValue
        _ = try perform(name, on: device.path) { call(number) }
    }

    // MARK: Formats

    /// The codes of the formats that there are, in the device's order.
    public func pixelFormats() -> [UInt32] {
        var result: [UInt32] = []
        var description = v4l2_fmtdesc()
        description.type = type.rawValue
        // No device has so many.
        while result.count < 4_096,
            unsafe signet_v4l2_enumerate_formats(device.descriptor.rawValue, &description) == 0
        {
            result.append(description.pixelformat)
            description.index += 1
        }
        return result
    }

    /// Asks for a format; what the device makes of it is returned, and may differ in every respect.
    ///
    /// `strides` and `sizes` are bytes, for each plane; the device chooses those that aren't given. Sizes are a wish
    /// for coded pictures only, whose length isn't known. `colors` are what pictures have that go to the device.
    /// Source: VIDIOC_S_FMT.
    @discardableResult
    public func setFormat(
        _ pixelFormat: UInt32,
        width: Int,
        height: Int,
        strides: [Int] = [],
        sizes: [Int] = [],
        colors: VideoColors? = nil
    ) throws(DeviceError) -> Format {
        var wanted = unsafe v4l2_format()
        unsafe wanted.type = type.rawValue
        if isMultiPlanar {
            unsafe wanted.fmt.pix_mp.pixelformat = pixelFormat
            unsafe wanted.fmt.pix_mp.width = UInt32(clamping: width)
            unsafe wanted.fmt.pix_mp.height = UInt32(clamping: height)
            unsafe wanted.fmt.pix_mp.field = UInt32(V4L2_FIELD_NONE.rawValue)
            unsafe wanted.fmt.pix_mp.num_planes = UInt8(clamping: max(strides.count, sizes.count))
            unsafe withUnsafeMutableBytes(of: &wanted.fmt.pix_mp.plane_fmt) { bytes in
                let planes = unsafe bytes.bindMemory(to: v4l2_plane_pix_format.self)
                for plane in planes.indices {
                    unsafe planes[plane].bytesperline = UInt32(clamping: plane < strides.count ? strides[plane] : 0)
                    unsafe planes[plane].sizeimage = UInt32(clamping: plane < sizes.count ? sizes[plane] : 0)
                }
            }
        } else {
            unsafe wanted.fmt.pix.pixelformat = pixelFormat
            unsafe wanted.fmt.pix.width = UInt32(clamping: width)
            unsafe wanted.fmt.pix.height = UInt32(clamping: height)
            unsafe wanted.fmt.pix.field = UInt32(V4L2_FIELD_NONE.rawValue)
            unsafe wanted.fmt.pix.bytesperline = UInt32(clamping: strides.first ?? 0)
            unsafe wanted.fmt.pix.sizeimage = UInt32(clamping: sizes.first ?? 0)
        }
        let told = colors ?? VideoColors(colorSpace: 0)
        if isMultiPlanar {
            unsafe wanted.fmt.pix_mp.colorspace = told.colorSpace
            unsafe wanted.fmt.pix_mp.xfer_func = UInt8(clamping: told.transfer)
            unsafe wanted.fmt.pix_mp.ycbcr_enc = UInt8(clamping: told.encoding)
            unsafe wanted.fmt.pix_mp.quantization = UInt8(clamping: told.quantization)
        } else {
            unsafe wanted.fmt.pix.colorspace = told.colorSpace
            unsafe wanted.fmt.pix.xfer_func = told.transfer
            unsafe wanted.fmt.pix.ycbcr_enc = told.encoding
            unsafe wanted.fmt.pix.quantization = told.quantization
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
            self.colors = VideoColors(
                colorSpace: picture.colorspace,
                transfer: UInt32(picture.xfer_func),
                encoding: UInt32(picture.ycbcr_enc),
                quantization: UInt32(picture.quantization)
            )
        } else {
            let picture = unsafe wanted.fmt.pix
            agreed = Format(
                pixelFormat: picture.pixelformat,
                width: Int(picture.width),
                height: Int(picture.height),
                planes: [Format.Plane(stride: Int(picture.bytesperline), size: Int(picture.sizeimage))]
            )
            self.colors = VideoColors(
                colorSpace: picture.colorspace,
                transfer: picture.xfer_func,
                encoding: picture.ycbcr_enc,
                quantization: picture.quantization
            )
        }
        format = agreed
        return agreed
    }

    /// Has the device read only the upper left part of the pictures, where it wants more columns and rows than they
    /// have. What it makes of that is returned. Source: VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP.
    func crop(width: Int, height: Int) throws(DeviceError) -> (x: Int, y: Int, width: Int, height: Int) {
        var selection = v4l2_selection()
        // Without _MPLANE, whatever the interface is.
        selection.type = (direction == .output ? V4L2_BUF_TYPE_VIDEO_OUTPUT : V4L2_BUF_TYPE_VIDEO_CAPTURE).rawValue
        selection.target = UInt32(V4L2_SEL_TGT_CROP)
        selection.r.width = UInt32(clamping: width)
        selection.r.height = UInt32(clamping: height)
        try request("VIDIOC_S_SELECTION") { unsafe signet_v4l2_set_selection($0, &selection) }
        return (Int(selection.r.left), Int(selection.r.top), Int(selection.r.width), Int(selection.r.height))
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
