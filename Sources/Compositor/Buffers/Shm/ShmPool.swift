internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// A `wl_shm_pool`: a client's file, admitted, and mapped, once that is looked at, where its size can only grow.
///
/// - What can be told of the file at once is; the rest is asked on the client's lane. Until then its buffers have no
///   content, and commits of them wait.
/// - The descriptor stays open: it is looked at again on every resize, and read from where it isn't mapped.
/// - Buffers hold the pool, so that it outlasts its `wl_shm_pool` object as the protocol wants.
/// - Sizes are 64 bits wide from the first sum on; a client's numbers are 32.
final class ShmPool: WlShmPool.Requests {
    let file: ClientFile
    /// Who sent it; errors that come to light later are that object's.
    private weak var shm: WlShm?
    private let account: ClientAccount
    private let charge: Charge
    private let admission: Admission
    /// Bytes that buffers may use.
    private(set) var size: Int
    /// How it may be read; nil until that is known for the first time.
    private(set) var access: Admission.Access?
    /// The whole pool, where it may be mapped. A pool that grows gets another; the old one lasts as long as it is
    /// looked at.
    private(set) var memory: ClientMemory?
    /// How often the file is being looked at just now.
    private var questions = 0
    /// What waits for the answer, by who does.
    private var waiting = OrderedDictionary<ObjectIdentifier, (action: () -> Void, charge: SharedCharge)>()

    /// Admits `descriptor` for a pool of `size` bytes.
    init(
        _ descriptor: consuming Descriptor,
        size: Int32,
        admission: Admission,
        shm: WlShm
    ) throws(ProtocolError) {
        guard size > 0 else {
            throw ProtocolError(WlShm.Error.invalidStride, "a pool of \(size) bytes can't be; its size is 1 or more")
        }
        self.shm = shm
        account = shm.client.account
        charge = try account.charge(of: .descriptors)
        file = ClientFile(descriptor)
        self.admission = admission
        self.size = Int(size)
        try look()
    }

    /// The file holds what it is to hold. False while that isn't known.
    var isOpen: Bool { questions == 0 }

    /// Calls `action` when ``isOpen``, which it isn't. Never, where the client ends. Who waits is to say when it is
    /// gone: what waits costs memory, and time when it is done.
    func whenOpen(_ waiter: AnyObject, _ action: @escaping () -> Void) throws(ProtocolError) {
        waiting[ObjectIdentifier(waiter)] = (action, SharedCharge(try account.charge(of: .lookups)))
    }

    /// It doesn't wait any more, or never did.
    func stopWaiting(_ waiter: AnyObject) {
        if !waiting.isEmpty { waiting[ObjectIdentifier(waiter)] = nil }
    }

    // MARK: Admission

    /// Everything is looked at, also when the pool grows: a seal says nothing about how far the file reaches.
    private func look() throws(ProtocolError) {
        let size = size
        if questions == 0 {
            let access: Admission.Access?
            do throws(Refusal) { access = try admission.glance(at: file.descriptor, size: Int64(size)) } catch {
                account.arrivals.refused += 1
                throw ProtocolError(WlShm.Error.invalidFd, "\(error)")
            }
            if let access { return try open(access, size: size) }
        }
        let (file, admission, process) = (file, admission, account.process)
        questions += 1
        try account.look({ cancellation -> Result<Admission.Access, Refusal>? in
            if cancellation.isCancelled { return .failure(.tooSmall(fileSize: 0, needed: 0)) }
            do throws(Refusal) {
                return .success(try admission.admit(file.descriptor, size: Int64(size), of: process))
            } catch {
                return .failure(error)
            }
        }) { [self] result in
            questions -= 1
            answer(result, size: size)
        }
    }

    private func answer(_ result: Result<Admission.Access, Refusal>, size: Int) {
        guard account.isOpen else { return }
        do throws(ProtocolError) {
            switch result {
            case .success(let access): try open(access, size: size)
            case .failure(let refusal):
                account.arrivals.refused += 1
                throw error("\(refusal)", on: shm)
            }
        } catch {
            return account.end(with: error)
        }
        guard isOpen else { return }
        let waited = waiting
        waiting = OrderedDictionary()
        for (action, _) in waited.values { action() }
    }

    /// An error about the file, of an object that knows of such errors.
    func error(_ text: String, on object: Resource?) -> ProtocolError {
        guard let object = [object, shm].lazy.compactMap({ $0 }).first(where: \.isAlive) else {
            return .implementation(text)
        }
        return ProtocolError(WlShm.Error.invalidFd, text, on: object)
    }

    private func open(_ access: Admission.Access, size: Int) throws(ProtocolError) {
        if case .mapped = access {
            let charge = try account.charge(of: .mappings)
            memory = ClientMemory(file, length: size, account: account, charge: charge)
        } else {
            memory = nil
        }
        if self.access == nil {
            switch access {
            case .mapped(sealedOnArrival: false): account.arrivals.sealed += 1
            case .mapped(sealedOnArrival: true): account.arrivals.sealedOnArrival += 1
            case .copied: account.arrivals.copied += 1
            }
        }
        self.access = access
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
        guard let bufferFormat = BufferFormat(shm: format) else {
            throw ProtocolError(
                WlShm.Error.invalidFormat,
                "format \(format.rawValue) isn't one of those that wl_shm.format announced"
            )
        }
        let size = Size(width: Int(width), height: Int(height))
        guard width > 0, height > 0, offset >= 0,
            let layout = ShmLayout(bufferFormat, size: size, stride: Int(stride))
        else {
            let row = (0..<bufferFormat.planeCount).map { bufferFormat.rowBytes(plane: $0, of: size) }.max() ?? 0
            throw ProtocolError(
                WlShm.Error.invalidStride,
                "offset \(offset), size \(width)x\(height) and stride \(stride) don't fit together; a row of "
                    + "\(bufferFormat.name) takes \(row) bytes or more, and nothing is negative or empty"
            )
        }
        guard layout.byteCount <= self.size - Int(offset) else {
            throw ProtocolError(
                WlShm.Error.invalidStride,
                "the buffer's planes take \(layout.byteCount) bytes from byte \(offset) on, and the pool has "
                    + "\(self.size); resize the pool"
            )
        }
        id.handler = try ShmBuffer(resource: id, pool: self, offset: Int(offset), layout: layout)
    }

    func resize(_ resource: WlShmPool, size: Int32) throws(ProtocolError) {
        guard Int(size) >= self.size else {
            throw ProtocolError(WlShm.Error.invalidFd, "a pool of \(self.size) bytes can't shrink to \(size)")
        }
        guard Int(size) > self.size else { return }
        self.size = Int(size)
        try look()
    }
}
