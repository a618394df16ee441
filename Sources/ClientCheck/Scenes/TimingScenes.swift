/// Frames are late, as on a busy machine, and then don't come at all, as for a window that is hidden.
final class FrameScene: Scene {
    override class var name: String { "late-frames" }
    override class var summary: String { "frame callbacks come 0.3 s late, and after a third of the time never" }

    private var isHidden = false

    override func tick(_ progress: Double, _ run: SceneRun) { isHidden = progress > 0.3 }

    override func event(_ message: Message, of connection: ProxyConnection) -> Delivery {
        guard message.is("wl_callback", "done"), connection.model.isFrame(message.object) else { return .now }
        return isHidden ? .never : .later(0.3)
    }
}

/// The compositor keeps buffers for long.
final class ReleaseScene: Scene {
    override class var name: String { "late-releases" }
    override class var summary: String { "wl_buffer.release comes 0.5 s late" }

    override func event(_ message: Message, of connection: ProxyConnection) -> Delivery {
        message.is("wl_buffer", "release") ? .later(0.5) : .now
    }
}
