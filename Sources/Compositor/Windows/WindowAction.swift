/// What somebody can do with a window, by its title bar, its menu or a key.
enum WindowAction {
    case minimize, toggleMaximized, toggleFullscreen, close

    /// Those of a window's menu, from top to bottom.
    static let inMenu: [WindowAction] = [.minimize, .toggleMaximized, .toggleFullscreen, .close]

    /// What it is called.
    func name(for window: Window) -> String {
        switch self {
        case .minimize: "Minimize"
        case .toggleMaximized: window.wanted.isMaximized ? "Restore" : "Maximize"
        case .toggleFullscreen: window.wanted.isFullscreen ? "Leave full screen" : "Full screen"
        case .close: "Close"
        }
    }

    /// What a title bar's button does.
    init(_ icon: FrameIcon) {
        switch icon {
        case .minimize: self = .minimize
        case .maximize: self = .toggleMaximized
        case .close: self = .close
        }
    }
}
