internal import Pixels
internal import WaylandServer

/// `zwlr_screencopy_manager_v1`: copies of frames, for programs that don't know `signet_sealed_frame_manager_v1`. The
/// same ones see it, for the same reason.
final class ScreencopyManagerGlobal: Service {
    private let clock: any Clock
    private let hasDevice: Bool

    /// `hasDevice` says whether clients can make dma-bufs for the compositor's device.
    init(clock: any Clock, hasDevice: Bool) {
        self.clock = clock
        self.hasDevice = hasDevice
    }

    func bind(_ resource: ZwlrScreencopyManagerV1) {
        let limit = resource.client.account.limits.rememberedCopies
        resource.handler = ScreencopyManager(clock, hasDevice: hasDevice, limit: limit)
    }
}

/// A client's manager, against whose copies later ones' damage is told.
///
/// `overlay_cursor` changes nothing: the pointer's picture, where there is one, is part of the frame that all readers
/// get.
final class ScreencopyManager: ZwlrScreencopyManagerV1.Requests {
    private let clock: any Clock
    let hasDevice: Bool
    private let limit: Int
    /// Copies that were begun, the oldest first.
    private var copies: [Copy] = []
    /// Stands for all captures: they keep no memory of frames' mapped, so that it never ends.
    private let reader = FrameReader()

    private struct Copy {
        weak var frames: FrameSource?
        /// In output pixels.
        var part: Rectangle
        var frame: UInt64
    }

    init(_ clock: any Clock, hasDevice: Bool, limit: Int) {
        self.clock = clock
        self.hasDevice = hasDevice
        self.limit = limit
    }

    func party(of client: Client) -> FrameCapture.Party {
        FrameCapture.Party(client: client, reader: reader, clock: clock)
    }

    func captureOutput(
        _ resource: ZwlrScreencopyManagerV1,
        frame: ZwlrScreencopyFrameV1,
        overlayCursor: Int32,
        output: WlOutput
    ) throws(ProtocolError) {
        let output = (output.handler as? OutputGlobal)?.output
        capture(output?.mode.size.bounds, of: output, frame)
    }

    func captureOutputRegion(
        _ resource: ZwlrScreencopyManagerV1,
        frame: ZwlrScreencopyFrameV1,
        overlayCursor: Int32,
        output: WlOutput,
        x: Int32,
        y: Int32,
        width: Int32,
        height: Int32
    ) throws(ProtocolError) {
        let output = (output.handler as? OutputGlobal)?.output
        let wanted = Rectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height))
        capture(output?.pixels(ofPart: wanted), of: output, frame)
    }

    private func capture(_ part: Rectangle?, of output: Output?, _ resource: ZwlrScreencopyFrameV1) {
        let frame = ScreencopyFrame(
            resource,
            of: output?.frames,
            part: part ?? Size(width: 0, height: 0).bounds,
            by: self
        )
        resource.handler = frame
        frame.begin()
    }

    // MARK: Copies so far

    /// The frame that was copied last of a part of an output, if that is known.
    func lastFrame(of frames: FrameSource, part: Rectangle) -> UInt64? {
        copies.last { $0.frames === frames && $0.part == part }?.frame
    }

    /// `frame` is being copied.
    func note(_ frame: UInt64?, of frames: FrameSource, part: Rectangle) {
        copies.removeAll { $0.frames == nil || $0.frames === frames && $0.part == part }
        guard let frame else { return }
        copies.append(Copy(frames: frames, part: part, frame: frame))
        if copies.count > limit { copies.removeFirst() }
    }
}

extension Output {
    /// The pixels of a part that is given in units of global coordinates from the output's corner on; empty where it is
    /// outside.
    fileprivate func pixels(ofPart part: Rectangle) -> Rectangle {
        let visible = part.translated(by: bounds.origin).intersection(bounds)
        if visible.isEmpty { return visible }
        // What is rounded up may be beyond the edge.
        return view.pixels(visible).intersection(mode.size.bounds)
    }
}
