internal import Pixels
internal import WaylandServer

/// What a surface is for: a window, a popup, a cursor.
///
/// A surface gets a role once and keeps it for life, though the object that stands for the role may come and go.
protocol SurfaceRole: AnyObject {
    /// What the surface is a part of; nil where that can't be put into a scene.
    var node: (any SceneNode)? { get }
    /// The surface that it is shown as a part of; nil where it stands for itself.
    var parent: Surface? { get }
    /// Whether a commit has to wait for the parent's.
    var holdsCommits: Bool { get }
    /// Whether the surface may be destroyed first; the role's object can do nothing then.
    var mayOutliveSurface: Bool { get }
    /// Says whether a buffer may be attached now; an error says that it may not.
    func willAttach(_ surface: Surface) throws(ProtocolError)
    /// Looks at what is about to be committed; an error stops the commit.
    func willCommit(_ surface: Surface) throws(ProtocolError)
    /// The commit moves the content's corner, in surface coordinates.
    func contentMoved(by offset: Point)
    /// The commit has taken effect.
    func didCommit(_ surface: Surface)
    /// The surface is gone.
    func surfaceDestroyed(_ surface: Surface)
}

extension SurfaceRole {
    var parent: Surface? { nil }
    var holdsCommits: Bool { false }
    var mayOutliveSurface: Bool { false }
    func willAttach(_ surface: Surface) throws(ProtocolError) {}
    func willCommit(_ surface: Surface) throws(ProtocolError) {}
    func contentMoved(by offset: Point) {}
    func didCommit(_ surface: Surface) {}
}

extension Surface {
    /// Has a role whose object the client doesn't know take part in the surface's commits: the one that it had before,
    /// or a new one.
    func takeRole<Role: SurfaceRole>(
        _ kind: SurfaceRoleKind,
        _ make: @autoclosure () -> Role,
        otherwise error: (String) -> ProtocolError
    ) throws(ProtocolError) -> Role {
        try setRoleKind(kind, otherwise: error)
        if let known = role as? Role { return known }
        let role = make()
        try attach(role, otherwise: error)
        return role
    }
}

/// The roles there are, as messages call them.
enum SurfaceRoleKind: String {
    case toplevel = "xdg_toplevel"
    case popup = "xdg_popup"
    case subsurface = "wl_subsurface"
    case cursor = "cursor of wl_pointer"
    case dragIcon = "drag-and-drop icon of wl_data_device"
}
