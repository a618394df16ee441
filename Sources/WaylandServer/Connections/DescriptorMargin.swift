internal import Glibc
internal import SharedMemory

/// Whether this process has descriptor numbers left for what clients send.
///
/// Where there are none, recvmsg(2) drops what came, in our thread, which waits where closing takes time. So free
/// numbers are kept in hand. The kernel gives out the lowest free number: as long as the highest ones were never seen,
/// there is room, and knowing that costs a comparison. Afterwards it is tried out, before a message that brings
/// descriptors is received.
struct DescriptorMargin {
    /// How many numbers must be free: as many as one message can bring, or a part of what there is at all.
    private let needed: Int
    private let threshold: Int
    private(set) var isTight: Bool

    /// For a process with the present RLIMIT_NOFILE.
    init() {
        DescriptorTable.reserve()
        let count = Self.limit
        needed = min(SocketTransfer.descriptorLimit, count / 4)
        threshold = count - 2 * needed
        isTight = false
    }

    /// How many descriptors all clients may have sent that no request has taken: connections, what clients hold, and
    /// the next message's have the rest. One message of libwayland's has 28 at most.
    static var roomForUnclaimed: Int { max(28, limit / 8) }

    /// RLIMIT_NOFILE; getrlimit(2).
    private static var limit: Int {
        var limit = rlimit()
        let isKnown = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return isKnown ? Int(min(limit.rlim_cur, rlim_t(Int32.max))) : 1_024
    }

    /// Takes note of a number that the process was given.
    mutating func note(_ number: CInt) {
        DescriptorTable.note(number)
        if Int(number) >= threshold { isTight = true }
    }

    /// Whether there is room for a message's descriptors now; tried out with copies of `number`.
    mutating func hasRoom(besides number: CInt) -> Bool {
        var copies: [CInt] = []
        defer { for copy in copies { close(copy) } }
        for _ in 0..<needed {
            let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { return false }
            copies.append(copy)
        }
        isTight = (copies.max().map(Int.init) ?? 0) >= threshold
        return true
    }
}
