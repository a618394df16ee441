internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// A `wl_shm_pool`: a client's file, of which buffers may use so many bytes.
///
/// - Buffers hold the file, so that it outlasts the `wl_shm_pool` object as the protocol wants.
/// - Sizes are 64 bits wide from the first sum on; a client's numbers are 32.
final class ShmPool: WlShmPool.Requests {
    private let file: AdmittedFile
    /// Who sent it; errors that come to light later are that object's.
    private weak var shm: WlShm?
    private let account: ClientAccount
    /// Bytes that buffers may use.
    private var size: Int

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
        file = try AdmittedFile(descriptor, .shm, account: account, admission: admission) { [weak shm] text, buffer in
            Self.error(text, on: [buffer, shm])
        }
        self.size = Int(size)
        try look()
    }

    /// An error about the file, of the first object that is there; each knows of such errors.
    private static func error(_ text: String, on objects: [Resource?]) -> ProtocolError {
        guard let object = objects.lazy.compactMap({ $0 }).first(where: \.isAlive) else {
            return .implementation(text)
        }
        return ProtocolError(WlShm.Error.invalidFd, text, on: object)
    }

    private func look() throws(ProtocolError) {
        switch try file.look(at: 0..<size, { [self] in answer($0) }) {
        case .open, nil: break
        case .refused(let refusal): throw ProtocolError(WlShm.Error.invalidFd, "\(refusal)")
        case .overLimit(let error): throw error
        }
    }

    private func answer(_ answer: AdmittedFile.Answer) {
        switch answer {
        case .open: break
        case .refused(let refusal): account.end(with: Self.error("\(refusal)", on: [shm]))
        case .overLimit(let error): account.end(with: error)
        }
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
        id.handler = try ShmBuffer(resource: id, file: file, offset: Int(offset), layout: layout)
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
