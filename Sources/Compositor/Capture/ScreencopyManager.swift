internal import Pixels
internal import WaylandServer

/// `zwlr_screencopy_manager_v1`: copies of frames, for programs that don't know `signet_sealed_frame_manager_v1`. The
/// same ones see it, for the same reason.
final class ScreencopyManagerGlobal: Service {
    private let studio: CaptureStudio

    init(_ studio: CaptureStudio) { self.studio = studio }

    func bind(_ resource: ZwlrScreencopyManagerV1) {
        resource.handler = ScreencopyManager(studio, limit: resource.client.account.limits.rememberedCopies)
    }
}

/// A client's manager, against whose copies later ones' damage is told.
final class ScreencopyManager: ZwlrScreencopyManagerV1.Requests, CaptureFollower {
    private let studio: CaptureStudio
    private let limit: Int
    /// Copies that were begun, the oldest first.
    private var copies: [Copy] = []
    /// Outputs without the pointer's picture, as far as somebody captured them.
    private var views: [PlainView] = []
    /// Stands for all captures: they keep no memory of frames' mapped, so that it never ends.
    private let reader = FrameReader()

    private struct Copy {
        weak var frames: FrameSource?
        /// In output pixels.
        var part: Rectangle
        var frame: UInt64
    }

    private struct PlainView {
        weak var output: Output?
        let view: CaptureView
    }

    init(_ studio: CaptureStudio, limit: Int) {
        self.studio = studio
        self.limit = limit
    }

    deinit {
        for plain in views { plain.view.stop() }
        studio.remove(self)
    }

    func party(of client: Client) -> FrameCapture.Party {
        FrameCapture.Party(client: client, reader: reader, clock: studio.clock)
    }

    /// Whether clients can make dma-bufs for the compositor's device.
    var hasDevice: Bool { studio.device != nil }

    func captureOutput(
        _ resource: ZwlrScreencopyManagerV1,
        frame: ZwlrScreencopyFrameV1,
        overlayCursor: Int32,
        output: WlOutput
    ) throws(ProtocolError) {
        let output = (output.handler as? OutputGlobal)?.output
        capture(output?.mode.size.bounds, of: output, hasCursor: overlayCursor != 0, frame)
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
        capture(output?.pixels(ofPart: wanted), of: output, hasCursor: overlayCursor != 0, frame)
    }

    private func capture(
        _ part: Rectangle?,
        of output: Output?,
        hasCursor: Bool,
        _ resource: ZwlrScreencopyFrameV1
    ) {
        // Without a pointer the output's own frames will do, as long as there is none.
        let isOwn = hasCursor || !studio.cursor.isPlaced
        let frames = output.flatMap { isOwn ? $0.frames : plainFrames(of: $0, for: resource.client) }
        let frame = ScreencopyFrame(
            resource,
            of: frames,
            part: part ?? Size(width: 0, height: 0).bounds,
            by: self,
            while: { [studio] in hasCursor || !isOwn || !studio.cursor.isPlaced }
        )
        resource.handler = frame
        frame.begin()
    }

    // MARK: Without the pointer

    /// An output's frames without the pointer's picture; nil where there can't be any.
    private func plainFrames(of output: Output, for client: Client) -> FrameSource? {
        if views.isEmpty, !studio.add(self, of: client.account) { return nil }
        update()
        if let old = views.first(where: { $0.output === output }) {
            return old.view.begin(for: client.account) ? old.view.frames : nil
        }
        let area = CaptureArea(output)
        guard let view = CaptureView(of: { area.subject(hasCursor: false) }, by: studio) else { return nil }
        views.append(PlainView(output: output, view: view))
        return view.begin(for: client.account) ? view.frames : nil
    }

    func update() {
        for plain in views { plain.view.update() }
        views.removeAll { $0.view.isStopped }
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
