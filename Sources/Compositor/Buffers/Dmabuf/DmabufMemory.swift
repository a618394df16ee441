internal import DirectRendering
internal import SharedMemory

/// A client's dma-buf, mapped for reading.
///
/// Its size is fixed for life, so it may be mapped; whose turn it is to use it is ``DmabufAccess``'s business.
final class DmabufMemory {
    /// The part that other threads work with.
    final class Shared: Sendable {
        let buffer: DMABuffer

        init(_ buffer: consuming DMABuffer) {
            self.buffer = buffer
        }
    }

    let shared: Shared
    private let memory: ClientMemory
    private let charge: Charge

    /// The charges are for the descriptor and the mapping.
    init(
        _ buffer: consuming DMABuffer,
        account: ClientAccount,
        charge: consuming Charge,
        mappingCharge: consuming Charge
    ) throws(SystemError) {
        let mapping = try ReadOnlyMapping(buffer.descriptor, length: buffer.size)
        memory = ClientMemory(mapping, account: account, charge: mappingCharge)
        shared = Shared(buffer)
        self.charge = charge
    }

    /// In bytes.
    var size: Int { shared.buffer.size }

    /// For whoever draws.
    var mapped: MappedMemory { memory.mapped }
}
