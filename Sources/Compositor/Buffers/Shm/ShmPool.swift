internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// A `wl_shm_pool`: a client's file, admitted, and mapped where its size can only grow.
///
/// - The descriptor stays open: it is looked at again on every resize, and read from where it isn't mapped.
/// - Buffers hold the pool, so that it outlasts its `wl_shm_pool` object as the protocol wants.
/// - Sizes are 64 bits wide from the first sum on; a client's numbers are 32.
final class ShmPool: WlShmPool.Requests {
    private let descriptor: Descriptor
    private let charge: Charge
    private let admission: Admission
    /// Bytes that buffers may use.
    private(set) var size: Int
    private(set) var access: Admission.Access
    /// The whole pool, where it is mapped. A pool that grows gets another; the old one lasts as long as it is looked
    /// at.
    private(set) var memory: ClientMemory?

    /// Admits `descriptor` for a pool of `size` bytes.
    init(
        _ descriptor: consuming Descriptor,
        size: Int32,
        admission: Admission,
        account: ClientAccount
    ) throws(ProtocolError) {
        guard size > 0 else {
            throw ProtocolError(WlShm.Error.invalidStride, "a pool of \(size) bytes can't be; its size is 1 or more")
        }
        let charge = try account.charge(of: .descriptors)
        let opened: (access: Admission.Access, memory: ClientMemory?)
        do throws(ProtocolError) {
            opened = try Self.open(descriptor, size: Int(size), admission: admission)
        } catch {
            account.arrivals.refused += 1
            throw error
        }
        self.descriptor = descriptor
        self.charge = charge
        self.admission = admission
        self.size = Int(size)
        access = opened.access
        memory = opened.memory
        switch access {
        case .mapped(sealedOnArrival: false): account.arrivals.sealed += 1
        case .mapped(sealedOnArrival: true): account.arrivals.sealedOnArrival += 1
        case .copied: account.arrivals.copied += 1
        }
    }

    private static func open(
        _ descriptor: borrowing Descriptor,
        size: Int,
        admission: Admission
    ) throws(ProtocolError) -> (Admission.Access, ClientMemory?) {
        let access: Admission.Access
        do throws(Refusal) {
            access = try admission.admit(descriptor, size: Int64(size))
        } catch {
            throw ProtocolError(WlShm.Error.invalidFd, "\(error)")
        }
        guard case .mapped = access else { return (access, nil) }
        do throws(SystemError) {
            return (access, ClientMemory(try ReadOnlyMapping(descriptor, length: size)))
        } catch {
            throw .noMemory("a pool of \(size) bytes can't be mapped: \(error)")
        }
    }

    // MARK: Reading

    /// Whether reading `range` could make the kernel allocate pages: there are holes in it.
    func hasHole(in range: Range<Int>) -> Bool {
        do { return try descriptor.hasHole(in: Int64(range.lowerBound)..<Int64(range.upperBound)) } catch {
            return true
        }
    }

    /// Reads from `offset` on until `target` is full; false where the file ends before, or can't be read.
    func read(into target: inout MutableRawSpan, at offset: Int) -> Bool {
        let wanted = target.byteCount
        do { return try descriptor.pread(into: &target, at: Int64(offset)) == wanted } catch { return false }
    }

    // MARK: Requests

    func createBuffer(
        _ resource: WlShmPool,
        id: WlBuffer,
        offset: Int32,
        width: Int32,
        height: Int32,
        stride: Int32,
        format: WlShm.Format
    ) throws(ProtocolError) {
        guard let pixelFormat = PixelFormat(shm: format) else {
            throw ProtocolError(
                WlShm.Error.invalidFormat,
                "format \(format.rawValue) isn't one of those that wl_shm.format announced"
            )
        }
        let size = Size(width: Int(width), height: Int(height))
        guard width > 0, height > 0, offset >= 0,
            let layout = PixelLayout(size: size, stride: Int(stride), format: pixelFormat)
        else {
            throw ProtocolError(
                WlShm.Error.invalidStride,
                "offset \(offset), size \(width)x\(height) and stride \(stride) don't fit together; a row takes "
                    + "\(Int(width) * pixelFormat.bytesPerPixel) bytes or more, and nothing is negative or empty"
            )
        }
        guard Int(offset) + layout.byteCount <= self.size else {
            throw ProtocolError(
                WlShm.Error.invalidStride,
                "the buffer ends at byte \(Int(offset) + layout.byteCount) of a pool of \(self.size); resize the pool"
            )
        }
        id.handler = try ShmBuffer(resource: id, pool: self, offset: Int(offset), layout: layout)
    }

    func resize(_ resource: WlShmPool, size: Int32) throws(ProtocolError) {
        guard Int(size) >= self.size else {
            throw ProtocolError(WlShm.Error.invalidFd, "a pool of \(self.size) bytes can't shrink to \(size)")
        }
        guard Int(size) > self.size else { return }
        // Everything is looked at anew: a seal says nothing about how far the file reaches.
        let opened = try Self.open(descriptor, size: Int(size), admission: admission)
        self.size = Int(size)
        access = opened.0
        memory = opened.1
    }
}
