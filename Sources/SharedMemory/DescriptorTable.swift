internal import CLinux
internal import Glibc
internal import Synchronization

/// Room in the kernel's table of this process's descriptors.
///
/// The table grows by doubling when a number beyond its end is given out, and in a process with threads the one that
/// asked sleeps meanwhile until all CPUs have seen the new one (synchronize_rcu): some 10 to 25 milliseconds. So it is
/// made large at the start, and larger by ``Disposal``'s thread long before it is full.
public enum DescriptorTable {
    /// How many numbers there is room for at first: 128 KiB of the kernel's memory.
    private static let initialCount = 16_384
    private static let room = Mutex(0)

    /// Makes room for the first numbers. To be called before anything is received, and where possible before another
    /// thread is started: then it takes no time.
    public static func reserve() {
        let isFirst = room.withLock { room in
            defer { room = max(room, initialCount) }
            return room == 0
        }
        if isFirst { grow(to: initialCount) }
    }

    /// Takes note of a number that the process was given; makes more room, elsewhere, where it is in the upper half.
    public static func note(_ number: CInt) {
        guard Int(number) >= initialCount / 2 else { return }
        let larger: Int? = room.withLock { room in
            guard room > 0, Int(number) >= room / 2 else { return nil }
            room *= 2
            return room
        }
        if let larger { Disposal.run { grow(to: larger) } }
    }

    private static func grow(to count: Int) {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let highest = min(rlim_t(count), limit.rlim_cur)
        guard highest > 0 else { return }
        let source = eventfd(0, CInt(EFD_CLOEXEC))
        guard source >= 0 else { return }
        let copy = fcntl(source, F_DUPFD_CLOEXEC, CInt(highest - 1))
        if copy >= 0 { close(copy) }
        close(source)
    }
}
