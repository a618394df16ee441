/// A zwp_linux_dmabuf_v1 of the proxy's own, of which every buffer fails, in the place of the compositor's.
///
/// It is there also where the compositor has no device for one. Its version is 1: later ones can make a buffer without
/// asking, and clients that count on that look for those.
final class StandInDmabuf {
    private static let global: UInt32 = 0x7100_0000
    private static let interface = "zwp_linux_dmabuf_v1"
    /// DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888.
    private static let formats: [UInt32] = [0x3432_5241, 0x3432_5258]
    private var mine: Set<ObjectIdentifier> = []

    /// Whether an event tells of the compositor's own.
    func hides(_ event: Message) -> Bool {
        event.is("wl_registry", "global") && event.values[1].text == Self.interface
    }

    /// Answers a request that is about the stand-in; false where it is for the compositor.
    func answer(_ request: Message, of connection: ProxyConnection) -> Bool {
        if request.is("wl_display", "get_registry"), let registry = request.newObject {
            connection.inject(registry, "global", [.uint(Self.global), .string(Self.interface), .uint(1)])
            return false
        }
        if request.is("wl_registry", "bind"), request.id(0) == Self.global, let new = request.newObject {
            take(new, connection)
            for format in Self.formats { connection.inject(new, "format", [.uint(format)]) }
            return true
        }
        guard mine.contains(ObjectIdentifier(request.object)) else { return false }
        if let new = request.newObject { take(new, connection) }
        if request.name == "create" { connection.inject(request.object, "failed", []) }
        return true
    }

    private func take(_ object: WireObject, _ connection: ProxyConnection) {
        mine.insert(ObjectIdentifier(object))
        connection.standIn(for: object)
    }
}
