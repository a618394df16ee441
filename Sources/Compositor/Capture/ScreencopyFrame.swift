internal import Pixels
internal import WaylandServer

/// `zwlr_screencopy_frame_v1`: a frame, or a part of one, that is copied into a client's buffer; see ``FrameCapture``.
final class ScreencopyFrame: ZwlrScreencopyFrameV1.Requests {
    private let resource: ZwlrScreencopyFrameV1
    private let manager: ScreencopyManager
    private weak var frames: FrameSource?
    /// What is captured, in output pixels.
    private let part: Rectangle
    private let isAcceptable: () -> Bool
    private var charge: Charge?
    private var isUsed = false
    /// Whether the client wants to know what was damaged since its last copy.
    private var wantsDamage = false
    /// Whether its buffer is something else than it was, or a part of it.
    private var isTouched = false
    /// Whether the client has heard `ready` or `failed`.
    private var isAnswered = false
    /// Until it is answered.
    private var capture: FrameCapture?

    /// `isAcceptable` says whether frames show what is wanted, still.
    init(
        _ resource: ZwlrScreencopyFrameV1,
        of frames: FrameSource?,
        part: Rectangle,
        by manager: ScreencopyManager,
        while isAcceptable: @escaping () -> Bool
    ) {
        self.resource = resource
        self.frames = frames
        self.part = part
        self.isAcceptable = isAcceptable
        self.manager = manager
        charge = try? resource.client.account.charge(of: .frames)
    }

    private static let format = PixelFormat.xrgb8888

    /// Says which buffers fit; nothing can be captured of an output that is gone, or beyond its edges.
    func begin() {
        guard let frames, charge != nil, !part.isEmpty else { return fail() }
        let capture = FrameCapture(of: frames, part: part, for: manager.party(of: resource.client))
        self.capture = capture
        capture.whenDone = { [unowned self] result in
            switch result {
            case .success(let copied): succeed(copied)
            case .failure: fail()
            }
        }
        let (width, height) = (UInt32(part.width), UInt32(part.height))
        resource.sendBuffer(
            format: BufferFormat.pixels(Self.format).shmFormat,
            width: width,
            height: height,
            stride: width * 4
        )
        guard resource.version >= 3 else { return }
        if manager.hasDevice { resource.sendLinuxDmabuf(format: Self.format.fourcc, width: width, height: height) }
        resource.sendBufferDone()
    }

    // MARK: Requests

    func copy(_ resource: ZwlrScreencopyFrameV1, buffer: WlBuffer) throws(ProtocolError) {
        try fill(buffer, whenDamaged: false)
    }

    func copyWithDamage(_ resource: ZwlrScreencopyFrameV1, buffer: WlBuffer) throws(ProtocolError) {
        try fill(buffer, whenDamaged: true)
    }

    private func fill(_ object: WlBuffer, whenDamaged: Bool) throws(ProtocolError) {
        if isUsed {
            throw ProtocolError(
                ZwlrScreencopyFrameV1.Error.alreadyUsed,
                "a frame is copied once; capture the output again for the next copy"
            )
        }
        isUsed = true
        // The client may not have heard that it failed.
        guard !isAnswered, let capture else { return }
        guard let buffer = object.handler as? ClientBuffer, let target = buffer.copyTarget, fits(target, buffer) else {
            throw ProtocolError(
                ZwlrScreencopyFrameV1.Error.invalidBuffer,
                "the buffer has to be what the events said: of XRGB8888, \(part.width)x\(part.height) pixels, and "
                    + "\(part.width * 4) bytes from row to row in wl_shm's"
            )
        }
        wantsDamage = whenDamaged
        capture.whenBegun = { [unowned self] frame in
            isTouched = true
            if let frames { manager.note(frame, of: frames, part: part) }
        }
        try capture.start(
            FrameCapture.Order(
                buffer: buffer,
                target: target,
                stale: Region(part.size.bounds),
                waitsForChange: whenDamaged,
                known: { [unowned self] in
                    whenDamaged ? frames.flatMap { manager.lastFrame(of: $0, part: part) } : nil
                },
                isAcceptable: isAcceptable
            )
        )
    }

    private func fits(_ target: FrameCopy.Target, _ buffer: ClientBuffer) -> Bool {
        let layout = target.layout
        let isLike = layout.size == part.size && layout.format == Self.format
        return isLike && (layout.stride == part.width * 4 || !(buffer is ShmBuffer))
    }

    func destroyed(_ resource: ZwlrScreencopyFrameV1) {
        isAnswered = true
        end()
    }

    // MARK: Answers

    private func succeed(_ copied: FrameCapture.Copied) {
        (isAnswered, isTouched) = (true, false)
        resource.sendFlags(flags: [])
        let damage = wantsDamage ? copied.damage : Region()
        damage.coarsenedOutward(limit: 64).forEachRectangle { rectangle in
            resource.sendDamage(
                x: UInt32(rectangle.x),
                y: UInt32(rectangle.y),
                width: UInt32(rectangle.width),
                height: UInt32(rectangle.height)
            )
        }
        let time = WireTime(nanoseconds: copied.time)
        resource.sendReady(tvSecHi: time.high, tvSecLo: time.low, tvNsec: time.rest)
        end()
    }

    private func fail() {
        if isAnswered { return }
        isAnswered = true
        end()
        resource.sendFailed()
    }

    /// Lets go of everything but the object.
    private func end() {
        // Nobody knows what is in its buffer now.
        if isTouched, let frames { manager.note(nil, of: frames, part: part) }
        capture?.end()
        capture = nil
        charge = nil
    }
}
