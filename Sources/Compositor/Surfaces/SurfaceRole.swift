internal import WaylandServer

/// What a surface is for: a window, a popup, a cursor.
///
/// A surface gets a role once and keeps it for life, though the object that stands for the role may come and go.
protocol SurfaceRole: AnyObject {
    /// Looks at what is about to be committed; an error stops the commit.
    func willCommit(_ surface: Surface) throws(ProtocolError)
    /// The commit has taken effect.
    func didCommit(_ surface: Surface)
    /// The surface is gone.
    func surfaceDestroyed(_ surface: Surface)
}

/// The roles there are, as messages call them.
enum SurfaceRoleKind: String {
    case toplevel = "xdg_toplevel"
    case popup = "xdg_popup"
}
