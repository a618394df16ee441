/// A mem2mem device that converts pictures: an output's frame goes in as it is, and YUV for an encoder comes out.
///
/// Neither end is copied. What goes in is a mapping that is for reading only (USERPTR), or a dma-buf (DMABUF). What
/// comes out is in buffers of the device's, each of which is exported once, as dma-bufs that are open for reading only;
/// they stay when the converter goes. A buffer is the caller's until it is given back.
///
///     let converter = try VideoConverter(path: "/dev/video0", source: frameFormat, reading: .mappings,
///                                        formats: [FourCC.code("NV12")!, FourCC.code("YUYV")!])
///     let index = try converter.convert(VideoMemory(mapping: frame, length: frameSize))
///     let planes = converter.buffers[index]     // for an encoder, here or in another process
///     try converter.giveBack(index)
///
/// Source: the kernel's userspace-api/media/v4l, "Video Memory-To-Memory Interface".
public final class VideoConverter {
    /// What pictures come in.
    public enum SourceKind: Sendable {
        /// Files that are mapped here, for reading only.
        case mappings
        /// dma-bufs.
        case dmaBuffers
    }

    /// The node that the device was opened at.
    public let path: String
    /// What the device calls itself.
    public let card: String
    /// How pictures lie in memory that come in.
    public let source: VideoQueue.Format
    /// How those lie there that come out.
    public let format: VideoQueue.Format
    /// What the device says of their colours, where those that come in are sRGB; not all drivers have thought of it.
    public let colors: VideoColors
    /// The buffers that are filled, by their numbers: memory of each plane.
    public let buffers: [[VideoMemory]]
    /// Nil once the device was given up.
    private var work: MemoryToMemory?
    private var isHeld: [Bool]
    private let timeout: Int

    /// How many pictures' memory the device keeps in mind.
    private static let sourceCount = 8

    /// Opens the device at `path` for pictures like `source`, of one plane, and has it make the first of `formats` that
    /// it has, in the same size. `count` buffers are asked for; the device may make more or fewer. Each plane of them
    /// has at least `sizes` bytes: an encoder that reads more rows than there are wants room for them, see
    /// ``VideoEncoder/source``. The device has `timeout` milliseconds for a picture.
    public init(
        path: String,
        source: VideoQueue.Format,
        reading kind: SourceKind,
        formats: [UInt32],
        count: Int = 4,
        sizes: [Int] = [],
        timeout: Int = 2_000
    ) throws(VideoError) {
        let work = try MemoryToMemory(path: path, source: source, timeout: timeout)
        _ = try work.formats([source.pixelFormat], of: work.output)
        let read = try asking { () throws(DeviceError) in
            try work.output.setFormat(
                source.pixelFormat,
                width: source.width,
                height: source.height,
                strides: source.planes.map(\.stride),
                colors: .sRGB
            )
        }
        guard read.hasRows(of: source) else { throw work.otherLayout(source, read) }
        // A device reads what it said, and that has to be there.
        for (plane, memory) in zip(read.planes, source.planes) where plane.size > memory.size {
            throw .shortMemory(device: path, needed: plane.size, size: memory.size)
        }
        format = try Self.negotiate(work, formats, width: source.width, height: source.height)
        colors = work.capture.colors ?? .sRGB
        try work.prepareSources(Self.sourceCount, areDMABuffers: kind == .dmaBuffers)
        buffers = try work.makeBuffers(count, sizes: sizes)
        isHeld = Array(repeating: false, count: buffers.count)
        try work.start(filling: buffers.count)
        self.path = path
        card = work.device.card
        self.source = read
        self.timeout = timeout
        self.work = work
    }

    private static func negotiate(
        _ work: MemoryToMemory,
        _ wanted: [UInt32],
        width: Int,
        height: Int
    ) throws(VideoError) -> VideoQueue.Format {
        var refusal: VideoError?
        for code in try work.formats(wanted, of: work.capture) {
            let made = try asking { () throws(DeviceError) in
                try work.capture.setFormat(code, width: width, height: height)
            }
            let isPicture = made.planes.allSatisfy { $0.stride > 0 && $0.size >= $0.stride } && !made.planes.isEmpty
            if made.pixelFormat == code, made.width == width, made.height == height, isPicture { return made }
            let asked = VideoQueue.Format(pixelFormat: code, width: width, height: height, planes: made.planes)
            refusal = refusal ?? work.otherLayout(asked, made)
        }
        throw refusal!
    }

    /// Has a picture converted, and waits for that: returns the number of the buffer that has it. The device doesn't
    /// look at `memory` any more then, which is of the kind and at least of the size that were agreed on.
    ///
    /// After an error of the device's or ``VideoError/noAnswer(device:milliseconds:)`` nothing more is converted; what
    /// is held stays as it is.
    public func convert(_ memory: VideoMemory) throws(VideoError) -> Int {
        guard let work else { throw .noAnswer(device: path, milliseconds: timeout) }
        guard isHeld.contains(false) else { throw .allHeld(device: path, count: buffers.count) }
        let taken = try work.enqueue([memory])
        var (isTaken, made) = (false, VideoQueue.Finished?.none)
        do throws(VideoError) {
            try work.exchange(
                taken: { isTaken = isTaken || $0.index == taken },
                made: { made = $0 },
                until: { isTaken && made != nil }
            )
        } catch {
            self.work = nil
            MemoryToMemory.giveUp(work)
            throw error
        }
        guard let made, buffers.indices.contains(made.index) else { throw .damaged(device: path) }
        isHeld[made.index] = true
        // Less than a picture is none.
        if made.isDamaged {
            try giveBack(made.index)
            throw .damaged(device: path)
        }
        return made.index
    }

    /// Lets the device fill a buffer again that ``convert(_:)`` has returned. Others may look at it no more.
    public func giveBack(_ index: Int) throws(VideoError) {
        precondition(isHeld[index], "buffer \(index) isn't held")
        isHeld[index] = false
        guard let work else { return }
        try asking { () throws(DeviceError) in try work.capture.enqueue(index) }
    }

    /// How many buffers are held.
    public var heldCount: Int { isHeld.count { $0 } }

    /// Sets one of the device's controls; see ``VideoDevice/setControl(_:to:)``.
    public func setControl(_ number: UInt32, to value: Int32) throws(VideoError) {
        guard let work else { throw .noAnswer(device: path, milliseconds: timeout) }
        try asking { () throws(DeviceError) in try work.device.setControl(number, to: value) }
    }
}

extension VideoQueue.Format {
    /// Whether pixels and rows are where `other` has them.
    func hasRows(of other: VideoQueue.Format) -> Bool {
        pixelFormat == other.pixelFormat && width == other.width && height == other.height
            && planes.map(\.stride) == other.planes.map(\.stride)
    }
}
