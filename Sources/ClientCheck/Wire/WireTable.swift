/// An interface's messages, by opcode: generated from the protocols' descriptions; see bindings.conf.
struct WireInterface: Sendable {
    /// As in `wl_surface`.
    let name: String
    /// The newest version whose messages are known.
    let version: UInt32
    let requests: [WireMessage]
    let events: [WireMessage]

    init(_ name: String, version: UInt32, requests: [WireMessage], events: [WireMessage]) {
        self.name = name
        self.version = version
        self.requests = requests
        self.events = events
    }

    /// The opcode of an event.
    func eventOpcode(_ name: String) -> Int? { events.firstIndex { $0.name == name } }

    /// The opcode of a request.
    func requestOpcode(_ name: String) -> Int? { requests.firstIndex { $0.name == name } }
}

/// What a request or an event is called and carries.
struct WireMessage: Sendable {
    /// What travels, in the letters of libwayland's signatures.
    enum Kind: Character, Sendable {
        case int = "i"
        case uint = "u"
        case fixed = "f"
        case string = "s"
        case object = "o"
        case newObject = "n"
        case array = "a"
        case descriptor = "h"
    }

    /// As in `damage_buffer`.
    let name: String
    let kinds: [Kind]
    /// The interface of the object that the message makes; nil where it makes none or names the interface itself.
    let newInterface: String?
    /// Whether its object is gone afterwards.
    let isDestructor: Bool

    init(_ name: String, _ signature: String, new newInterface: String? = nil, isDestructor: Bool = false) {
        self.name = name
        kinds = signature.compactMap(Kind.init)
        self.newInterface = newInterface
        self.isDestructor = isDestructor
    }

    var makesObject: Bool { kinds.contains(.newObject) }
}

/// All interfaces whose messages can be read; others are hidden from clients.
enum WireTable {
    static let interfaces: [String: WireInterface] = {
        let tables = [
            waylandTable, xdgShellTable, sealedFrameV1Table, cursorShapeV1Table, signetControlV1Table,
            virtualKeyboardUnstableV1Table, wlrVirtualPointerUnstableV1Table, wlrScreencopyUnstableV1Table,
            viewporterTable, presentationTimeTable, singlePixelBufferV1Table, fractionalScaleV1Table,
            contentTypeV1Table, tearingControlV1Table, xdgActivationV1Table, xdgOutputUnstableV1Table,
            xdgDecorationUnstableV1Table, pointerConstraintsUnstableV1Table, relativePointerUnstableV1Table,
            idleInhibitUnstableV1Table, linuxDmabufUnstableV1Table,
        ]
        return Dictionary(uniqueKeysWithValues: tables.joined().map { ($0.name, $0) })
    }()
}
