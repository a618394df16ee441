internal import Pixels
internal import WaylandServer

/// `ext_image_copy_capture_manager_v1`: copies of outputs' and windows' frames. The same clients see it as
/// `signet_sealed_frame_manager_v1`, for the same reason.
final class ImageCopyManager: ExtImageCopyCaptureManagerV1.Requests, Service {
    private let studio: CaptureStudio

    init(_ studio: CaptureStudio) { self.studio = studio }

    func bind(_ resource: ExtImageCopyCaptureManagerV1) { resource.handler = self }

    func createSession(
        _ resource: ExtImageCopyCaptureManagerV1,
        session: ExtImageCopyCaptureSessionV1,
        source: ExtImageCaptureSourceV1,
        options: ExtImageCopyCaptureManagerV1.Options
    ) throws(ProtocolError) {
        guard options.isSubset(of: .paintCursors) else {
            throw ProtocolError(
                ExtImageCopyCaptureManagerV1.Error.invalidOption,
                "the options \(options.rawValue) aren't known; there is paint_cursors, 1"
            )
        }
        let area = ImageSource.of(source)
        let hasCursor = options.contains(.paintCursors)
        let new = ImageCopySession(session, studio, format: .xrgb8888) { area.subject(hasCursor: hasCursor) }
        session.handler = new
        new.begin()
    }

    func createPointerCursorSession(
        _ resource: ExtImageCopyCaptureManagerV1,
        session: ExtImageCopyCaptureCursorSessionV1,
        source: ExtImageCaptureSourceV1,
        pointer: WlPointer
    ) throws(ProtocolError) {
        let new = CursorCopySession(session, studio, ImageSource.of(source))
        session.handler = new
        new.begin()
    }
}
