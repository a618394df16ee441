internal import DirectRendering
internal import DirectRendering
internal import Glibc
package import SharedMemory
internal import WaylandClient

/// Reads an output's frames through sealed-frame-v1, one after the other.
package final class FrameReader {
    private let session: SignetSealedFrameSessionV1
    private var request: SignetSealedFrameV1?
    private let mappings = FrameMappings()
    /// The frame that has come, until it is taken or the next one is asked for.
    package private(set) var received: ReceivedFrame?
    /// Why none came.
    package private(set) var failure: DriverError?

    init(_ manager: SignetSealedFrameManagerV1, of output: WlOutput) {
        session = manager.createSession(output: output)
    }

    deinit {
        request?.destroy()
        session.destroy()
    }

    /// Whether it is known what came of the request.
    package var isAnswered: Bool { received != nil || failure != nil }

    /// Asks for a frame that is newer than the last one. The compositor answers when there is one, and draws into no
    /// frame that somebody still has; it gives out no more than three.
    package func ask() {
        request?.destroy()
        (received, failure) = (nil, nil)
        let frame = session.nextFrame()
        request = frame
        var memory: ReceivedFrame?
        frame.onMemory = { [mappings] kind, descriptor, offsetHigh, offsetLow, width, height, stride, format, _, _ in
            memory = ReceivedFrame(
                mappings,
                descriptor: descriptor,
                kind: kind,
                offset: Int(offsetHigh) << 32 | Int(offsetLow),
                width: Int(width),
                height: Int(height),
                stride: Int(stride),
                format: format
            )
        }
        frame.onDamage = { x, y, width, height in
            guard let memory else { return }
            // A compositor sends few; so many are as good as everywhere.
            if memory.damage.count == ReceivedFrame.damageLimit {
                memory.damage = [PixelArea(x: 0, y: 0, width: memory.width, height: memory.height)]
            }
            memory.damage.append(PixelArea(x: Int(x), y: Int(y), width: Int(width), height: Int(height)))
        }
        frame.onReady = { [weak self, unowned frame] secondsHigh, secondsLow, nanoseconds in
            let seconds = UInt64(secondsHigh) << 32 | UInt64(secondsLow)
            memory?.time = seconds &* 1_000_000_000 &+ UInt64(nanoseconds)
            // Without memory, or a second time, it is none.
            guard let self, memory != nil else { return }
            memory?.proxy = frame
            (request, received, memory) = (nil, memory, nil)
        }
        frame.onFailed = { [weak self] reason in self?.failure = Self.failure(reason) }
    }

    /// Takes the frame that has come, which is the caller's from now on; nil where there is none yet.
    package func take() throws(DriverError) -> ReceivedFrame? {
        if let failure { throw failure }
        return received.take()
    }

    private static func failure(_ reason: SignetSealedFrameV1.Failure) -> DriverError {
        switch reason {
        case .stopped: .noMatch("the output was removed before its frame was drawn")
        case .noMemory, .unrecognized:
            .refused("the compositor couldn't make a frame; it has no memory, and its log says why")
        }
    }
}

/// What a reader has mapped of frames' memory: compositors draw into a few buffers in turn, and mapping each anew would
/// take longer than looking at it.
final class FrameMappings {
    private struct Entry {
        let identity: UInt64
        let mapping: FrameMapping
        var lastUse: UInt64
    }

    private var entries: [Entry] = []
    private var uses: UInt64 = 0
    /// How many are kept.
    private static let limit = 4

    /// The first `length` bytes of a file, which is known not to shrink.
    func mapping(of file: borrowing Descriptor, length: Int) throws(SystemError) -> FrameMapping {
        let identity = try file.fileNumber()
        uses += 1
        if let index = entries.firstIndex(where: { $0.identity == identity && $0.mapping.length >= length }) {
            entries[index].lastUse = uses
            return entries[index].mapping
        }
        // The same file with another length isn't needed any more, and as little is what was used longest ago.
        entries.removeAll { $0.identity == identity }
        if entries.count == Self.limit {
            entries.remove(at: entries.indices.min { entries[$0].lastUse < entries[$1].lastUse }!)
        }
        let mapping = FrameMapping(try ReadOnlyMapping(file, length: length))
        entries.append(Entry(identity: identity, mapping: mapping, lastUse: uses))
        return mapping
    }
}

/// A mapping that several can have.
final class FrameMapping {
    let bytes: ReadOnlyMapping
    var length: Int { bytes.length }

    init(_ bytes: consuming ReadOnlyMapping) { self.bytes = bytes }
}

