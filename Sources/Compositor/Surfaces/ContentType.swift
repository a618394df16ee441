internal import WaylandServer

/// What a surface shows, as its client says: a hint that later outputs and encoders may use.
struct ContentType: SurfaceStatePart {
    var type: WpContentTypeV1.TypeValue?

    mutating func apply(_ newer: ContentType) {
        if let new = newer.type { type = new }
    }
}

/// `wp_content_type_v1`: sets a surface's ``ContentType``.
private final class ContentTypeObject: WpContentTypeV1.Requests {
    private weak var surface: Surface?

    init(_ surface: Surface) {
        self.surface = surface
    }

    func setContentType(
        _ resource: WpContentTypeV1,
        contentType: WpContentTypeV1.TypeValue
    ) throws(ProtocolError) {
        surface?.pending[ContentType.self].type = contentType
    }

    func destroyed(_ resource: WpContentTypeV1) {
        surface?.giveUp(ContentTypeObject.self)
        surface?.pending[ContentType.self].type = WpContentTypeV1.TypeValue.none
    }
}

/// `wp_content_type_manager_v1`: takes hints about what surfaces show.
final class ContentTypeGlobal: WpContentTypeManagerV1.Requests {
    init(on display: Display) {
        Global<WpContentTypeManagerV1>(on: display) { [self] resource in resource.handler = self }
    }

    func getSurfaceContentType(
        _ resource: WpContentTypeManagerV1,
        id: WpContentTypeV1,
        surface: WlSurface
    ) throws(ProtocolError) {
        let surface = try Surface.of(surface)
        guard surface.claim(ContentTypeObject.self) else {
            throw ProtocolError(
                WpContentTypeManagerV1.Error.alreadyConstructed,
                "wl_surface@\(surface.resource.id) has a wp_content_type_v1 already"
            )
        }
        id.handler = ContentTypeObject(surface)
    }
}
