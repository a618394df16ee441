/// Keys that are the compositor's, pressed together with Alt; input-event-codes.h has the codes.
enum Shortcut {
    /// Something is done with the active window.
    case window(WindowAction)
    /// Its menu is opened.
    case menu
    /// Another window is made the active one.
    case next, previous

    /// What a key means, if anything.
    init?(_ code: UInt32, isShiftDown: Bool) {
        switch code {
        case 15: self = isShiftDown ? .previous : .next  // KEY_TAB
        case 57: self = .menu  // KEY_SPACE
        case 62: self = .window(.close)  // KEY_F4
        case 67: self = .window(.minimize)  // KEY_F9
        case 68: self = .window(.toggleMaximized)  // KEY_F10
        case 87: self = .window(.toggleFullscreen)  // KEY_F11
        default: return nil
        }
    }

    /// KEY_ESC, which closes the compositor's own menus.
    static let escape: UInt32 = 1
}
