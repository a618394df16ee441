internal import CLinux
internal import SharedMemory

/// A mem2mem device that codes pictures: a stateful encoder, which imports each picture as dma-bufs and gives bytes.
///
/// Source: the kernel's userspace-api/media/v4l, "Memory-to-Memory Stateful Video Encoder Interface".
public final class VideoEncoder {
    /// A coded picture, or what stands before the first one.
    public struct CodedPicture: Hashable, Sendable {
        /// What belongs into the stream, in its order.
        public var bytes: [UInt8]
        /// The picture's number, counted from 0 in the order of ``encode(_:asKeyFrame:)``.
        public var number: Int
        /// Whether it can be decoded without any other.
        public var isKeyFrame: Bool
    }

    /// What an encoder may be told; one that doesn't know a wish goes without.
    public struct Settings: Hashable, Sendable {
        /// Bits a second; the device's choice where that is nil.
        public var bitRate: Int?
        /// Pictures from one that needs no other to the next; the device's choice where that is nil.
        public var keyFrameInterval: Int?

        /// The device's choices, but for those that are given.
        public init(bitRate: Int? = nil, keyFrameInterval: Int? = nil) {
            self.bitRate = bitRate
            self.keyFrameInterval = keyFrameInterval
        }
    }

    /// The node that the device was opened at.
    public let path: String
    /// What the device calls itself.
    public let card: String
    /// How it reads pictures. It may read more rows than they have, as 1088 of 1080; their memory has to have `size`
    /// bytes in each plane then.
    public let source: VideoQueue.Format
    /// What comes out: V4L2's code, as H264 or FWHT.
    public let coding: UInt32
    /// Nil once the device was given up.
    private var work: MemoryToMemory?
    /// Its buffers for what comes out.
    private let views: [VideoMemoryView]
    /// How many pictures came in.
    private var count = 0
    /// Pictures that came in and didn't come out, by their numbers.
    private var pending: Set<Int> = []
    private var hasEnded = false
    private let timeout: Int

    /// How many pictures' memory the device keeps in mind.
    private static let sourceCount = 8
    /// How many coded pictures may wait to be taken.
    private static let bufferCount = 4

    /// Opens the device at `path` for pictures like `source`, as ``VideoConverter/format`` has it, and has it code them
    /// as the first of `codings` that it has. `colors` are what a decoder is to be told. It has `timeout` milliseconds
    /// for a picture.
    public init(
        path: String,
        source: VideoQueue.Format,
        colors: VideoColors? = nil,
        codings: [UInt32],
        settings: Settings = Settings(),
        timeout: Int = 2_000
    ) throws(VideoError) {
        let work = try MemoryToMemory(path: path, source: source, timeout: timeout)
        // The formats that a device codes can depend on what it makes of them, and the size of that on the former.
        let coding = try work.formats(codings, of: work.capture)[0]
        try Self.setCoding(coding, source, work)
        _ = try work.formats([source.pixelFormat], of: work.output)
        self.source = try Self.negotiate(work, source, colors)
        try Self.setCoding(coding, source, work)
        Self.apply(settings, to: work.device)
        try work.prepareSources(Self.sourceCount, areDMABuffers: true)
        let buffers = try work.makeBuffers(Self.bufferCount)
        views = try asking { () throws(DeviceError) in
            try buffers.map { planes throws(DeviceError) in try VideoMemoryView(planes[0]) }
        }
        try work.start(filling: buffers.count)
        self.path = path
        card = work.device.card
        self.coding = coding
        self.timeout = timeout
        self.work = work
    }

    /// Room for a coded picture: more than its pixels have is of no use.
    private static func setCoding(
        _ coding: UInt32,
        _ source: VideoQueue.Format,
        _ work: MemoryToMemory
    ) throws(VideoError) {
        let size = source.width * source.height * 4 + 4_096
        let made = try asking { () throws(DeviceError) in
            try work.capture.setFormat(coding, width: source.width, height: source.height, strides: [0], sizes: [size])
        }
        guard made.pixelFormat == coding, made.planes.count == 1 else {
            var wanted = made
            wanted.pixelFormat = coding
            throw work.otherLayout(wanted, made)
        }
    }

    /// The device may want more columns and rows than there are; it is told then which of them to code.
    private static func negotiate(
        _ work: MemoryToMemory,
        _ source: VideoQueue.Format,
        _ colors: VideoColors?
    ) throws(VideoError) -> VideoQueue.Format {
        let made = try asking { () throws(DeviceError) in
            try work.output.setFormat(
                source.pixelFormat,
                width: source.width,
                height: source.height,
                strides: source.planes.map(\.stride),
                colors: colors
            )
        }
        guard made.pixelFormat == source.pixelFormat, made.planes.map(\.stride) == source.planes.map(\.stride),
            made.width >= source.width, made.height >= source.height
        else { throw work.otherLayout(source, made) }
        guard made.width != source.width || made.height != source.height else { return made }
        let part = try? work.output.crop(width: source.width, height: source.height)
        guard let part, part == (0, 0, source.width, source.height) else { throw work.otherLayout(source, made) }
        return made
    }

