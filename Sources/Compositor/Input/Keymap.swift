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
        /// It isn't text that xkbcommon can make a keymap of.
        case unreadable
        /// It is something that isn't given to xkbcommon.
        case refused(String)
        /// It is longer than any keymap, in bytes.
        case tooLong(limit: Int)
        /// There is no memory for it.
        case system(SystemError)

        /// What to do about it.
        public var description: String {
            switch self {
            case .unknownNames:
                "there is no keymap with these names; xkeyboard-config(7) lists layouts, variants, models and options "
                    + "(and Debian's package xkb-data has them)"
            case .unreadable:
                "this isn't a keymap; 'xkbcli compile-keymap' says what is wrong with one (Debian's package "
                    + "libxkbcommon-tools has it)"
            case .refused(let reason): "this keymap isn't taken: \(reason)"
            case .tooLong(let limit): "a keymap has up to \(limit) bytes of text here"
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
    public convenience init(_ names: Names = Names()) throws(Failure) {
        guard let text = Self.text(names) else { throw .unknownNames }
        try self.init(constant: text)
    }

    /// Takes over a keymap that was compiled from text of somebody else's; clients get what xkbcommon writes.
    convenience init(_ compiled: borrowing CompiledKeymap, upTo limit: Int) throws(Failure) {
        guard let text = compiled.text else { throw .unreadable }
        guard text.count <= limit else { throw .tooLong(limit: limit) }
        try self.init(constant: text)
    }

    private init(constant text: [UInt8]) throws(Failure) {
        self.text = text
        do throws(SystemError) {
            descriptor = try AnonymousFile.constant(name: "signet-keymap", content: text)
        } catch {
            throw .system(error)
        }
    }

    /// The keymap as text, with a zero at the end.
    private static func text(_ names: Names) -> [UInt8]? { CompiledKeymap(names)?.text }
}

/// A keymap as xkbcommon keeps it. It belongs to whoever made it, and can be given to another thread.
@safe
struct CompiledKeymap: ~Copyable, @unchecked Sendable {
    /// An `xkb_keymap`.
    fileprivate(set) var pointer: OpaquePointer

    /// Of text in xkbcommon's format that somebody else wrote, with a zero at the end. What it includes comes from the
    /// system's folder, whose files only root can change.
    init(checking text: [UInt8]) throws(Keymap.Failure) {
        do throws(KeymapText.Failure) { try KeymapText.check(text) } catch { throw .refused("\(error)") }
        guard let compiled = CompiledKeymap(text, includesOfSystem: true) else { throw .unreadable }
        self = compiled
    }

    /// Of text in xkbcommon's format, with a zero at the end; nil where it isn't a keymap.
    init?(_ text: [UInt8], includesOfSystem: Bool = false) {
        guard text.last == 0, let context = unsafe Self.makeContext(forOthers: includesOfSystem) else { return nil }
        defer { unsafe xkb_context_unref(context) }
        guard let compiled = unsafe signet_xkb_compile(context, text, text.count - 1) else { return nil }
        unsafe pointer = compiled
    }

    fileprivate init?(_ names: Keymap.Names) {
        guard let context = unsafe Self.makeContext() else { return nil }
        defer { unsafe xkb_context_unref(context) }
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
        guard let compiled = unsafe xkb_keymap_new_from_names(context, &rules, XKB_KEYMAP_COMPILE_NO_FLAGS) else {
            return nil
        }
        unsafe pointer = compiled
    }

    deinit { unsafe xkb_keymap_unref(pointer) }

    /// What is wrong with somebody's text isn't for the log.
    private static func makeContext(forOthers: Bool = false) -> OpaquePointer? {
        let flags = forOthers ? XKB_CONTEXT_NO_DEFAULT_INCLUDES : XKB_CONTEXT_NO_FLAGS
        guard let context = unsafe xkb_context_new(flags) else { return nil }
        unsafe xkb_context_set_log_level(context, XKB_LOG_LEVEL_CRITICAL)
        if forOthers { unsafe xkb_context_include_path_append(context, "/usr/share/X11/xkb") }
        return unsafe context
    }

    /// As xkbcommon writes it, with a zero at the end; nil where there is no memory for that.
    var text: [UInt8]? {
        guard let text = unsafe xkb_keymap_get_as_string(pointer, XKB_KEYMAP_FORMAT_TEXT_V1) else { return nil }
        defer { unsafe free(text) }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text) + 1))
    }
}
