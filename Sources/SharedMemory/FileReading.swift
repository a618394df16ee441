internal import CLinux
internal import Glibc

extension Descriptor {
    /// Reads from byte `offset` on until `target` is full or the file ends; returns how many bytes that were.
    ///
    /// Source: pread(2). Reading a hole gives zeros and allocates nothing.
    public borrowing func pread(
        into target: inout MutableRawSpan,
        at offset: Int64
    ) throws(SystemError) -> Int {
        let number = rawValue
        return try unsafe target.withUnsafeMutableBytes { (buffer) throws(SystemError) -> Int in
            var done = 0
            while done < buffer.count {
                let count = try SystemCall.run("pread") {
                    unsafe Glibc.pread(number, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + done)
                }
                if count == 0 { break }
                done += count
            }
            return done
        }
    }

    /// Whether memory is behind every byte of the file, as far as that shows without looking for holes; for files on
    /// tmpfs, of which nobody is asked. Source: inode(7), st_blocks.
    public borrowing func isWholeInMemory() throws(SystemError) -> Bool {
        let number = rawValue
        var status = stat()
        _ = try SystemCall.run("fstat") { unsafe fstat(number, &status) }
        return Int64(status.st_blocks) * 512 >= Int64(status.st_size)
    }

    /// Whether some bytes of `range` have no memory behind them; reading those through a mapping would allocate it.
    ///
    /// The end of the file counts as a hole, and a file system that can't tell as none. Moves the file's offset, which
    /// pread and mmap don't use. Waits for whoever changes the file's size or holes, and walks through all of it.
    /// Source: lseek(2), SEEK_HOLE.
    public borrowing func hasHole(in range: Range<Int64>) throws(SystemError) -> Bool {
        guard !range.isEmpty else { return false }
        let number = rawValue
        let hole = try SystemCall.run("lseek") { lseek(number, off_t(range.lowerBound), SIGNET_SEEK_HOLE) }
        return Int64(hole) < range.upperBound
    }
}

extension MutableRawSpan {
    /// Writes a byte to each page, so that the kernel needn't bring one in while it writes for a system call.
    ///
    /// That it does under the lock of the whole address space, and who loses its CPU meanwhile keeps everybody waiting
    /// who maps something or needs a longer heap. For a thread that touches a page itself, the lock of one mapping is
    /// enough. Source: "Process Addresses" of the kernel's documentation, per-VMA locks.
    package mutating func bringIn() {
        unsafe withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            let page = Int(sysconf(CInt(_SC_PAGESIZE)))
            var next = 0
            while next < bytes.count {
                unsafe start.storeBytes(of: 0, toByteOffset: next, as: UInt8.self)
                next += unsafe page - Int(bitPattern: start + next) % page
            }
        }
    }
}
