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
    private let reader = FrameReader()
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
        guard new.isCharged else { return new.fail(.noMemory) }
        awaited = new
        // R6: what has changed is drawn within a frame's time; if nothing has, the newest frame is there already.
        if held < heldLimit { output.awaitFrame(self) }
    }

    func destroyed(_ resource: SignetSealedFrameSessionV1) {
        // R12.
        failAwaited(.stopped)
        output?.remove(self)
        output = nil
        reader.end()
    }

    func output(_ output: Output, has result: Output.FrameResult) {
        switch result {
        case .shown: answer(output)
        // A reader that waits for memory would wait without end.
        case .failed: failAwaited(.noMemory)
        }
    }

    /// R11.
    func outputDidStop(_ output: Output) {
        failAwaited(.stopped)
        resource?.sendStopped()
        self.output = nil
    }

    private func failAwaited(_ reason: SignetSealedFrameV1.Failure) {
        output?.stopWaiting(self)
        awaited?.fail(reason)
        awaited = nil
    }

    /// A frame was given back, or isn't wanted any more.
    func frameDestroyed(_ frame: CapturedFrame, wasSent: Bool) {
        if wasSent { held -= 1 }
        // R17.
        if awaited === frame { awaited = nil }
        guard let output else { return }
        if awaited == nil || !isConnected { return output.stopWaiting(self) }
        if held < heldLimit { output.awaitFrame(self) }
    }

    /// Objects of a client that is gone go one after the other: nothing is drawn for those that are left.
    private var isConnected: Bool { resource?.client.isConnected == true }

    private func answer(_ output: Output) {
        guard let frame = awaited, isConnected else { return output.stopWaiting(self) }
        guard let buffer = output.newestFrame, let number = buffer.frame, number > lastSent ?? 0 else { return }
        awaited = nil
        output.stopWaiting(self)
        let damage = output.changes(since: lastSent)
        // R10.
        guard frame.send(buffer, of: output, to: reader, damage: damage) else { return }
        lastSent = number
        held += 1
    }
}
