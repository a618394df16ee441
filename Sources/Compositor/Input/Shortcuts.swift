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

    /// KEY_ESC, KEY_UP, KEY_DOWN and KEY_ENTER: what the compositor's own menus know.
    static let escape: UInt32 = 1
    static let up: UInt32 = 103
    static let down: UInt32 = 108
    static let enter: UInt32 = 28
    /// KEY_RESERVED: no key at all.
    static let none: UInt32 = 0

    /// The codes of all these keys by their keysyms, for keyboards whose codes mean something else; of
    /// xkbcommon-keysyms.h: Escape, Up, Down, Return, Tab, ISO_Left_Tab, space, F4, F9, F10, F11.
    static let codes: [UInt32: UInt32] = [
        0xff1b: escape, 0xff52: up, 0xff54: down, 0xff0d: enter, 0xff09: 15, 0xfe20: 15, 0x20: 57, 0xffc1: 62,
        0xffc6: 67, 0xffc7: 68, 0xffc8: 87,
    ]
}
