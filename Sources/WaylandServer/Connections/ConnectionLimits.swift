/// How much of the runtime's own resources clients may take.
public struct ConnectionLimits: Sendable {
    /// Objects of one client. Beyond that it ends with `wl_display.no_memory`.
    public var objects = 65_536
    /// Bytes of events that one client hasn't read and its socket doesn't take. Beyond that it is disconnected; one
    /// that merely doesn't read for long isn't.
    public var unsentBytes = 1 << 20
    /// The same for all clients together. Beyond that the one with the most is disconnected.
    public var totalUnsentBytes = 64 << 20
    /// Descriptors that one client sent and that no request has taken. Beyond that it ends with
    /// `wl_display.no_memory`.
    public var unclaimedDescriptors = 1_024
    /// The same for all clients together. Beyond that the one with the most ends.
    public var totalUnclaimedDescriptors = 4_096
    /// Connections that were ended with an error and are kept open for a second, for the client to read it.
    public var departures = 256

    /// The defaults.
    public init() {}
}
