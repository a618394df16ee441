internal import CXKBCommon

/// What the keys that are down make of a keymap's modifiers and groups, as xkbcommon works it out.
@safe
final class KeyboardState {
    /// As wl_keyboard.modifiers has them.
    struct Modifiers: Equatable {
        var depressed: UInt32 = 0
        var latched: UInt32 = 0
        var locked: UInt32 = 0
        var group: UInt32 = 0
    }

    private let state: OpaquePointer
    private(set) var modifiers = Modifiers()

    /// Nil where there is no memory for it.
    convenience init?(_ keymap: Keymap) {
        guard let compiled = CompiledKeymap(keymap.text) else { return nil }
        self.init(compiled)
    }

    /// Nil where there is no memory for it.
    init?(_ keymap: borrowing CompiledKeymap) {
        guard let state = unsafe xkb_state_new(keymap.pointer) else { return nil }
        unsafe self.state = state
    }

    deinit { unsafe xkb_state_unref(state) }

    var isAltDown: Bool { isActive(XKB_MOD_NAME_ALT) }

    var isShiftDown: Bool { isActive(XKB_MOD_NAME_SHIFT) }

    private func isActive(_ name: String) -> Bool {
        unsafe xkb_state_mod_name_is_active(state, name, XKB_STATE_MODS_EFFECTIVE) > 0
    }

    /// A key, by its evdev code, goes down or comes up. Whether the modifiers are others now.
    func update(_ code: UInt32, isPressed: Bool) -> Bool {
        // X's codes, which keymaps are in, begin with 8; there are no more than keymaps can have.
        guard code < 0xffff else { return false }
        _ = unsafe xkb_state_update_key(state, code + 8, isPressed ? XKB_KEY_DOWN : XKB_KEY_UP)
        return hasNewModifiers()
    }

    /// Modifiers and the group are these, whatever keys are down. Whether they were others.
    func set(_ new: Modifiers) -> Bool {
        _ = unsafe xkb_state_update_mask(state, new.depressed, new.latched, new.locked, 0, 0, new.group)
        return hasNewModifiers()
    }

    /// What a key, by its evdev code, means with the modifiers as they are; nil where that isn't one keysym.
    func keysym(of code: UInt32) -> UInt32? {
        guard code < 0xffff else { return nil }
        let keysym = unsafe xkb_state_key_get_one_sym(state, code + 8)
        return keysym == XKB_KEY_NoSymbol ? nil : keysym
    }

    private func hasNewModifiers() -> Bool {
        let new = unsafe Modifiers(
            depressed: xkb_state_serialize_mods(state, XKB_STATE_MODS_DEPRESSED),
            latched: xkb_state_serialize_mods(state, XKB_STATE_MODS_LATCHED),
            locked: xkb_state_serialize_mods(state, XKB_STATE_MODS_LOCKED),
            group: xkb_state_serialize_layout(state, XKB_STATE_LAYOUT_EFFECTIVE)
        )
        defer { modifiers = new }
        return new != modifiers
    }
}