    /// Each picture comes out before the next one goes in, and the first one with what a decoder has to know before.
    private static func apply(_ settings: Settings, to device: VideoDevice) {
        try? device.setControl(SIGNET_V4L2_CID_B_FRAMES, to: 0)
        try? device.setControl(
            SIGNET_V4L2_CID_HEADER_MODE,
            to: Int32(V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME.rawValue)
        )
        if let rate = settings.bitRate { try? device.setControl(SIGNET_V4L2_CID_BITRATE, to: Int32(clamping: rate)) }
        if let interval = settings.keyFrameInterval {
            try? device.setControl(SIGNET_V4L2_CID_GOP_SIZE, to: Int32(clamping: interval))
        }
    }

    /// Gives the device a picture to code, and waits until it has read it: whoever owns `planes` may write to them
    /// then. Returns what came out meanwhile, which can be of earlier pictures, and can lack this one.
    ///
    /// After an error of the device's nothing more is coded.
    public func encode(_ planes: [VideoMemory], asKeyFrame: Bool = false) throws(VideoError) -> [CodedPicture] {
        guard !hasEnded else { throw .ended(device: path) }
        guard let work else { throw .noAnswer(device: path, milliseconds: timeout) }
        if asKeyFrame { try? work.device.setControl(SIGNET_V4L2_CID_FORCE_KEY_FRAME, to: 1) }
        let taken = try work.enqueue(planes, stamp: UInt64(count))
        pending.insert(count)
        count += 1
        var isTaken = false
        return try take {
            isTaken
        } taken: {
            isTaken = isTaken || $0.index == taken
        }
    }

    /// Has the device code what it has, and returns the rest. Source: VIDIOC_ENCODER_CMD, V4L2_ENC_CMD_STOP.
    public func finish() throws(VideoError) -> [CodedPicture] {
        guard !hasEnded, count > 0, let work else { return [] }
        hasEnded = true
        let number = work.device.descriptor.rawValue
        var command = v4l2_encoder_cmd()
        command.cmd = UInt32(V4L2_ENC_CMD_STOP)
        let isStopped = unsafe signet_v4l2_command_encoder(number, &command) == 0
        return try take { isStopped ? work.hasDrained : pending.isEmpty }
    }

    private func take(
        until isDone: () -> Bool,
        taken: (VideoQueue.Finished) -> Void = { _ in }
    ) throws(VideoError) -> [CodedPicture] {
        guard let work else { return [] }
        var result: [CodedPicture] = []
        do throws(VideoError) {
            try work.exchange(
                taken: taken,
                made: { finished throws(VideoError) in
                    if let picture = try content(of: finished) { result.append(picture) }
                    if !finished.isLast {
                        try asking { () throws(DeviceError) in try work.capture.enqueue(finished.index) }
                    }
                },
                until: isDone
            )
        } catch {
            self.work = nil
            MemoryToMemory.giveUp(work)
            throw error
        }
        return result
    }

    private func content(of finished: VideoQueue.Finished) throws(VideoError) -> CodedPicture? {
        guard views.indices.contains(finished.index), !finished.isDamaged, let range = finished.content.first else {
            throw .damaged(device: path)
        }
        if range.isEmpty { return nil }
        let view = views[finished.index]
        guard range.upperBound <= view.size else {
            throw .shortMemory(device: path, needed: range.upperBound, size: view.size)
        }
        let bytes = try asking { () throws(DeviceError) in
            try view.withBytes(in: range) { bytes in unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) } }
        }
        let number = Int(clamping: finished.stamp)
        pending.remove(number)
        let isKeyFrame = finished.isKeyFrame ?? (number == 0 || coding == Self.fwht && Self.isKeyFrame(fwht: bytes))
        return CodedPicture(bytes: bytes, number: number, isKeyFrame: isKeyFrame)
    }

    private static let fwht = FourCC.code("FWHT")!

    /// The flags are the sixth number of what stands before each picture, highest byte first. Source: the kernel's
    /// codec-fwht.h, fwht_cframe_hdr.
    private static func isKeyFrame(fwht bytes: [UInt8]) -> Bool {
        let flags = bytes.dropFirst(20).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return flags & SIGNET_V4L2_FWHT_FL_I_FRAME != 0
    }
}
