internal import Pixels
internal import WaylandServer

/// `signet_sealed_frame_session_v1`: a reader that follows an output.
///
/// The rules that it keeps have their numbers in the protocol's description. A reader that is slow holds its frames, and
/// the output draws into others; it misses what came meanwhile.
final class CaptureSession: SignetSealedFrameSessionV1.Requests, FrameObserver {
    /// R8.
    static let heldLimit = 3

    private let output: Output
    private weak var resource: SignetSealedFrameSessionV1?
    /// Asked for and not answered.
    private weak var awaited: CapturedFrame?
    /// Answered and not destroyed.
    private var held = 0
    /// The number of the frame that was sent last.
    private var lastSent: UInt64?

    init(resource: SignetSealedFrameSessionV1, output: Output) {
        self.resource = resource
        self.output = output
        output.add(self)
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
        awaited = new
        // R6: what has changed is drawn within a frame's time; if nothing has, the newest frame is there already.
        if lastSent == nil, !output.isDamaged { output.ensureFrame() }
        if !output.isDamaged { answer() }
    }

    func destroyed(_ resource: SignetSealedFrameSessionV1) {
        output.remove(self)
        output.endSession(ObjectIdentifier(self))
        awaited = nil
    }

    func outputDidTick(_ output: Output) {
        answer()
    }

    func outputDidStop(_ output: Output) {
        resource?.sendStopped()
    }

    /// A frame was given back, or isn't wanted any more.
    func frameDestroyed(_ frame: CapturedFrame, wasSent: Bool) {
        if wasSent {
            held -= 1
            answer()
            if output.isDamaged { output.requestFrame() }
        }
    }

    private func answer() {
        guard let frame = awaited, held < Self.heldLimit, let buffer = output.ring.front,
            let number = buffer.frame, number > lastSent ?? 0
        else { return }
        awaited = nil
        let damage = output.ring.changes(since: lastSent)
        guard frame.send(buffer, damage: damage, time: output.frameTime, session: ObjectIdentifier(self)) else {
            return
        }
        lastSent = number
        held += 1
    }
}
