import Glibc
import SharedMemory
import WaylandClient
import WaylandWire

/// Fetches one frame of an output through sealed-frame-v1.
final class FrameGrabber {
    /// Pixels ready for a picture file: three bytes each, red first, without gaps.
    struct Picture {
        let width: Int
        let height: Int
        let rgb: [UInt8]
    }

    private let connection: Connection
    /// Seconds in which the compositor has to answer.
    private let timeout: Double
    private var manager: SignetSealedFrameManagerV1?
    private var outputs: [(proxy: WlOutput, name: String)] = []

    init(_ connection: Connection, timeout: Double) {
        self.connection = connection
        self.timeout = timeout
    }

    /// The newest frame of the output with this name, or of the first one.
    func grab(outputNamed name: String?) throws -> Picture {
        try bindGlobals()
        guard let manager else {
            throw Failure(
                "the compositor doesn't offer sealed-frame-v1 to this user; it has to be signet, run by the same one"
            )
        }
        guard let output = outputs.first(where: { name == nil || $0.name == name }) else {
            let names = outputs.map(\.name).joined(separator: ", ")
            throw Failure("there is no output \(name ?? "at all")\(names.isEmpty ? "" : "; there are \(names)")")
        }
        let session = manager.createSession(output: output.proxy)
        let frame = session.nextFrame()
        var memory: ReceivedFrame?
        var isReady = false
        var failure: SignetSealedFrameV1.Failure?
        frame.onMemory = { kind, descriptor, offsetHigh, offsetLow, width, height, stride, format, _, _ in
            memory = ReceivedFrame(
                descriptor: descriptor,
                isSealed: kind == .sealed,
                offset: Int(offsetHigh) << 32 | Int(offsetLow),
                width: Int(width),
                height: Int(height),
                stride: Int(stride),
                format: format
            )
        }
        frame.onReady = { _, _, _ in isReady = true }
        frame.onFailed = { failure = $0 }
        try wait { isReady || failure != nil }
        switch failure {
        case nil: break
        case .stopped: throw Failure("the output was removed before its frame was drawn")
        case .noMemory, .unrecognized:
            throw Failure("the compositor couldn't make a frame; it has no memory, and its log says why")
        }
        guard let memory else { throw Failure("the compositor said that there is a frame, and sent none") }
        let picture = try memory.picture()
        frame.destroy()
        session.destroy()
        connection.flush()
        return picture
    }

    private func bindGlobals() throws {
        let registry = connection.registry()
        registry.onGlobal = { [unowned self, unowned registry] name, interface, version in
            switch interface {
            case SignetSealedFrameManagerV1.interface.name:
                manager = registry.bind(name: name, as: SignetSealedFrameManagerV1.self, version: 1)
            case WlOutput.interface.name:
                let output = registry.bind(name: name, as: WlOutput.self, version: min(version, 4))
                let index = outputs.count
                outputs.append((output, ""))
                output.onName = { [unowned self] in outputs[index].name = $0 }
            default: break
            }
        }
        try roundTrip()
        try roundTrip()
    }

    private func roundTrip() throws {
        var isDone = false
        connection.sync().onDone = { _ in isDone = true }
        try wait { isDone }
    }

    /// Runs handlers until `condition` holds: a compositor that is stopped or hangs is an error.
    private func wait(until condition: () -> Bool) throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(timeout)
        while true {
            try connection.dispatchAvailable()
            if condition() { return }
            connection.flush()
            let rest = Int32(clamping: Int((end - clock.now) / .milliseconds(1)))
            var poller = pollfd(fd: connection.descriptorNumber, events: Int16(POLLIN), revents: 0)
            guard rest > 0, unsafe poll(&poller, 1, rest) != 0 else {
                throw Failure("the compositor hasn't answered for \(timeout) seconds; is it stopped? (see --timeout)")
            }
        }
    }
}

/// The memory of a frame, on the reader's side.
final class ReceivedFrame {
    private let descriptor: Descriptor
    private let isSealed: Bool
    private let offset: Int
    private let width: Int
    private let height: Int
    private let stride: Int
    private let format: UInt32

    init(
        descriptor: consuming Descriptor,
        isSealed: Bool,
        offset: Int,
        width: Int,
        height: Int,
        stride: Int,
        format: UInt32
    ) {
        self.descriptor = descriptor
        self.isSealed = isSealed
        self.offset = offset
        self.width = width
        self.height = height
        self.stride = stride
        self.format = format
    }

    /// DRM_FORMAT_XRGB8888.
    private static let xrgb8888: UInt32 = 0x3432_5258

    /// The pixels, copied out. A compositor is believed no more than a client: only sealed memory is mapped.
    func picture() throws -> FrameGrabber.Picture {
        guard format == Self.xrgb8888, width > 0, height > 0, stride >= width * 4 else {
            throw Failure("the compositor sent a frame of an unknown kind (format \(format), \(width)x\(height))")
        }
        let length = offset + stride * (height - 1) + width * 4
        do throws(SystemError) {
            let facts = try DescriptorFacts.read(descriptor)
            guard facts.size >= length else { throw SystemError(call: "fstat", errno: .invalidArgument) }
            if isSealed, facts.seals?.contains(.shrink) == true {
                return try ReadOnlyMapping(descriptor, length: length).withBytes(in: offset..<length) { convert($0) }
            }
            var bytes = [UInt8](repeating: 0, count: length - offset)
            var span = bytes.mutableSpan
            var raw = unsafe span.mutableBytes
            _ = try descriptor.pread(into: &raw, at: Int64(offset))
            return unsafe bytes.withUnsafeBytes { unsafe convert($0.bytes) }
        } catch {
            throw Failure("the frame can't be read: \(error)")
        }
    }

    private func convert(_ bytes: RawSpan) -> FrameGrabber.Picture {
        var rgb: [UInt8] = []
        rgb.reserveCapacity(width * height * 3)
        for y in 0..<height {
            for x in 0..<width {
                let pixel = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: y * stride + x * 4, as: UInt32.self)
                rgb.append(UInt8(truncatingIfNeeded: pixel >> 16))
                rgb.append(UInt8(truncatingIfNeeded: pixel >> 8))
                rgb.append(UInt8(truncatingIfNeeded: pixel))
            }
        }
        return FrameGrabber.Picture(width: width, height: height, rgb: rgb)
    }
}
