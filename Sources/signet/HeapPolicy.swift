import CLinux

/// How the C library's heap grows and shrinks: in large steps, as each step waits for whoever changes the address space
/// or brings pages into it, and the event loop has nobody to wait for. Source: mallopt(3).
enum HeapPolicy {
    /// To be called before other threads are started.
    static func apply() {
        // How much is taken from the kernel at once, and how much may lie idle before it goes back.
        mallopt(M_TOP_PAD, 1 << 20)
        mallopt(M_TRIM_THRESHOLD, 16 << 20)
        // Not adapted any more once the others are set; below it, nothing is mapped and unmapped for one array.
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
    }
}
