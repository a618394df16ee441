internal import Pixels
internal import WaylandServer

/// `ext_image_copy_capture_cursor_session_v1`: tells where on an output or a window the pointer is, at each tick, and
/// captures its picture.
final class CursorCopySession: ExtImageCopyCaptureCursorSessionV1.Requests, CaptureFollower {
    private weak var resource: ExtImageCopyCaptureCursorSessionV1?
    private let studio: CaptureStudio
    private let area: CaptureArea
    private var charge: Charge?
    private var hasSession = false
    /// What the client was told last; nil while the pointer isn't on the source.
    private var told: Told?

    private struct Told: Equatable {
        /// In pixels of the source's buffers.
        var position: Point
        /// In pixels of the picture.
        var hotspot: Point
    }

    init(_ resource: ExtImageCopyCaptureCursorSessionV1, _ studio: CaptureStudio, _ area: CaptureArea) {
        self.resource = resource
        self.studio = studio
        self.area = area
        charge = try? resource.client.account.charge(of: .frames)
    }

    func begin() {
        // Beyond the limit the pointer is nowhere.
        if charge != nil, let resource, studio.add(self, of: resource.client.account) { update() }
    }

    func getCaptureSession(
        _ resource: ExtImageCopyCaptureCursorSessionV1,
        session: ExtImageCopyCaptureSessionV1
    ) throws(ProtocolError) {
        guard !hasSession else {
            throw ProtocolError(
                ExtImageCopyCaptureCursorSessionV1.Error.duplicateSession,
                "a cursor session has one capture session, and had it"
            )
        }
        hasSession = true
        let area = area
        let new = ImageCopySession(session, studio, format: .argb8888) {
            area.subject(hasCursor: false).map { _ in .cursor(of: area) }
        }
        session.handler = new
        new.begin()
    }

    func destroyed(_ resource: ExtImageCopyCaptureCursorSessionV1) {
        studio.remove(self)
        charge = nil
    }

    func update() {
        guard let resource, resource.isAlive, resource.client.hearsOfOthers else { return }
        let now = position
        if now == told { return }
        guard let now else {
            told = nil
            return resource.sendLeave()
        }
        if told == nil { resource.sendEnter() }
        if now.position != told?.position {
            resource.sendPosition(x: Int32(clamping: now.position.x), y: Int32(clamping: now.position.y))
        }
        if now.hotspot != told?.hotspot {
            resource.sendHotspot(x: Int32(clamping: now.hotspot.x), y: Int32(clamping: now.hotspot.y))
        }
        told = now
    }

    private var position: Told? {
        guard let shown = studio.cursor.shown, let view = area.view(in: studio.layout),
            !view.bounds.intersection(shown.frame).isEmpty
        else { return nil }
        let unit = Size(width: 1, height: 1)
        return Told(
            position: view.pixels(Rectangle(origin: shown.hotspot, size: unit)).origin,
            hotspot: Point(
                x: view.scale.pixels(shown.hotspot.x - shown.frame.x),
                y: view.scale.pixels(shown.hotspot.y - shown.frame.y)
            )
        )
    }
}
