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
    init?(_ keymap: Keymap) {
        guard let context = unsafe xkb_context_new(XKB_CONTEXT_NO_FLAGS) else { return nil }
        defer { unsafe xkb_context_unref(context) }
        let format = XKB_KEYMAP_FORMAT_TEXT_V1
        let compiled = unsafe keymap.text.withUnsafeBufferPointer { text in
            let length = text.count - 1
            return unsafe text.withMemoryRebound(to: CChar.self) { text in
                unsafe xkb_keymap_new_from_buffer(
                    context,
                    text.baseAddress!,
                    length,
                    format,
                    XKB_KEYMAP_COMPILE_NO_FLAGS
                )
            }
        }
        guard let compiled = unsafe compiled else { return nil }
        defer { unsafe xkb_keymap_unref(compiled) }
        guard let state = unsafe xkb_state_new(compiled) else { return nil }
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
