import ClientToolkit
import SharedMemory
import WaylandClient
import WaylandWire

/// Somebody who looks: there is always a frame of the output that he waits for.
class Reader {
    /// Frames that came.
    fileprivate(set) var frames = 0
    /// Pixels that the compositor said were different, altogether.
    fileprivate(set) var damage = 0

    /// One by whatever the compositor has to hand out frames; nil where it has nothing.
    static func make(_ globals: Globals) throws -> Reader? {
        if let manager = try? globals.bind(SignetSealedFrameManagerV1.self, upTo: 1) {
            return SealedFrameReader(manager, of: try globals.bind(WlOutput.self, upTo: 1))
        }
        if let manager = try? globals.bind(ZwlrScreencopyManagerV1.self, upTo: 3) {
            return ScreencopyReader(manager, of: try globals.bind(WlOutput.self, upTo: 1), globals)
        }
        return nil
    }
}

/// Gets the compositor's own buffers.
private final class SealedFrameReader: Reader {
    private let session: SignetSealedFrameSessionV1
    private var awaited: SignetSealedFrameV1?
    /// The newest, which is given back when the next one comes.
    private var frame: SignetSealedFrameV1?

    init(_ manager: SignetSealedFrameManagerV1, of output: WlOutput) {
        session = manager.createSession(output: output)
        super.init()
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
}

/// Has frames copied into a buffer of his own, when something is different.
private final class ScreencopyReader: Reader {
    private let manager: ZwlrScreencopyManagerV1
    private let output: WlOutput
    private let globals: Globals
    private var canvas: ShmCanvas?
    private var awaited: ZwlrScreencopyFrameV1?

    init(_ manager: ZwlrScreencopyManagerV1, of output: WlOutput, _ globals: Globals) {
        self.manager = manager
        self.output = output
        self.globals = globals
        super.init()
        ask()
    }

    private func ask() {
        let next = manager.captureOutput(overlayCursor: 0, output: output)
        next.onBuffer = { [unowned self] format, width, height, _ in
            if canvas == nil {
                let size = (width: Int(width), height: Int(height))
                canvas = try? ShmCanvas(globals, width: size.width, height: size.height, format: format)
            }
        }
        next.onBufferDone = { [unowned self, unowned next] in
            if let canvas { next.copyWithDamage(buffer: canvas.buffer) }
        }
        next.onDamage = { [unowned self] _, _, width, height in damage += Int(width) * Int(height) }
        next.onReady = { [unowned self, unowned next] _, _, _ in
            frames += 1
            next.destroy()
            ask()
        }
        next.onFailed = { [unowned self, unowned next] in
            next.destroy()
            ask()
        }
        awaited = next
    }
}
