import Glibc

/// The soft limit of open files, raised as far as the kernel allows: a compositor holds descriptors for its clients.
///
/// Programs that are started here get the old limit back: some loop over all descriptors up to it.
struct DescriptorLimit {
    /// As it was; nil where the kernel didn't tell.
    let original: rlimit?
    /// As it is now; nil where it couldn't be raised.
    let raised: rlimit?

    /// Raises the limit.
    init() {
        var limit = rlimit()
        guard unsafe getrlimit(Self.resource, &limit) == 0 else {
            (original, raised) = (nil, nil)
            return
        }
        original = limit
        limit.rlim_cur = limit.rlim_max
        raised = unsafe setrlimit(Self.resource, &limit) == 0 ? limit : nil
    }

    /// Runs `body` with the limit as it was.
    func withOriginal<R>(_ body: () throws -> R) rethrows -> R {
        guard var original, var raised else { return try body() }
        unsafe setrlimit(Self.resource, &original)
        defer { unsafe setrlimit(Self.resource, &raised) }
        return try body()
    }

    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
}
