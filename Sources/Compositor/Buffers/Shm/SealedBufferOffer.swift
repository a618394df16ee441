internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// `signet_sealed_buffer_offer_v1`: memory that a client offers for a buffer, until that is made.
///
/// What the numbers alone tell is looked at first, then the descriptor, at once or on the client's lane. Whatever is
/// wrong is an answer; nothing of what was refused is kept (R4, R9).
final class SealedBufferOffer: SignetSealedBufferOfferV1.Requests {
    /// Where the picture lies in the file, as the client says.
    struct Place {
        var offset: UInt64
        var width: Int32
        var height: Int32
        var stride: Int32
        var format: UInt32
    }

    /// What isn't taken, and why.
    fileprivate struct Objection: Error {
        let reason: SignetSealedBufferOfferV1.Reason
        let message: String
    }

    private enum State {
        case asked
        case accepted(AdmittedFile, offset: Int, ShmLayout, Room)
        case refused
        case used
    }

    /// Room for the buffer, kept until it is made.
    private final class Room {
        private var charge: Charge?

        init(_ charge: consuming Charge) { self.charge = consume charge }

        func giveBack() { charge = nil }
    }

    private weak var resource: SignetSealedBufferOfferV1?
    private weak var manager: SignetSealedBufferManagerV1?
    private let account: ClientAccount
    private let admission: Admission
    private var state = State.asked

    init(_ resource: SignetSealedBufferOfferV1, admission: Admission, manager: SignetSealedBufferManagerV1) {
        self.resource = resource
        self.manager = manager
        self.admission = admission
        account = resource.client.account
    }

    // MARK: Looking

    /// Looks at the offer, and answers now or later.
    func look(at descriptor: consuming Descriptor, _ place: Place) {
        do throws(Objection) {
            let layout = try Self.layout(of: place)
            let offset = try Self.offset(of: place, layout)
            guard layout.byteCount <= account.limits.mappedBytes else {
                throw Objection(
                    reason: .overLimit,
                    message: "a buffer of \(layout.byteCount) bytes is larger than all that a client may have in use, "
                        + "\(account.limits.mappedBytes); make it smaller"
                )
            }
            try ask(descriptor, offset, layout)
        } catch {
            refuse(error)
        }
    }

    /// What the numbers alone tell.
    private static func layout(of place: Place) throws(Objection) -> ShmLayout {
        guard let format = BufferFormat(fourcc: place.format) else {
            throw Objection(
                reason: .unknownFormat,
                message: "format 0x\(String(place.format, radix: 16)) isn't one of those that "
                    + "signet_sealed_buffer_manager_v1.format announced; use one of these"
            )
        }
        guard place.width > 0, place.height > 0 else {
            throw Objection(
                reason: .badSize,
                message: "a buffer is 1x1 or more, not \(place.width)x\(place.height)"
            )
        }
        let size = Size(width: Int(place.width), height: Int(place.height))
        guard let layout = ShmLayout(format, size: size, stride: Int(place.stride)) else {
            let row = (0..<format.planeCount).map { format.rowBytes(plane: $0, of: size) }.max() ?? 0
            throw Objection(
                reason: .badStride,
                message: "size \(place.width)x\(place.height) and stride \(place.stride) don't fit together; a row of "
                    + "\(format.name) takes \(row) bytes or more, and all rows together less than 2^63"
            )
        }
        return layout
    }

    private static func offset(of place: Place, _ layout: ShmLayout) throws(Objection) -> Int {
        guard let offset = Int(exactly: place.offset), !offset.addingReportingOverflow(layout.byteCount).overflow else {
            throw Objection(
                reason: .outOfBounds,
                message: "no file reaches as far as \(layout.byteCount) bytes from byte \(place.offset) on; the end "
                    + "has to lie below 2^63"
            )
        }
        return offset
    }

    private func ask(_ descriptor: consuming Descriptor, _ offset: Int, _ layout: ShmLayout) throws(Objection) {
        let answer: AdmittedFile.Answer?
        let file: AdmittedFile
        let room: Room
        do throws(ProtocolError) {
            room = Room(try account.charge(of: .buffers))
            file = try AdmittedFile(descriptor, .sealedBuffer, account: account, admission: admission) {
                [weak manager] text, buffer in
                Self.error(text, on: [buffer, manager])
            }
            answer = try file.look(at: offset..<offset + layout.byteCount) { [weak self] answer in
                self?.decide(answer, file, offset, layout, room)
            }
        } catch {
            throw Objection(error)
        }
        if let answer { decide(answer, file, offset, layout, room) }
    }