/// The memory of a frame, on the reader's side. The compositor gets it back when it is let go.
package final class ReceivedFrame {
    /// What differs from the frame before.
    package internal(set) var damage: [PixelArea] = []
    /// When it was shown, in nanoseconds of CLOCK_MONOTONIC.
    package internal(set) var time: UInt64 = 0
    /// What gives it back.
    fileprivate var proxy: SignetSealedFrameV1?
    private let mappings: FrameMappings
    private let descriptor: Descriptor
    private let kind: SignetSealedFrameV1.Kind
    private let offset: Int
    /// Its width in pixels.
    package let width: Int
    /// Its height in pixels.
    package let height: Int
    private let stride: Int
    private let format: UInt32

    init(
        _ mappings: FrameMappings,
        descriptor: consuming Descriptor,
        kind: SignetSealedFrameV1.Kind,
        offset: Int,
        width: Int,
        height: Int,
        stride: Int,
        format: UInt32
    ) {
        self.mappings = mappings
        self.descriptor = descriptor
        self.kind = kind
        self.offset = offset
        self.width = width
        self.height = height
        self.stride = stride
        self.format = format
    }

    deinit {
        proxy?.destroy()
    }

    /// How many rectangles of damage are kept apart.
    fileprivate static let damageLimit = 256

    /// DRM_FORMAT_XRGB8888.
    private static let xrgb8888: UInt32 = 0x3432_5258

    /// The pixels, copied out.
    func picture() throws(DriverError) -> Picture {
        let (width, height, stride) = (width, height, stride)
        return try withBytes { Picture(xrgb: $0, width: width, height: height, stride: stride) }
    }

    /// Bytes from one row to the next in what ``withBytes(_:)`` has.
    package var rowLength: Int { stride }

    /// Calls `body` with the bytes of XRGB8888 pixels. A compositor is believed no more than a client: only memory is
    /// mapped that can't shrink, as it is sealed or a dma-buf.
    package func withBytes<Result>(_ body: (RawSpan) -> Result) throws(DriverError) -> Result {
        try check()
        let length = offset + stride * (height - 1) + width * 4
        if kind == .dmabuf { return try withDMABuffer(length, body) }
        do throws(SystemError) {
            let facts = try DescriptorFacts.read(descriptor)
            guard facts.size >= length else { throw SystemError(call: "fstat", errno: .invalidArgument) }
            if kind == .sealed, facts.seals?.contains(.shrink) == true, facts.fileSystem == .tmpfs {
                let mapping = try mappings.mapping(of: descriptor, length: length)
                return mapping.bytes.withBytes(in: offset..<length) { body($0) }
            }
            var bytes = [UInt8](repeating: 0, count: length - offset)
            var span = bytes.mutableSpan
            var raw = unsafe span.mutableBytes
            _ = try descriptor.pread(into: &raw, at: Int64(offset))
            return unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
        } catch {
            throw .refused("the frame can't be read: \(error)")
        }
    }

    private func withDMABuffer<Result>(_ length: Int, _ body: (RawSpan) -> Result) throws(DriverError) -> Result {
        do {
            guard let buffer = try DMABuffer(ifDMABuffer: try descriptor.duplicate()), buffer.size >= length else {
                throw SystemError(call: "lseek", errno: .invalidArgument)
            }
            let mapping = try mappings.mapping(of: buffer.descriptor, length: length)
            return try buffer.withAccess(.read) { mapping.bytes.withBytes(in: offset..<length, body) }
        } catch {
            throw .refused("the frame can't be read: \(error)")
        }
    }

    /// Whether the frame is a dma-buf.
    package var isDMABuffer: Bool { kind == .dmabuf }

    /// Calls `body` with the frame's file, for a device, where its size can't change; nil, and not called, where that
    /// isn't so. `offset` is that of the first pixel.
    package func withFile<Result>(
        _ body: (_ file: borrowing Descriptor, _ offset: Int) throws -> Result
    ) throws -> Result? {
        try check()
        let length = offset + stride * (height - 1) + width * 4
        if kind == .dmabuf {
            guard let buffer = try DMABuffer(ifDMABuffer: try descriptor.duplicate()), buffer.size >= length else {
                return nil
            }
            return try body(descriptor, offset)
        }
        let facts = try DescriptorFacts.read(descriptor)
        guard kind == .sealed, facts.seals?.contains(.shrink) == true, facts.fileSystem == .tmpfs, facts.size >= length
        else {
            return nil
        }
        return try body(descriptor, offset)
    }

    /// Whether it is something that can be looked at; says so where it isn't.
    package func check() throws(DriverError) {
        let side = 1...16_384
        guard format == Self.xrgb8888, side.contains(width), side.contains(height),
            (width * 4...width * 8 + 4_096).contains(stride), offset >= 0, offset < 1 << 48
        else {
            throw .refused("the compositor sent a frame of an unknown kind (format \(format), \(width)x\(height))")
        }
    }
}
