internal import Pixels
internal import WaylandServer

/// `signet_sealed_frame_session_v1`: a reader that follows an output.
///
/// The rules that it keeps have their numbers in the protocol's description. A reader that is slow holds its frames,
/// and the output draws into others; it misses what came meanwhile.
final class CaptureSession: SignetSealedFrameSessionV1.Requests, FrameObserver {
    /// R8.
    private let heldLimit: Int
    /// Nil once there are no more.
    private var frames: FrameSource?
    private weak var resource: SignetSealedFrameSessionV1?
    /// Asked for and not answered.
    private weak var awaited: CapturedFrame?
    /// Answered and not destroyed.
    private var held = 0
    private let reader = FrameReader()
    /// The number of the frame that was sent last.
    private var lastSent: UInt64?

    /// Follows an output's frames; nil where it is gone already.
    init(resource: SignetSealedFrameSessionV1, frames: FrameSource?) {
        self.resource = resource
        self.frames = frames
        heldLimit = resource.client.account.limits.framesPerSession
        frames?.add(self)
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
        guard let frames else { return new.fail(.stopped) }
        guard new.isCharged else { return new.fail(.noMemory) }
        awaited = new
        // R6: what has changed is drawn within a frame's time; if nothing has, the newest frame is there already.
        if held < heldLimit { frames.awaitFrame(self) }
    }

    func destroyed(_ resource: SignetSealedFrameSessionV1) {
        // R12.
        failAwaited(.stopped)
        frames?.remove(self)
        frames = nil
        reader.end()
    }

    func frames(_ frames: FrameSource, have result: FrameSource.Result) {
        switch result {
        case .shown: answer(frames)
        // A reader that waits for memory would wait without end.
        case .failed: failAwaited(.noMemory)
        }
    }

    /// R11.
    func framesDidStop(_ frames: FrameSource) {
        failAwaited(.stopped)
        resource?.sendStopped()
        self.frames = nil
    }

    private func failAwaited(_ reason: SignetSealedFrameV1.Failure) {
        frames?.stopWaiting(self)
        awaited?.fail(reason)
        awaited = nil
    }

    /// A frame was given back, or isn't wanted any more.
    func frameDestroyed(_ frame: CapturedFrame, wasSent: Bool) {
        if wasSent { held -= 1 }
        // R17.
        if awaited === frame { awaited = nil }
        guard let frames else { return }
        if awaited == nil || !isConnected { return frames.stopWaiting(self) }
        if held < heldLimit { frames.awaitFrame(self) }
    }

    /// Objects of a client that is gone go one after the other: nothing is drawn for those that are left.
    private var isConnected: Bool { resource?.client.isConnected == true }

    private func answer(_ frames: FrameSource) {
        guard let frame = awaited, isConnected else { return frames.stopWaiting(self) }
        guard let buffer = frames.newest, let number = buffer.frame, number > lastSent ?? 0 else { return }
        awaited = nil
        frames.stopWaiting(self)
        let damage = frames.changes(since: lastSent)
        // R10.
        guard frame.send(buffer, of: frames, to: reader, damage: damage) else { return }
        lastSent = number
        held += 1
    }
}
