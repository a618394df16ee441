internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// `signet_sealed_frame_v1`: one frame in a reader's hands.
///
/// While it lives, the buffer isn't drawn into (R13).
final class CapturedFrame: SignetSealedFrameV1.Requests {
    private let resource: SignetSealedFrameV1
    private weak var session: CaptureSession?
    private var buffer: FrameBuffer?
    /// Whose it is.
    private weak var source: FrameSource?
    private var wasSent = false
    /// For the frame, also when its session is gone.
    private var charge: Charge?
    /// For its memory, where the source doesn't pay.
    private var memoryCharge: Charge?

    init(resource: SignetSealedFrameV1, session: CaptureSession) {
        self.resource = resource
        self.session = session
        charge = try? resource.client.account.charge(of: .frames)
    }

    /// Whether there is room for it in the client's account.
    var isCharged: Bool { charge != nil }

    /// Answers with `buffer`, a source's newest, for which the client pays if the source doesn't, or if it has to be
    /// copied; false where there was no memory for it, which the reader is told.
    func send(_ buffer: FrameBuffer, of source: FrameSource, to reader: FrameReader, damage: Region) -> Bool {
        let isFree = source.paysForNewest
        let (account, byteCount) = (resource.client.account, buffer.layout.byteCount)
        do throws(ProtocolError) {
            if !isFree || buffer.kind == .copy { memoryCharge = try account.charge(byteCount, of: .copiedBytes) }
        } catch {
            return failSending()
        }
        do throws(SystemError) {
            switch buffer.kind {
            case .sealedFile: try sendOriginal(buffer, kind: .sealed)
            case .dmaBuffer: try sendOriginal(buffer, kind: .dmabuf)
            case .copy: try sendMemory(of: buffer, kind: .copy, descriptor: buffer.copyForReader())
            }
            if buffer.kind != .copy {
                buffer.hand(to: reader, atOutputsExpense: isFree)
                (self.buffer, self.source) = (buffer, source)
            }
        } catch {
            return failSending()
        }
        damage.coarsenedOutward(limit: 64).forEachRectangle { rectangle in
            resource.sendDamage(
                x: UInt32(rectangle.x),
                y: UInt32(rectangle.y),
                width: UInt32(rectangle.width),
                height: UInt32(rectangle.height)
            )
        }
        let time = WireTime(nanoseconds: source.frameTime)
        resource.sendReady(tvSecHi: time.high, tvSecLo: time.low, tvNsec: time.rest)
        wasSent = true
        return true
    }

    private func failSending() -> Bool {
        giveBack()
        fail(.noMemory)
        return false
    }

    private func giveBack() {
        buffer?.giveBack()
        buffer = nil
        source?.frameWasGivenBack()
        source = nil
        charge = nil
        memoryCharge = nil
    }

    /// Answers that there is no frame.
    func fail(_ reason: SignetSealedFrameV1.Failure) {
        resource.sendFailed(reason: reason)
    }

    private func sendOriginal(_ buffer: FrameBuffer, kind: SignetSealedFrameV1.Kind) throws(SystemError) {
        try buffer.withDescriptor { descriptor throws(SystemError) in
            try sendMemory(of: buffer, kind: kind, descriptor: descriptor)
        }
    }

    private func sendMemory(
        of buffer: FrameBuffer,
        kind: SignetSealedFrameV1.Kind,
        descriptor: borrowing Descriptor
    ) throws(SystemError) {
        // The event takes a copy of the descriptor, and a connection that can't have one hangs: there has to be a free
        // number.
        _ = try descriptor.duplicate()
        resource.sendMemory(
            kind: kind,
            fd: descriptor,
            offsetHi: 0,
            offsetLo: 0,
            width: UInt32(buffer.layout.size.width),
            height: UInt32(buffer.layout.size.height),
            stride: UInt32(buffer.layout.stride),
            format: buffer.layout.format.fourcc,
            modifierHi: 0,
            modifierLo: 0
        )
    }

    func destroyed(_ resource: SignetSealedFrameV1) {
        giveBack()
        session?.frameDestroyed(self, wasSent: wasSent)
    }
}
