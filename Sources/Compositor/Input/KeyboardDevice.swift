internal import WaylandServer

/// Keys with a keymap of their own: the seat's keyboard, or one that a client plays.
final class KeyboardDevice {
    let keymap: Keymap
    /// No other device has it; 0 is the seat's own.
    let number: UInt64
    /// Made with the first key: it takes milliseconds, and nothing is held down before.
    private var state: KeyboardState?
    /// Whether a client plays it: then the client says what the modifiers are, and its codes mean what its keymap says.
    let isPlayed: Bool

    /// The seat's own.
    init(_ keymap: Keymap) {
        self.keymap = keymap
        number = 0
        isPlayed = false
    }

    /// One that a client plays; see ``Keyboard/makeNumber()``.
    init(_ keymap: Keymap, played state: KeyboardState, number: UInt64) {
        precondition(number > 0)
        self.keymap = keymap
        self.number = number
        self.state = state
        isPlayed = true
    }

    var modifiers: KeyboardState.Modifiers { state?.modifiers ?? KeyboardState.Modifiers() }
    var isAltDown: Bool { state?.isAltDown ?? false }
    var isShiftDown: Bool { state?.isShiftDown ?? false }

    /// A key goes down or comes up. Whether the modifiers are others now.
    func key(_ code: UInt32, isPressed: Bool) -> Bool {
        if isPlayed { return false }
        if state == nil { state = KeyboardState(keymap) }
        return state?.update(code, isPressed: isPressed) ?? false
    }

    /// The modifiers are these. Whether they were others.
    func set(_ modifiers: KeyboardState.Modifiers) -> Bool { state?.set(modifiers) ?? false }

    /// The code by which the compositor's own keys go, of input-event-codes.h.
    func shortcutCode(of code: UInt32) -> UInt32 {
        guard isPlayed else { return code }
        return state?.keysym(of: code).flatMap { Shortcut.codes[$0] } ?? Shortcut.none
    }
}
