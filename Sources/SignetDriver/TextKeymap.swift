internal import CXKBCommon

/// A keymap made for typing a text: each of its characters has a key.
///
/// What a keyboard of the United States has is where it is there, so that programs that look at keys' codes see what
/// they expect; other characters are on keys that mean nothing to programs otherwise. There are few of those: a text
/// with many characters of this kind takes several keymaps.
struct TextKeymap {
    /// A key, by its evdev code.
    struct Stroke: Equatable {
        var code: UInt32
        var isShifted = false
    }

    /// A part of a text that one keymap does for.
    struct Part {
        /// What to press and release, in this order.
        var strokes: [Stroke]
        /// The keymap, in xkbcommon's format, with a zero at the end.
        var keymap: [UInt8]
    }

    /// KEY_LEFTSHIFT.
    static let shift: UInt32 = 42
    /// The real modifier's bit.
    static let shiftMask: UInt32 = 1

    /// Characters by themselves and with Shift, by the first key's code; of input-event-codes.h.
    private static let rows: [(first: UInt32, plain: String, shifted: String)] = [
        (2, "1234567890-=", "!@#$%^&*()_+"), (16, "qwertyuiop[]", "QWERTYUIOP{}"),
        (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"), (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"), (57, " ", " "),
    ]

    /// The text's control characters: KEY_TAB, KEY_ENTER, KEY_ESC, KEY_BACKSPACE.
    private static let controls: [Unicode.Scalar: (code: UInt32, name: String)] = [
        "\t": (15, "Tab"), "\n": (28, "Return"), "\u{1b}": (1, "Escape"), "\u{8}": (14, "BackSpace"),
    ]

    /// F13 to F24, and KEY_102ND, KEY_RO and KEY_YEN, which not all keyboards have. Codes without a name won't do:
    /// Chromium takes no characters from them.
    private static let spare: [UInt32] = Array(183...194) + [86, 89, 124]

    private static let usual: [Unicode.Scalar: Stroke] = {
        var result: [Unicode.Scalar: Stroke] = [:]
        for (first, plain, shifted) in rows {
            for (offset, scalar) in shifted.unicodeScalars.enumerated() {
                result[scalar] = Stroke(code: first + UInt32(offset), isShifted: true)
            }
            for (offset, scalar) in plain.unicodeScalars.enumerated() {
                result[scalar] = Stroke(code: first + UInt32(offset))
            }
        }
        for (scalar, control) in controls { result[scalar] = Stroke(code: control.code) }
        return result
    }()

    /// The parts of a text, in order; a character that no key can mean, as U+0003, is an error that names it.
    static func parts(of text: String) throws(DriverError) -> [Part] {
        var parts: [Part] = []
        var strokes: [Stroke] = []
        var extra: [(scalar: Unicode.Scalar, code: UInt32)] = []
        func finish() {
            if strokes.isEmpty { return }
            parts.append(Part(strokes: strokes, keymap: keymap(extra)))
            (strokes, extra) = ([], [])
        }
        var last: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            defer { last = scalar }
            // One line break, however it is written.
            if scalar == "\n", last == "\r" { continue }
            let scalar = scalar == "\r" ? "\n" : scalar
            if let stroke = usual[scalar] {
                strokes.append(stroke)
                continue
            }
            guard xkb_utf32_to_keysym(scalar.value) != 0, !scalar.properties.generalCategory.isControl else {
                throw .refused(
                    "U+\(String(scalar.value, radix: 16, uppercase: true)) can't be typed; 'signet key' presses keys"
                )
            }
            if let known = extra.first(where: { $0.scalar == scalar }) {
                strokes.append(Stroke(code: known.code))
                continue
            }
            if extra.count == spare.count { finish() }
            let code = spare[extra.count]
            extra.append((scalar, code))
            strokes.append(Stroke(code: code))
        }
        finish()
        return parts
    }

    private static func keymap(_ extra: [(scalar: Unicode.Scalar, code: UInt32)]) -> [UInt8] {
        var (codes, symbols) = ("", "")
        func add(_ code: UInt32, _ keysyms: [String]) {
            codes += "<K\(code)> = \(code + 8);\n"
            let type = keysyms.count == 2 ? "TWO_LEVEL" : "ONE_LEVEL"
            symbols += "key <K\(code)> { type = \"\(type)\", [ \(keysyms.joined(separator: ", ")) ] };\n"
        }
        func name(_ scalar: Unicode.Scalar) -> String {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "U" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
        for (first, plain, shifted) in rows {
            for (offset, pair) in zip(plain.unicodeScalars, shifted.unicodeScalars).enumerated() {
                add(first + UInt32(offset), [name(pair.0), name(pair.1)])
            }
        }
        for control in controls.values.sorted(by: { $0.code < $1.code }) { add(control.code, [control.name]) }
        add(shift, ["Shift_L"])
        for (scalar, code) in extra { add(code, [name(scalar)]) }
        let text = """
            xkb_keymap {
            xkb_keycodes "text" { minimum = 8; maximum = 255; \(codes) };
            xkb_types "text" {
            type "ONE_LEVEL" { modifiers = none; level_name[Level1] = "Any"; };
            type "TWO_LEVEL" {
            modifiers = Shift; map[Shift] = Level2; level_name[Level1] = "Base"; level_name[Level2] = "Shift";
            };
            };
            xkb_compatibility "text" {
            interpret Shift_L+AnyOfOrNone(all) { action = SetMods(modifiers = Shift); };
            };
            xkb_symbols "text" { \(symbols) modifier_map Shift { <K\(shift)> }; };
            };

            """
        return Array(text.utf8) + [0]
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isControl: Bool { self == .control || self == .surrogate || self == .unassigned }
}
