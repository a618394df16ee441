internal import CXKBCommon
internal import Glibc
public import SharedMemory

/// What a keyboard's keys mean, in the form that clients get: text in a file that nobody can change.
///
/// The text is xkbcommon's. The file is a memfd sealed against everything, sent open for reading only, so that any
/// client can map it, shared or not, whatever its kernel thinks of sealed mappings.
public final class Keymap: Sendable {
    /// The names that rules make a keymap from; xkeyboard-config(7). Nil is xkbcommon's default.
    public struct Names: Sendable {
        /// The rules, as in `evdev`.
        public var rules: String?
        /// The keyboard's model, as in `pc105`.
        public var model: String?
        /// Layouts, as in `us` or `de,ru`.
        public var layout: String?
        /// Their variants, as in `nodeadkeys`.
        public var variant: String?
        /// Options, as in `caps:escape`.
        public var options: String?

        /// The defaults.
        public init() {}
    }

    /// Why there is no keymap.
    public enum Failure: Error, CustomStringConvertible {
        /// xkbcommon can't make one from these names.
        case unknownNames
        /// There is no memory for it.
        case system(SystemError)

        /// What to do about it.
        public var description: String {
            switch self {
            case .unknownNames:
                "there is no keymap with these names; xkeyboard-config(7) lists layouts, variants, models and options "
                    + "(and Debian's package xkb-data has them)"
            case .system(let error): "there is no memory for the keymap: \(error)"
            }
        }
    }

    /// For a wl_keyboard.keymap event.
    let descriptor: Descriptor
    /// In bytes, with the zero at the end.
    var size: Int { text.count }
    /// As xkbcommon writes it, with a zero at the end.
    let text: [UInt8]

    /// Makes the keymap with these names.
    public init(_ names: Names = Names()) throws(Failure) {
        guard let text = Self.text(names) else { throw .unknownNames }
        self.text = text
        do throws(SystemError) {
            descriptor = try AnonymousFile.constant(name: "signet-keymap", content: text)
        } catch {
            throw .system(error)
        }
    }

    /// The keymap as text, with a zero at the end.
    private static func text(_ names: Names) -> [UInt8]? {
        let flags = XKB_CONTEXT_NO_FLAGS
        guard let context = unsafe xkb_context_new(flags) else { return nil }
        defer { unsafe xkb_context_unref(context) }
        unsafe xkb_context_set_log_level(context, XKB_LOG_LEVEL_CRITICAL)
        let strings = unsafe [names.rules, names.model, names.layout, names.variant, names.options].map { name in
            unsafe name.flatMap { unsafe strdup($0) }
        }
        defer { for index in unsafe strings.indices { unsafe free(strings[index]) } }
        var rules = unsafe xkb_rule_names(
            rules: strings[0],
            model: strings[1],
            layout: strings[2],
            variant: strings[3],
            options: strings[4]
        )
        guard let keymap = unsafe xkb_keymap_new_from_names(context, &rules, XKB_KEYMAP_COMPILE_NO_FLAGS) else {
            return nil
        }
        defer { unsafe xkb_keymap_unref(keymap) }
        guard let text = unsafe xkb_keymap_get_as_string(keymap, XKB_KEYMAP_FORMAT_TEXT_V1) else { return nil }
        defer { unsafe free(text) }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text) + 1))
    }
}
