internal import Pixels
internal import WaylandServer

/// `signet_sealed_frame_session_v1`: a reader that follows an output.
///
/// The rules that it keeps have their numbers in the protocol's description. A reader that is slow holds its frames,
/// and the output draws into others; it misses what came meanwhile.
final class CaptureSession: SignetSealedFrameSessionV1.Requests, FrameObserver {
    /// R8.
    private let heldLimit: Int
    /// Nil once it is gone.
    private var output: Output?
    private weak var resource: SignetSealedFrameSessionV1?
    /// Asked for and not answered.
    private weak var awaited: CapturedFrame?
    /// Answered and not destroyed.
    private var held = 0
    /// The number of the frame that was sent last.
    private var lastSent: UInt64?

    /// Follows `output`; nil where it is gone already.
    init(resource: SignetSealedFrameSessionV1, output: Output?) {
        self.resource = resource
        self.output = output
        heldLimit = resource.client.account.limits.framesPerSession
        output?.add(self)
    }

    func nextFrame(_ resource: SignetSealedFrameSessionV1, frame: SignetSealedFrameV1) throws(ProtocolError) {
        guard awaited == nil else {
            throw ProtocolError(
                SignetSealedFrameSessionV1.Error.framePending,
                "next_frame came before the last one was answered (R9)"
            )
        }
        let new = CapturedFrame(resource: frame, session: self)
        frame.handler = new
        guard let output else { return new.fail(.stopped) }
        awaited = new
        // R6: what has changed is drawn within a frame's time; if nothing has, the newest frame is there already.
        if output.isDamaged { return output.requestFrame() }
        if lastSent == nil, !output.ensureFrame() { return failAwaited(.noMemory) }
        answer()
    }

    func destroyed(_ resource: SignetSealedFrameSessionV1) {
        // R12.
        failAwaited(.stopped)
        output?.remove(self)
        output?.endSession(ObjectIdentifier(self))
    }

    func outputDidFinish(_ output: Output, _ result: Output.FrameResult) {
        answer()
        // A reader that waits for memory would wait without end.
        if result == .failed, held < heldLimit { failAwaited(.noMemory) }
    }

    /// R11.
    func outputDidStop(_ output: Output) {
        failAwaited(.stopped)
        resource?.sendStopped()
        self.output = nil
    }

    private func failAwaited(_ reason: SignetSealedFrameV1.Failure) {
        awaited?.fail(reason)
        awaited = nil
    }

    /// A frame was given back, or isn't wanted any more.
    func frameDestroyed(_ frame: CapturedFrame, wasSent: Bool) {
        if wasSent {
            held -= 1
            answer()
        }
        // It may have been the last buffer.
        if let output, output.isDamaged { output.requestFrame() }
    }

    private func answer() {
        guard let output, let frame = awaited, held < heldLimit, let buffer = output.newestFrame,
            let number = buffer.frame, number > lastSent ?? 0
        else { return }
        // R10: other readers hold so much that nothing could be drawn any more.
        guard output.canHandOutFrame else { return failAwaited(.noMemory) }
        awaited = nil
        let damage = output.changes(since: lastSent)
        guard frame.send(buffer, damage: damage, time: output.frameTime, session: ObjectIdentifier(self)) else {
            return
        }
        lastSent = number
        held += 1
    }
}
