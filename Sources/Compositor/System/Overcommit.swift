internal import Glibc
internal import SharedMemory

/// Whether the kernel promises no more memory than it has, so that even a sealed page can be missing when it is
/// touched; proc_sys_vm(5), overcommit_memory.
enum Overcommit {
    case heuristic
    /// Mode 2.
    case strict
    /// The mode can't be read, and a try says that pages may be missing.
    case unknown

    /// Reads the mode from `path`; where that can't be read, as without /proc, the kernel is tried.
    static func read(from path: String = "/proc/sys/vm/overcommit_memory") -> Overcommit {
        switch readFile(path, upTo: 16)?.first {
        case UInt8(ascii: "2")?: .strict
        case .some: .heuristic
        case nil: kernelPromisesMoreThanItHas ? .heuristic : .unknown
        }
    }

    /// Whether the kernel maps more memory than any machine has: in mode 2 it ignores MAP_NORESERVE and refuses.
    /// mmap(2).
    private static var kernelPromisesMoreThanItHas: Bool {
        let length = 1 << 45
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let address = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard unsafe address != MAP_FAILED else { return false }
        unsafe munmap(address, length)
        return true
    }
}
