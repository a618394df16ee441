internal import Pixels
internal import WaylandServer

/// What wl_surface's requests have asked for since the last commit.
struct PendingSurfaceState {
    enum Attachment {
        case unchanged
        /// A null buffer: the surface shows nothing.
        case removed
        case buffer(ClientBuffer)
    }

    var attachment = Attachment.unchanged
    /// How far the new content's corner is from the old one's, in surface coordinates.
    var offset = Point(x: 0, y: 0)
    /// In surface coordinates.
    var surfaceDamage = DamageList()
    /// In buffer coordinates.
    var bufferDamage = DamageList()
    var scale: Int?
    var orientation: Orientation?
    /// In surface coordinates; nil where unchanged.
    var opaqueRegion: Region?
    /// In surface coordinates. The outer level: whether it changed; the inner: nil is infinite.
    var inputRegion: Region??
    var frameCallbacks: [WlCallback] = []
    /// The extensions' parts.
    var parts = SurfaceStateParts()

    subscript<Part: SurfaceStatePart>(type: Part.Type) -> Part {
        get { parts[type] }
        set { parts[type] = newValue }
    }
}

/// What the last commit made of a surface.
struct SurfaceState {
    /// The pixels; nil while the surface shows nothing.
    var content: SurfaceContent?
    /// Buffer pixels for each unit of surface coordinates.
    var scale = 1
    /// How the buffer's content is turned.
    var orientation = Orientation.normal
    /// What the client promises to be opaque, in surface coordinates.
    var opaqueRegion = Region()
    /// Where it takes input, in surface coordinates; nil is everywhere.
    var inputRegion: Region?
    /// The extensions' parts.
    var parts = SurfaceStateParts()

    /// In surface coordinates; empty without content.
    var size: Size {
        guard let content else { return Size(width: 0, height: 0) }
        let turned = orientation.transposesSize ? content.layout.size.transposed : content.layout.size
        return Size(width: turned.width / scale, height: turned.height / scale)
    }

    subscript<Part: SurfaceStatePart>(type: Part.Type) -> Part { parts[type] }
}

/// Damage rectangles as a client sent them, up to a limit; beyond it their bounding box, as damage may only grow.
struct DamageList {
    private(set) var region = Region()

    mutating func add(x: Int32, y: Int32, width: Int32, height: Int32, limit: Int) {
        guard width > 0, height > 0 else { return }
        region.formUnion(Rectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height)))
        region = region.coarsenedOutward(limit: limit)
    }
}
