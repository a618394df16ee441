/// Which shared memory the compositor takes from clients, by how far its owner could take it back.
///
/// No policy maps memory that can shrink; they differ in what becomes of the rest.
public enum ShmPolicy: String, CaseIterable, Sendable {
    /// Only memfds that arrive with F_SEAL_SHRINK; everything else is refused.
    case strict
    /// Memfds that still allow it are sealed on arrival, then mapped; what can't be sealed is refused.
    case seal
    /// As ``seal``, and what can't be sealed is never mapped: its pixels are read when the client commits them.
    case copy
}
