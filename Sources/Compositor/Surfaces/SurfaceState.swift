internal import Pixels
internal import WaylandServer

/// What wl_surface's requests have asked for since the last commit.
struct PendingSurfaceState {
    enum Attachment {
        case unchanged
        /// A null buffer, or one that was destroyed since it was attached: the surface shows nothing.
        case removed
        /// A buffer that exists.
        case buffer(ClientBuffer)
    }

    private var attached = Attachment.unchanged
    /// What the newest wl_surface.attach asks for. A client may destroy the buffer before it commits; it counts as a
    /// null buffer from then on, as in other compositors.
    var attachment: Attachment {
        get {
            if case .buffer(let buffer) = attached, buffer.isDestroyed { return .removed }
            return attached
        }
        set { attached = newValue }
    }
    /// How far the new content's corner is from the old one's, in surface coordinates.
    var offset = Point(x: 0, y: 0)
    /// In surface coordinates.
    var surfaceDamage = DamageList()
    /// In buffer coordinates.
    var bufferDamage = DamageList()
    var scale: Int?
    var orientation: Orientation?
    /// In surface coordinates. The outer level: whether it changed; the inner: nil is empty.
    var opaqueRegion: ClientRegion??
    /// In surface coordinates. The outer level: whether it changed; the inner: nil is infinite.
    var inputRegion: ClientRegion??
    var frameCallbacks: [WlCallback] = []
    /// The extensions' parts.
    var parts = SurfaceStateParts()

    subscript<Part: SurfaceStatePart>(type: Part.Type) -> Part {
        get { parts[type] }
        _modify { yield &parts[type] }
    }

    /// Whether nothing was asked for.
    var isEmpty: Bool {
        guard case .unchanged = attached else { return false }
        let isUndamaged = surfaceDamage.region.isEmpty && bufferDamage.region.isEmpty
        let isSame = scale == nil && orientation == nil && opaqueRegion == nil && inputRegion == nil && parts.isEmpty
        return isUndamaged && isSame && offset == Point(x: 0, y: 0) && frameCallbacks.isEmpty
    }

    /// All damage in the coordinates of a buffer of `size` that is shown as `state` says.
    func bufferDamage(on size: Size, in state: SurfaceState) -> Region {
        var result = bufferDamage.region
        if !surfaceDamage.region.isEmpty, state.stretches(size) {
            result.formUnion(size.bounds)
        } else if !surfaceDamage.region.isEmpty {
            let turnedSize = state.orientation.transposesSize ? size.transposed : size
            result.formUnion(
                surfaceDamage.region
                    .scaledOutward(byNumerator: state.scale, denominator: 1)
                    .intersection(turnedSize.bounds)
                    .transformed(by: state.orientation, in: turnedSize)
            )
        }
        result.formIntersection(size.bounds)
        return result
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
    /// What the client promises to be opaque, in surface coordinates; nil is nothing.
    var opaqueRegion: ClientRegion?
    /// Where it takes input, in surface coordinates; nil is everywhere.
    var inputRegion: ClientRegion?
    /// The extensions' parts.
    var parts = SurfaceStateParts()

    /// In surface coordinates, rounded up where the scale doesn't divide the buffer's size; empty without content.
    var size: Size {
        guard let uprightSize else { return Size(width: 0, height: 0) }
        if let size = self[Viewport.self].size { return size }
        let (width, height) = (uprightSize.width + scale - 1, uprightSize.height + scale - 1)
        return Size(width: width / scale, height: height / scale)
    }

    /// Whether a buffer's size in pixels is a multiple of the scale.
    func scaleDivides(_ size: Size) -> Bool { size.width % scale == 0 && size.height % scale == 0 }

    /// A buffer's size must be a multiple of its scale, unless a viewport says which part of it shows or how large.
    ///
    /// Cursors, and surfaces that may become some, are shown anyway, as in other compositors: toolkits take what a
    /// theme has, and few themes have sizes that every scale divides.
    func checkSize(_ size: Size, of surface: Surface) throws(ProtocolError) {
        let isLenient = self[Viewport.self].isSet || [nil, .cursor, .dragIcon].contains(surface.roleKind)
        guard isLenient || scaleDivides(size) else {
            throw ProtocolError(
                WlSurface.Error.invalidSize,
                "a buffer of \(size.width)x\(size.height) doesn't divide by the scale \(scale)",
                on: surface.resource
            )
        }
    }

    /// Whether a buffer of `size` pixels has anything but `scale` pixels for each unit of surface coordinates.
    func stretches(_ size: Size) -> Bool { self[Viewport.self].isSet || !scaleDivides(size) }

    /// The buffer's size in pixels after its orientation was undone; nil without content.
    var uprightSize: Size? {
        content.map { orientation.transposesSize ? $0.size.transposed : $0.size }
    }

    /// How it looks.
    var appearance: Appearance {
        guard let content else { return Appearance(size: size) }
        return Appearance(
            content: content,
            size: size,
            orientation: orientation,
            crop: self[Viewport.self].crop(scale: scale),
            opaqueRegion: opaqueRegion?.inner.intersection(size.bounds) ?? Region()
        )
    }

    subscript<Part: SurfaceStatePart>(type: Part.Type) -> Part { parts[type] }

    /// Takes over what `newer` sets, apart from its attachment, which needs looking at.
    mutating func apply(_ newer: borrowing PendingSurfaceState) {
        if let scale = newer.scale { self.scale = scale }
        if let orientation = newer.orientation { self.orientation = orientation }
        if let region = newer.opaqueRegion { opaqueRegion = region }
        if let region = newer.inputRegion { inputRegion = region }
        parts.startOver()
        parts.apply(newer.parts)
    }

    /// Damage of the buffer in surface coordinates, outward.
    func surfaceDamage(from damage: Region) -> Region {
        guard !damage.isEmpty, let bufferSize = content?.size else { return Region() }
        if stretches(bufferSize) { return Region(size.bounds) }
        return
            damage
            .transformed(by: orientation.inverse, in: bufferSize)
            .scaledOutward(byNumerator: 1, denominator: scale)
            .intersection(size.bounds)
    }

    /// Whether it covers or uncovers something else than `old` did.
    func hasOtherShape(than old: SurfaceState) -> Bool {
        size != old.size || scale != old.scale || orientation != old.orientation || content?.size != old.content?.size
            || isOpaqueElsewhere(than: old)
            || (content?.isOpaque == true) != (old.content?.isOpaque == true)
    }

    private func isOpaqueElsewhere(than old: SurfaceState) -> Bool {
        if opaqueRegion === old.opaqueRegion { return false }
        return opaqueRegion?.inner ?? Region() != old.opaqueRegion?.inner ?? Region()
    }
}

/// A state on its way to be shown, and what it changes.
struct SurfaceCommit {
    var state: SurfaceState
    /// In pixels of the state's buffer.
    var damage = Region()
    /// How far the content's corner moves, in surface coordinates.
    var offset = Point(x: 0, y: 0)
    /// Whether it changes a part that can change the surface's shape.
    var isReshaped = false
    /// Whether it changes a part that can change the tree.
    var isRearranged = false
    var frameCallbacks: [WlCallback] = []
}

/// Damage rectangles as a client sent them, up to a limit; beyond it their bounding box, as damage may only grow.
struct DamageList {
    private(set) var region = Region()

    mutating func add(x: Int32, y: Int32, width: Int32, height: Int32, limit: Int) {
        guard width > 0, height > 0 else { return }
        region.formUnion(Rectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height)))
        if region.rectangleCount > limit { region = Region(region.bounds) }
    }
}
