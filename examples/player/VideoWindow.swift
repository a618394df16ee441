import ClientToolkit
import Glibc
import WaylandClient
import WaylandWire

/// A window with a video in it, which hears when each picture was shown.
final class VideoWindow: ShellWindow {
    /// What became of a picture.
    enum Fate {
        /// It was shown at `time`, by the compositor's clock, which shows others each `refresh`; in nanoseconds.
        case shown(time: Int64, refresh: Int64)
        /// Another one came before it was shown, or nobody could see it.
        case discarded
    }

    private let presentation: WpPresentation
    private let viewporter: WpViewporter
    private var viewport: WpViewport?
    private var place: (crop: DecodedFrame.Crop, width: Int)?
    /// The clock that presentation times are of.
    private(set) var clock = CLOCK_MONOTONIC
    /// What the compositor wants the window to be, in its units.
    private var wanted: (width: Int, height: Int)?
    private let isFullscreen: Bool

    init(_ globals: Globals, title: String, isFullscreen: Bool) throws {
        presentation = try globals.bind(WpPresentation.self, upTo: 1)
        viewporter = try globals.bind(WpViewporter.self, upTo: 1)
        self.isFullscreen = isFullscreen
        super.init(globals, title: title)
        viewport = viewporter.getViewport(surface: surface)
        if isFullscreen { toplevel.setFullscreen(output: nil) }
        presentation.onClockId = { [unowned self] in clock = clockid_t($0) }
    }

    override func configured(width: Int?, height: Int?) {
        guard isFullscreen, let width, let height else { return }
        wanted = (width, height)
        place = nil
    }

    /// Shows a picture with the next refresh, and tells what becomes of it.
    func show(_ frame: DecodedFrame, _ buffer: PictureBuffer, _ then: @escaping (Fate) -> Void) throws {
        let (crop, width) = (frame.crop, frame.shownWidth)
        if place?.crop != crop || place?.width != width {
            place = (crop, width)
            viewport?.setSource(
                x: Fixed(Double(crop.left)),
                y: Fixed(Double(crop.top)),
                width: Fixed(Double(crop.width)),
                height: Fixed(Double(crop.height))
            )
            let size = shownSize(width, crop.height)
            viewport?.setDestination(width: Int32(size.width), height: Int32(size.height))
        }
        let feedback = presentation.feedback(surface: surface)
        feedback.onPresented = { high, low, nanoseconds, refresh, _, _, _ in
            let seconds = Int64(high & 0x7fff) << 32 | Int64(low)
            let (time, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            then(.shown(time: overflow ? 0 : time &+ Int64(nanoseconds), refresh: Int64(refresh)))
        }
        feedback.onDiscarded = { then(.discarded) }
        try buffer.attach(frame, to: surface)
        surface.commit()
    }

    /// As large as fits where the window has a size of its own, and as it is otherwise.
    private func shownSize(_ width: Int, _ height: Int) -> (width: Int, height: Int) {
        guard let wanted else { return (width, height) }
        if wanted.width * height <= wanted.height * width {
            return (wanted.width, max(1, height * wanted.width / width))
        }
        return (max(1, width * wanted.height / height), wanted.height)
    }

    override func close() {
        viewport?.destroy()
        super.close()
    }
}
