internal import Pixels

/// Where windows go, and which one is in front.
///
/// There is nobody to move them by hand: a new window goes where it covers least of the others, in front of them, and is
/// the active one until the next appears.
final class WindowManager {
    private let scene: Scene
    /// Mapped windows, the active one last.
    private(set) var windows: [Toplevel] = []

    init(scene: Scene) {
        self.scene = scene
    }

    /// What a window can fill, in global coordinates.
    var bounds: Rectangle? { scene.primaryOutput?.bounds }

    /// A window that shows something has committed.
    func didCommit(_ window: Toplevel) {
        if !windows.contains(where: { $0 === window }) {
            map(window)
        } else if let position = fixedPosition(of: window), position != window.position {
            window.place(at: position)
            scene.setNeedsLayout(window)
        }
    }

    /// A window shows nothing any more.
    func didUnmap(_ window: Toplevel) {
        scene.remove(window)
        windows.removeAll { $0 === window }
        windows.last?.configure { $0.isActivated = true }
    }

    /// Brings a window to the front, and makes it the active one.
    func activate(_ window: Toplevel) {
        guard let index = windows.firstIndex(where: { $0 === window }), window !== windows.last else { return }
        windows.last?.configure { $0.isActivated = false }
        windows.append(windows.remove(at: index))
        scene.raise(window)
        window.configure { $0.isActivated = true }
    }

    private func map(_ window: Toplevel) {
        let others = windows.suffix(WindowPlacement.windowLimit).map(\.frame)
        let position =
            fixedPosition(of: window)
            ?? bounds.map { WindowPlacement.position(for: window.frame.size, in: $0, beside: others) }
        window.place(at: position ?? Point(x: 0, y: 0))
        windows.last?.configure { $0.isActivated = false }
        windows.append(window)
        scene.insert(window)
        window.configure { $0.isActivated = true }
    }

    /// Where a window that fills the output is.
    private func fixedPosition(of window: Toplevel) -> Point? {
        window.accepted.isMaximized || window.accepted.isFullscreen ? bounds?.origin : nil
    }
}
