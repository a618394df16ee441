import Glibc

/// The soft limit of open files, raised as far as the kernel allows: a compositor holds descriptors for its clients.
///
/// Programs that are started here get the old limit back: some loop over all descriptors up to it.
struct DescriptorLimit {
    /// As it was; nil where the kernel didn't tell.
    let original: rlimit?
    /// As it is now; nil where it couldn't be raised.
    let raised: rlimit?

    /// As many as Signet takes for itself and for a client, with so many outputs.
    static func minimum(outputs: Int) -> Int { 21 + 3 * outputs }

    /// Whether there are that many at all.
    func isEnough(outputs: Int) -> Bool {
        (raised ?? original).map { $0.rlim_cur >= rlim_t(Self.minimum(outputs: outputs)) } ?? true
    }

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

    /// Lends the limit to put back in a program that is started; nil where it is as it was.
    func withOriginalPointer<R>(_ body: (UnsafePointer<rlimit>?) -> R) -> R {
        guard let original, raised != nil else { return body(nil) }
        return unsafe withUnsafePointer(to: original, body)
    }

    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
}
