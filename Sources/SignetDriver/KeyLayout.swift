internal import CXKBCommon
internal import SharedMemory

/// What the keys of a keymap mean, as xkbcommon works it out; for finding the key that means something.
@safe
final class KeyLayout {
    private let keymap: OpaquePointer

    /// Of the text that a wl_keyboard.keymap event has; nil where it isn't a keymap.
    init?(_ descriptor: borrowing Descriptor, size: Int) {
        var text = [UInt8](repeating: 0, count: min(max(size, 0), 1 << 22))
        var span = text.mutableSpan
        var raw = unsafe span.mutableBytes
        guard let count = try? descriptor.pread(into: &raw, at: 0), count > 1 else { return nil }
        guard let context = unsafe xkb_context_new(XKB_CONTEXT_NO_FLAGS) else { return nil }
        defer { unsafe xkb_context_unref(context) }
        let length = text.prefix { $0 != 0 }.count
        guard let compiled = unsafe signet_xkb_compile(context, text, length) else { return nil }
        unsafe keymap = compiled
    }

    deinit { unsafe xkb_keymap_unref(keymap) }

    /// A key by its evdev code, with the keys that have to be held down for it to mean something.
    struct Stroke {
        var code: UInt32
        var modifiers: [UInt32] = []
    }

    /// How a keysym is typed: with as few modifiers as it takes.
    func stroke(for keysym: UInt32) -> Stroke? {
        let (least, most) = unsafe (xkb_keymap_min_keycode(keymap), xkb_keymap_max_keycode(keymap))
        let shift = modifierKey("Shift", 0xffe1)
        let level3 = modifierKey("Mod5", 0xfe03)
        let ways: [(level: UInt32, modifiers: [UInt32?])] = [
            (0, []), (1, [shift]), (2, [level3]), (3, [shift, level3]),
        ]
        for (level, modifiers) in ways where !modifiers.contains(nil) {
            for key in least...max(least, min(most, 0xffff)) where key >= 8 && means(key, keysym, at: level) {
                return Stroke(code: key - 8, modifiers: modifiers.compactMap { $0 })
            }
        }
        return nil
    }

    private func means(_ key: UInt32, _ keysym: UInt32, at level: UInt32) -> Bool {
        var keysyms: UnsafePointer<xkb_keysym_t>?
        let count = unsafe xkb_keymap_key_get_syms_by_level(keymap, key, 0, level, &keysyms)
        guard count == 1, let first = unsafe keysyms?.pointee else { return false }
        return first == keysym
    }

    /// The key that makes a modifier, if the keymap has it.
    private func modifierKey(_ name: String, _ keysym: UInt32) -> UInt32? {
        guard unsafe xkb_keymap_mod_get_index(keymap, name) != .max else { return nil }
        let (least, most) = unsafe (xkb_keymap_min_keycode(keymap), xkb_keymap_max_keycode(keymap))
        for key in least...max(least, min(most, 0xffff)) where key >= 8 && means(key, keysym, at: 0) { return key - 8 }
        return nil
    }

    /// What a name of xkbcommon-keysyms.h means, or a character; nil where it is neither.
    static func keysym(_ name: String) -> UInt32? {
        let names = [
            "ctrl": "Control_L", "control": "Control_L", "shift": "Shift_L", "alt": "Alt_L", "meta": "Meta_L",
            "esc": "Escape",
        ]
        .merging(["super": "Super_L", "win": "Super_L", "altgr": "ISO_Level3_Shift", "enter": "Return"]) { first, _ in
            first
        }
        let scalars = name.unicodeScalars
        if let scalar = scalars.first, scalars.count == 1 {
            let keysym = xkb_utf32_to_keysym(scalar.value)
            return keysym == 0 ? nil : keysym
        }
        let wanted = names[name.lowercased()] ?? name
        for flags in [XKB_KEYSYM_NO_FLAGS, XKB_KEYSYM_CASE_INSENSITIVE] {
            let keysym = unsafe xkb_keysym_from_name(wanted, flags)
            if keysym != 0 { return keysym }
        }
        return nil
    }
}
