internal import WaylandServer

/// `signet_sealed_frame_manager_v1`: hands out finished frames by descriptor.
///
/// A frame shows all that is on an output. Until there are finer rules, only programs of the user who runs the
/// compositor, and of root, who can read it anyway, see this global (R1).
final class CaptureManagerGlobal: SignetSealedFrameManagerV1.Requests, Service {
    func bind(_ resource: SignetSealedFrameManagerV1) { resource.handler = self }

    func createSession(
        _ resource: SignetSealedFrameManagerV1,
        session: SignetSealedFrameSessionV1,
        output: WlOutput
    ) throws(ProtocolError) {
        let output = (output.handler as? OutputGlobal)?.output
        session.handler = CaptureSession(resource: session, frames: output?.frames)
        // R3.
        if output == nil { session.sendStopped() }
    }
}
