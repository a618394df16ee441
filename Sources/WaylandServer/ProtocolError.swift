public import WaylandWire

/// Why a client's connection ends: what a request handler throws.
///
/// The runtime posts it and the client is gone; nothing of the request runs after the throw. The text goes to the
/// client's developer: it names the value that was wrong and what would be right.
public struct ProtocolError: Error {
    enum Target: Sendable {
        case receiver
        /// The client's object with this number; a number, as errors outlive objects.
        case object(UInt32)
        /// The client's `wl_display`, which every client has.
        case display
        /// The request's arguments aren't as its description says; the text is made where the request is known.
        case arguments
    }

    let target: Target
    let code: UInt32
    package let message: String

    private init(_ target: Target, _ code: UInt32, _ message: String) {
        self.target = target
        self.code = code
        self.message = message
    }

    /// An error from an interface's own enumeration, raised on `resource`, or on the object that got the request.
    public init(_ code: some WireError, _ message: String, on resource: Resource? = nil) {
        self.init(resource.map { .object($0.id) } ?? .receiver, code.rawValue, message)
    }

    private init(display code: WlDisplay.Error, _ message: String) {
        self.init(.display, code.rawValue, message)
    }

    /// The server is out of memory, or the client asks for more than its share.
    public static func noMemory(_ message: String) -> ProtocolError {
        ProtocolError(display: .noMemory, message)
    }

    /// The request names an object that isn't there.
    public static func invalidObject(_ message: String) -> ProtocolError {
        ProtocolError(display: .invalidObject, message)
    }

    /// The server can't go on with this client, and it is the server's fault.
    public static func implementation(_ message: String) -> ProtocolError {
        ProtocolError(display: .implementation, message)
    }

    /// The request isn't one, or isn't one of this version.
    static func invalidMethod(_ message: String) -> ProtocolError {
        ProtocolError(display: .invalidMethod, message)
    }

    /// See ``Target/arguments``.
    static let invalidArguments = ProtocolError(.arguments, WlDisplay.Error.invalidMethod.rawValue, "")
}
