internal import WaylandServer

/// What a surface shows, as its client says: a hint that later outputs and encoders may use.
enum ContentType: SurfaceSetting {
    typealias Value = WpContentTypeV1.TypeValue
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
        surface?.pending[Setting<ContentType>.self].value = contentType
    }

    func destroyed(_ resource: WpContentTypeV1) {
        surface?.giveUp(ContentTypeObject.self)
        surface?.pending[Setting<ContentType>.self].value = WpContentTypeV1.TypeValue.none
    }
}

/// `wp_content_type_manager_v1`: takes hints about what surfaces show.
final class ContentTypeGlobal: WpContentTypeManagerV1.Requests, Service {
    func bind(_ resource: WpContentTypeManagerV1) { resource.handler = self }

    func getSurfaceContentType(
        _ resource: WpContentTypeManagerV1,
        id: WpContentTypeV1,
        surface: WlSurface
    ) throws(ProtocolError) {
        let surface = try Surface.of(surface)
        try surface.claim(
            ContentTypeObject.self,
            "wp_content_type_v1",
            otherwise: WpContentTypeManagerV1.Error.alreadyConstructed
        )
        id.handler = ContentTypeObject(surface)
    }
}
