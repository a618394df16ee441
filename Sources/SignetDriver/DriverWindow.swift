internal import Glibc
internal import WaylandClient

/// A window, as its compositor tells of it. All places and sizes are in units of the scene, of which an output has as
/// many pixels as its scale says.
public final class DriverWindow {
    /// A rectangle in global coordinates.
    public struct Frame: Hashable, Sendable {
        /// From the left.
        public var x = 0
        /// From the top.
        public var y = 0
        /// Its width.
        public var width = 0
        /// Its height.
        public var height = 0
    }

    let proxy: SignetWindowV1
    /// As its client calls it.
    public private(set) var title = ""
    /// Its client's xdg_toplevel.app_id, or an empty text.
    public private(set) var application = ""
    /// Its client's process, or 0 where that can't be seen.
    public private(set) var process = 0
    /// What counts as the window, without title bar and shadow.
    public private(set) var frame = Frame()
    private var state: SignetWindowV1.State = []
    /// Whether it isn't there any more.
    public private(set) var isClosed = false

    /// Whether it has the keyboard.
    public var isActive: Bool { state.contains(.active) }
    /// Whether it is put away.
    public var isMinimized: Bool { state.contains(.minimized) }
    /// Whether it fills an output.
    public var isMaximized: Bool { state.contains(.maximized) }
    /// Whether it fills an output, without a title bar.
    public var isFullscreen: Bool { state.contains(.fullscreen) }
    /// Whether its client doesn't answer.
    public var isUnresponsive: Bool { state.contains(.unresponsive) }

    /// What is true of it, in words.
    public var states: [String] {
        let all: [(Bool, String)] = [
            (isActive, "active"), (isMinimized, "minimized"), (isMaximized, "maximized"), (isFullscreen, "fullscreen"),
            (isUnresponsive, "unresponsive"),
        ]
        return all.filter(\.0).map(\.1)
    }

    init(_ proxy: SignetWindowV1) {
        self.proxy = proxy
        proxy.onTitle = { [unowned self] in title = $0 }
        proxy.onApplication = { [unowned self] in application = $0 }
        proxy.onProcess = { [unowned self] in process = Int($0) }
        proxy.onGeometry = { [unowned self] in
            frame = Frame(x: Int($0), y: Int($1), width: Int($2), height: Int($3))
        }
        proxy.onState = { [unowned self] in state = $0 }
        proxy.onClosed = { [unowned self] in isClosed = true }
    }

    deinit { proxy.destroy() }

    /// Characters of a title that regular expressions are looked for in.
    private static let searchedLength = 128

    /// Whether a pattern means it: its process, where that is a number, or something that its title or application
    /// contains, or where a regular expression finds something in one of them. Upper and lower case are the same.
    public func matches(_ pattern: String) -> Bool {
        // Which would be any window.
        if pattern.isEmpty { return false }
        if let number = Int(pattern), number == process, number != 0 { return true }
        let texts = [title, application]
        let wanted = pattern.lowercased()
        if texts.contains(where: { $0.lowercased().contains(wanted) }) { return true }
        guard let expression = try? Regex(pattern).ignoresCase() else { return false }
        // A program can choose a title that takes some expressions for ever.
        return texts.contains { (try? expression.firstMatch(in: String($0.prefix(Self.searchedLength)))) != nil }
    }
}

extension Driver {
    /// The frontmost window that a pattern means; see ``DriverWindow/matches(_:)``.
    public func window(_ pattern: String) throws(DriverError) -> DriverWindow {
        try update()
        if let found = windows.last(where: { !$0.isClosed && $0.matches(pattern) }) { return found }
        let titles = windows.map { "'\($0.title)'" }.joined(separator: ", ")
        throw .noMatch("no window is called '\(pattern)'\(windows.isEmpty ? "" : "; there are \(titles)")")
    }

    /// The window that has the keyboard.
    public func activeWindow() throws(DriverError) -> DriverWindow {
        try update()
        if let found = windows.last(where: { !$0.isClosed && $0.isActive }) { return found }
        throw .noMatch("no window has the keyboard; start a program, or 'signet wait --window' for its window")
    }

    /// Waits until there is a window that a pattern means.
    public func waitForWindow(_ pattern: String, for patience: Duration = .seconds(30)) throws(DriverError)
        -> DriverWindow
    {
        let end = ContinuousClock.now + patience
        while true {
            if let found = windows.last(where: { !$0.isClosed && $0.matches(pattern) }) { return found }
            guard try dispatch(until: end) else {
                throw .timeout("no window called '\(pattern)' appeared within \(patience.text)")
            }
        }
    }

    /// Waits until there is no window any more that a pattern means.
    public func waitUntilGone(_ pattern: String, for patience: Duration = .seconds(30)) throws(DriverError) {
        try update()
        let end = ContinuousClock.now + patience
        while windows.contains(where: { !$0.isClosed && $0.matches(pattern) }) {
            guard try dispatch(until: end) else {
                throw .timeout("a window called '\(pattern)' was still there after \(patience.text)")
            }
        }
    }

    /// Brings a window to the front, and gives it the keyboard.
    public func activate(_ window: DriverWindow) throws(DriverError) {
        window.proxy.activate()
        try settle(window)
    }

    /// Asks a window's client to close it, and returns when the client has heard of it; see ``waitUntilGone(_:for:)``.
    public func close(_ window: DriverWindow) throws(DriverError) {
        window.proxy.close()
        try settle(window)
    }

    /// Asks a window's client for a size of the window geometry; a window that fills an output no longer does. The
    /// client may choose another one.
    public func resize(_ window: DriverWindow, width: Int, height: Int) throws(DriverError) {
        guard width > 0, height > 0, let wide = Int32(exactly: width), let high = Int32(exactly: height) else {
            throw .refused("a window is 1x1 or larger, not \(width)x\(height)")
        }
        window.proxy.resize(width: wide, height: high)
        try settle(window)
    }

    /// Puts a window's top left corner, below its title bar, at a place in global coordinates.
    public func move(_ window: DriverWindow, x: Int, y: Int) throws(DriverError) {
        guard !window.isMaximized, !window.isFullscreen else {
            throw .refused("'\(window.title)' fills an output, and can't be moved")
        }
        window.proxy.move(x: Int32(clamping: x), y: Int32(clamping: y))
        try settle(window)
    }
}
