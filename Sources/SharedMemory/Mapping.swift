internal import Glibc

/// A file's bytes in memory, for reading. Unmapped when the value ends, by ``Disposal``: for a large mapping that takes
/// milliseconds.
///
/// Whoever maps a file that can shrink will be killed by SIGBUS when it does. This type doesn't look: see
/// ``DescriptorFacts`` for what has to be known first.
@safe
public struct ReadOnlyMapping: ~Copyable, @unchecked Sendable {
    private let start: UnsafeMutableRawPointer
    /// Bytes that are mapped.
    public let length: Int

    /// What a mapping's first byte in its file has to be a multiple of, in bytes. Source: mmap(2).
    public static let alignment = Int(getpagesize())

    /// Maps `length` bytes from `offset` on, a multiple of ``alignment``.
    ///
    /// The mapping is shared; where that isn't permitted, as for some sealed files on older kernels, it is private,
    /// which shows the same as long as nobody writes through it. A length below 1 is EINVAL. Source: mmap(2).
    public init(_ descriptor: borrowing Descriptor, length: Int, at offset: Int64 = 0) throws(SystemError) {
        do throws(SystemError) {
            unsafe start = try map(descriptor, length: length, at: offset, protection: PROT_READ, flags: MAP_SHARED)
        } catch {
            guard error.errno == .notPermitted else { throw error }
            unsafe start = try map(descriptor, length: length, at: offset, protection: PROT_READ, flags: MAP_PRIVATE)
        }
        self.length = length
    }

    /// Maps the first `length` bytes, shared and never private: a device that the mapping is lent to reads the file's
    /// own pages. EPERM where that isn't permitted.
    public init(shared descriptor: borrowing Descriptor, length: Int) throws(SystemError) {
        unsafe start = try map(descriptor, length: length, protection: PROT_READ, flags: MAP_SHARED)
        self.length = length
    }

    deinit {
        Disposal.unmap(unsafe UInt(bitPattern: start), length: length)
    }

    /// How many of the pages with the bytes in `range` aren't in memory, so that looking at them takes longer; 0 where
    /// that can't be told, as of a file of another user. Source: mincore(2).
    public borrowing func missingPages(in range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= length, "the range lies outside of the mapping")
        let page = Int(getpagesize())
        let first = range.lowerBound / page * page
        var isThere = [UInt8](repeating: 0, count: (range.upperBound - first + page - 1) / page)
        let address = unsafe UnsafeMutableRawPointer(mutating: start + first)
        guard unsafe mincore(address, range.upperBound - first, &isThere) == 0 else { return 0 }
        return isThere.count { $0 & 1 == 0 }
    }

    /// Unmaps it, and then calls `action`, on whatever thread: here, where nobody looked at it, so that there are no
    /// pages to be let go. Otherwise the bytes in `seen` have been looked at, and ``Disposal`` unmaps it.
    public consuming func unmap(seen: Range<Int>, then action: @escaping @Sendable () -> Void) {
        let (address, length) = unsafe (UInt(bitPattern: start), length)
        discard self
        if seen.isEmpty {
            unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), length)
            action()
        } else {
            Disposal.unmap(address, length: length, seen: seen, then: action)
        }
    }

    /// Lends the bytes in `range`, which must lie within ``length``.
    public borrowing func withBytes<R: ~Copyable, E>(
        in range: Range<Int>,
        _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= length, "the range lies outside of the mapping")
        return try body(unsafe UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count).bytes)
    }
}

/// A file's bytes in memory, or memory of its own, for reading and writing. Unmapped when the value ends.
@safe
public struct WritableMapping: ~Copyable, @unchecked Sendable {
    private let start: UnsafeMutableRawPointer
    /// Bytes that are mapped.
    public let length: Int

    /// Maps `length` bytes from `offset` on, shared. EPERM where a seal forbids writing. Source: mmap(2).
    public init(_ descriptor: borrowing Descriptor, length: Int, at offset: Int64 = 0) throws(SystemError) {
        unsafe start = try map(
            descriptor,
            length: length,
            at: offset,
            protection: PROT_READ | PROT_WRITE,
            flags: MAP_SHARED
        )
        self.length = length
    }

    /// Reserves `length` bytes without a file, zero at first, which take memory as they are written to. ENOMEM where
    /// the process has no addresses, mappings or, with vm.overcommit_memory 2, memory left. Source: mmap(2),
    /// MAP_ANONYMOUS.
    public init(withoutFile length: Int) throws(SystemError) {
        unsafe start = try map(length: length, protection: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE | MAP_ANONYMOUS)
        self.length = length
    }

    deinit {
        unsafe munmap(start, length)
    }

    /// Has ``Disposal`` unmap it, and then call `action`: for a large mapping that takes milliseconds. Until then
    /// F_SEAL_WRITE can't be added.
    public consuming func unmapElsewhere(then action: @escaping @Sendable () -> Void = {}) {
        let (address, length) = unsafe (UInt(bitPattern: start), length)
        discard self
        Disposal.unmap(address, length: length, then: action)
    }

    /// Lends the bytes in `range`, which must lie within ``length``.
    public borrowing func withBytes<R: ~Copyable, E>(
        in range: Range<Int>,
        _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= length, "the range lies outside of the mapping")
        return try body(unsafe UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count).bytes)
    }

    /// Lends the bytes in `range`, which must lie within ``length``, for writing, to several threads at once: which of
    /// them writes where is theirs to agree on.
    @unsafe
    public borrowing func withSharedMutableBytes<R: ~Copyable, E>(
        in range: Range<Int>,
        _ body: (inout MutableRawSpan) throws(E) -> R
    ) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= length, "the range lies outside of the mapping")
        let buffer = unsafe UnsafeMutableRawBufferPointer(start: start + range.lowerBound, count: range.count)
        var bytes = unsafe buffer.mutableBytes
        return try body(&bytes)
    }

    /// Lends the bytes in `range`, which must lie within ``length``, for writing.
    public mutating func withMutableBytes<R: ~Copyable, E>(
        in range: Range<Int>,
        _ body: (inout MutableRawSpan) throws(E) -> R
    ) throws(E) -> R {
        try unsafe withSharedMutableBytes(in: range, body)
    }
}

private func map(
    _ descriptor: borrowing Descriptor,
    length: Int,
    at offset: Int64 = 0,
    protection: CInt,
    flags: CInt
) throws(SystemError) -> UnsafeMutableRawPointer {
    try unsafe map(descriptor.rawValue, length: length, at: offset, protection: protection, flags: flags)
}

private func map(
    _ number: CInt = -1,
    length: Int,
    at offset: Int64 = 0,
    protection: CInt,
    flags: CInt
) throws(SystemError) -> UnsafeMutableRawPointer {
    guard length > 0 else { throw SystemError(call: "mmap", errno: .invalidArgument) }
    // MAP_FAILED is the address -1, so the sign tells.
    let address = try SystemCall.run("mmap") {
        unsafe Int(bitPattern: mmap(nil, length, protection, flags, number, off_t(offset)))
    }
    return unsafe UnsafeMutableRawPointer(bitPattern: address)!
}
