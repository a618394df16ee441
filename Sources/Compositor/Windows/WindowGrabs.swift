internal import Pixels

/// Moves a window with the pointer.
final class MoveGrab: WindowGrab {
    let window: Window
    private let windows: WindowManager
    /// Where the pointer was, and the window.
    private let start: (pointer: Position, window: Point)

    init(_ window: Window, _ windows: WindowManager, from position: Position) {
        self.window = window
        self.windows = windows
        start = (position, window.position)
    }

    func motion(to position: Position) {
        let way = position.way(from: start.pointer)
        windows.move(window, to: start.window.translated(by: way))
    }

    func ended() {}
}

/// Pulls edges of a window with the pointer.
final class ResizeGrab: WindowGrab {
    let window: Window
    private let edges: WindowEdges
    private let start: (pointer: Position, size: Size)

    init(_ window: Window, _ edges: WindowEdges, from position: Position) {
        self.window = window
        self.edges = edges
        start = (position, window.contentSize)
        window.beginResizing(edges)
    }

    func motion(to position: Position) {
        let way = position.way(from: start.pointer)
        var size = start.size
        if edges.contains(.right) { size.width += way.x }
        if edges.contains(.left) { size.width -= way.x }
        if edges.contains(.bottom) { size.height += way.y }
        if edges.contains(.top) { size.height -= way.y }
        window.resize(to: size)
    }

    func ended() { window.endResizing() }
}

extension Position {
    /// How far it is from another one, in whole units.
    fileprivate func way(from start: Position) -> Point { Position(x: x - start.x, y: y - start.y).pixel }
}
