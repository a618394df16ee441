internal import Pixels
internal import WaylandServer

/// `ext_image_copy_capture_frame_v1`: one frame of a session; see ``FrameCapture``.
final class ImageCopyFrame: ExtImageCopyCaptureFrameV1.Requests {
    private let resource: ExtImageCopyCaptureFrameV1
    /// Is there for it also when its object is gone.
    private let session: ImageCopySession
    private var buffer: ClientBuffer?
    /// What of the buffer is out of date, in its pixels.
    private var stale = DamageList()
    private var isCaptured = false
    private var isAnswered = false
    private var capture: FrameCapture?
    private var orientation = Orientation.normal

    init(_ resource: ExtImageCopyCaptureFrameV1, of session: ImageCopySession) {
        self.resource = resource
        self.session = session
    }

    // MARK: Requests

    func attachBuffer(_ resource: ExtImageCopyCaptureFrameV1, buffer: WlBuffer) throws(ProtocolError) {
        try checkUncaptured()
        self.buffer = buffer.handler as? ClientBuffer
    }

    func damageBuffer(
        _ resource: ExtImageCopyCaptureFrameV1,
        x: Int32,
        y: Int32,
        width: Int32,
        height: Int32
    ) throws(ProtocolError) {
        try checkUncaptured()
        guard x >= 0, y >= 0, width > 0, height > 0 else {
            throw ProtocolError(
                ExtImageCopyCaptureFrameV1.Error.invalidBufferDamage,
                "damage begins at 0,0 or beyond, and isn't empty; not \(width)x\(height) at \(x),\(y)"
            )
        }
        stale.add(x: x, y: y, width: width, height: height, limit: resource.client.account.limits.damageRectangles)
    }

    func capture(_ resource: ExtImageCopyCaptureFrameV1) throws(ProtocolError) {
        try checkUncaptured()
        guard let buffer else {
            throw ProtocolError(
                ExtImageCopyCaptureFrameV1.Error.noBuffer,
                "there is nothing to copy into; attach a buffer first"
            )
        }
        isCaptured = true
        guard !session.isStopped else { return fail(.stopped) }
        guard let capture = session.capture(for: resource.client) else {
            return fail(session.isStopped ? .stopped : .unknown)
        }
        guard let frames = session.frames, let target = buffer.copyTarget, target.layout.size == frames.view.size,
            target.layout.format == session.format
        else {
            capture.end()
            return fail(.bufferConstraints)
        }
        orientation = frames.view.orientation
        self.capture = capture
        capture.whenDone = { [unowned self] result in
            self.capture = nil
            switch result {
            case .success(let copied): succeed(copied)
            case .failure(.stopped): fail(.stopped)
            // Another try may do where the buffer is as it has to be, as no event asks for another.
            case .failure(.changed): fail(session.frames?.view.size == buffer.size ? .unknown : .bufferConstraints)
            case .failure(.other): fail(.unknown)
            }
        }
        try capture.start(session.order(buffer, target, stale: stale.region))
    }

    private func checkUncaptured() throws(ProtocolError) {
        guard isCaptured else { return }
        throw ProtocolError(
            ExtImageCopyCaptureFrameV1.Error.alreadyCaptured,
            "the frame is being captured, or was; create another one"
        )
    }

    func destroyed(_ resource: ExtImageCopyCaptureFrameV1) {
        isAnswered = true
        capture?.end()
        capture = nil
        session.frameDestroyed(self)
    }

    // MARK: Answers

    private func succeed(_ copied: FrameCapture.Copied) {
        if isAnswered { return }
        isAnswered = true
        session.captured(copied.frame)
        resource.sendTransform(transform: WlOutput.Transform(orientation))
        copied.damage.coarsenedOutward(limit: 64).forEachRectangle { rectangle in
            resource.sendDamage(
                x: Int32(rectangle.x),
                y: Int32(rectangle.y),
                width: Int32(rectangle.width),
                height: Int32(rectangle.height)
            )
        }
        let time = WireTime(nanoseconds: copied.time)
        resource.sendPresentationTime(tvSecHi: time.high, tvSecLo: time.low, tvNsec: time.rest)
        resource.sendReady()
    }

    private func fail(_ reason: ExtImageCopyCaptureFrameV1.FailureReason) {
        if isAnswered { return }
        isAnswered = true
        resource.sendFailed(reason: reason)
    }
}
