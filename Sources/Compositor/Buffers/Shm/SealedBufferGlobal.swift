internal import SharedMemory
internal import WaylandServer

/// `signet_sealed_buffer_manager_v1`: makes buffers of shared memory, as wl_shm does and by the same rules, and answers
/// where wl_shm ends a client.
final class SealedBufferGlobal: Service {
    private let admission: Admission
    private let limits: Limits

    init(admission: Admission, limits: Limits) {
        self.admission = admission
        self.limits = limits
    }

    /// R1.
    func bind(_ resource: SignetSealedBufferManagerV1) {
        resource.handler = SealedBufferManager(admission: admission)
        resource.sendPolicy(policy: SignetSealedBufferManagerV1.Policy(admission.policy))
        let isStrict = admission.policy == .strict
        resource.sendSeals(
            required: isStrict ? UInt32(Seals.shrink.rawValue) : 0,
            added: isStrict ? 0 : UInt32(Seals.shrink.rawValue)
        )
        resource.sendLimits(
            bufferBytesHi: UInt32(clamping: limits.mappedBytes >> 32),
            bufferBytesLo: UInt32(truncatingIfNeeded: limits.mappedBytes),
            copiedBytesHi: UInt32(clamping: limits.copiedBytes >> 32),
            copiedBytesLo: UInt32(truncatingIfNeeded: limits.copiedBytes),
            buffers: UInt32(clamping: limits.buffers),
            descriptors: UInt32(clamping: limits.descriptors)
        )
        for format in BufferFormat.all { resource.sendFormat(format: format.fourcc) }
        resource.sendDone()
    }
}

/// One client's `signet_sealed_buffer_manager_v1`.
final class SealedBufferManager: SignetSealedBufferManagerV1.Requests {
    private let admission: Admission

    init(admission: Admission) { self.admission = admission }

    func offer(
        _ resource: SignetSealedBufferManagerV1,
        id: SignetSealedBufferOfferV1,
        fd: consuming Descriptor,
        offsetHi: UInt32,
        offsetLo: UInt32,
        width: Int32,
        height: Int32,
        stride: Int32,
        format: UInt32
    ) throws(ProtocolError) {
        let offer = SealedBufferOffer(id, admission: admission, manager: resource)
        id.handler = offer
        offer.look(
            at: fd,
            SealedBufferOffer.Place(
                offset: UInt64(offsetHi) << 32 | UInt64(offsetLo),
                width: width,
                height: height,
                stride: stride,
                format: format
            )
        )
    }
}

extension SignetSealedBufferManagerV1.Policy {
    fileprivate init(_ policy: ShmPolicy) {
        switch policy {
        case .strict: self = .strict
        case .seal: self = .seal
        case .copy: self = .copy
        }
    }
}
