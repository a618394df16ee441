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
        let way = Position(x: position.x - start.pointer.x, y: position.y - start.pointer.y).pixel
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
        let way = Position(x: position.x - start.pointer.x, y: position.y - start.pointer.y).pixel
        var size = start.size
        if edges.contains(.right) { size.width += way.x }
        if edges.contains(.left) { size.width -= way.x }
        if edges.contains(.bottom) { size.height += way.y }
        if edges.contains(.top) { size.height -= way.y }
        window.resize(to: size)
    }

    func ended() { window.endResizing() }
}
