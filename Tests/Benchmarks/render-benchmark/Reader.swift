import ClientToolkit
import SharedMemory
import WaylandClient

/// Somebody who looks: there is always a frame of the output that he waits for.
final class Reader {
    private let session: SignetSealedFrameSessionV1
    /// The newest, which is given back when the next one comes.
    private var frame: SignetSealedFrameV1?
    /// Frames that came.
    private(set) var frames = 0
    /// Pixels that the compositor said were different, altogether.
    private(set) var damage = 0

    /// Nil where the compositor has no frames to hand out.
    init?(_ globals: Globals) throws {
        guard let manager = try? globals.bind(SignetSealedFrameManagerV1.self, upTo: 1) else { return nil }
        session = manager.createSession(output: try globals.bind(WlOutput.self, upTo: 1))
        ask()
    }

    private func ask() {
        let next = session.nextFrame()
        next.onDamage = { [unowned self] _, _, width, height in damage += Int(width) * Int(height) }
        next.onReady = { [unowned self, unowned next] _, _, _ in
            frames += 1
            frame?.destroy()
            frame = next
            ask()
        }
        next.onFailed = { [unowned self, unowned next] _ in
            next.destroy()
            ask()
        }
        awaited = next
    }

    private var awaited: SignetSealedFrameV1?
}
