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
    /// The same for all clients together, and never more than an eighth of what the process may have open. Beyond that
    /// the one with the most ends.
    public var totalUnclaimedDescriptors = 4_096
    /// Nanoseconds for which descriptors may lie unclaimed while no request takes any. Beyond that their client ends:
    /// one of them may be its own end of the connection, which then would never hang up.
    public var unclaimedTime: UInt64 = 10_000_000_000
    /// Descriptors of events that one client hasn't read. Beyond that it is disconnected.
    public var undeliveredDescriptors = 256
    /// The same for all clients together. Beyond that the one with the most is disconnected: the kernel lets a user
    /// have no more descriptors on their way than RLIMIT_NOFILE says, and then nobody gets any; unix(7), ETOOMANYREFS.
    public var totalUndeliveredDescriptors = 4_096
    /// Connections that were ended with an error and are kept open for a second, for the client to read it.
    public var departures = 256

    /// The defaults.
    public init() {}
}