    /// The file got too short after it was accepted (R6).
    private static func error(_ text: String, on objects: [Resource?]) -> ProtocolError {
        guard let object = objects.lazy.compactMap({ $0 }).first(where: \.isAlive) else {
            return .implementation(text)
        }
        return ProtocolError(SignetSealedBufferManagerV1.Error.truncated, text, on: object)
    }

    // MARK: Answers

    private func decide(
        _ answer: AdmittedFile.Answer,
        _ file: AdmittedFile,
        _ offset: Int,
        _ layout: ShmLayout,
        _ room: Room
    ) {
        // R10.
        guard let resource, resource.isAlive else { return }
        switch answer {
        case .open:
            let copied = account.limits.copiedBytes
            if file.admitted?.access == .copied, layout.byteCount > copied {
                return refuse(
                    Objection(
                        reason: .overLimit,
                        message: "this memory has to be copied, and \(layout.byteCount) bytes are more than the "
                            + "\(copied) that a client may have copied; make it smaller, or use a memfd with "
                            + "F_SEAL_SHRINK"
                    )
                )
            }
            state = .accepted(file, offset: offset, layout, room)
            resource.sendAccepted()
        case .refused(let refusal): refuse(Objection(refusal, offset: offset, layout))
        case .overLimit(let error): refuse(Objection(error))
        }
    }

    private func refuse(_ objection: Objection) {
        state = .refused
        guard let resource, resource.isAlive else { return }
        // R13.
        resource.sendRefused(reason: objection.reason, text: objection.message.truncated(toBytes: 1_000))
    }

    // MARK: Requests

    func getBuffer(_ resource: SignetSealedBufferOfferV1, id: WlBuffer) throws(ProtocolError) {
        switch state {
        case .accepted(let file, let offset, let layout, let room):
            state = .used
            room.giveBack()
            id.handler = try ShmBuffer(resource: id, file: file, offset: offset, layout: layout)
        case .asked, .refused:
            throw ProtocolError(
                SignetSealedBufferOfferV1.Error.notAccepted,
                "signet_sealed_buffer_offer_v1@\(resource.id) has no buffer; wait for accepted"
            )
        case .used:
            throw ProtocolError(
                SignetSealedBufferOfferV1.Error.alreadyUsed,
                "signet_sealed_buffer_offer_v1@\(resource.id) has made its buffer; make another offer"
            )
        }
    }

    func destroyed(_ resource: SignetSealedBufferOfferV1) { state = .refused }
}

extension SealedBufferOffer.Objection {
    /// There is no room.
    fileprivate init(_ error: ProtocolError) {
        self.init(reason: .overLimit, message: error.message)
    }

    fileprivate init(_ refusal: Refusal, offset: Int, _ layout: ShmLayout) {
        switch refusal {
        case .notMemory: self.init(reason: .notMemory, message: "\(refusal)")
        case .pathOnly, .notReadable: self.init(reason: .notReadable, message: "\(refusal)")
        case .missingSeal: self.init(reason: .missingSeal, message: "\(refusal)")
        case .unsealable: self.init(reason: .unsealable, message: "\(refusal)")
        case .unsuitableFileSystem, .unknownFileSystem, .hugePages:
            self.init(reason: .fileSystem, message: "\(refusal)")
        case .tooSmall(let fileSize, _) where fileSize >= Int64(layout.byteCount):
            self.init(
                reason: .outOfBounds,
                message: "the file has \(fileSize) bytes, and the picture takes \(layout.byteCount) from byte "
                    + "\(offset) on; offer an offset of \(fileSize - Int64(layout.byteCount)) or less, or call "
                    + "ftruncate before"
            )
        case .tooSmall: self.init(reason: .tooSmall, message: "\(refusal)")
        case .unreadable: self.init(reason: .failed, message: "\(refusal)")
        }
    }
}
