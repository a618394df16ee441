internal import Pixels
internal import SharedMemory
internal import WaylandServer
internal import WaylandWire

/// `signet_inspection_v1`: all clients, with their surfaces and buffers, told to one who looks.
///
/// What was told is known by its number alone, so that it may go at any time, and the next one is found.
final class Inspection: SignetInspectionV1.Requests {
    /// Where it has come to.
    private enum Place {
        case start
        /// After what a client has with this number.
        case inClient(UInt64, after: UInt64)
        /// After the client with this number.
        case after(UInt64)
    }

    /// What came of going on.
    enum Progress {
        case done
        case more
        /// The client doesn't read.
        case unread
    }

    private weak var resource: SignetInspectionV1?
    private unowned let compositor: Compositor
    private var place = Place.start
    /// Is called when nothing more is to be told.
    var onEnd: () -> Void = {}

    init(_ resource: SignetInspectionV1, compositor: Compositor) {
        self.resource = resource
        self.compositor = compositor
    }

    func destroyed(_ resource: SignetInspectionV1) { end() }

    func end() {
        onEnd()
        onEnd = {}
    }

    /// Tells of as many things as there is `room` for.
    func goOn(_ room: inout Int) -> Progress {
        guard let resource, resource.isAlive, resource.client.isConnected else { return .done }
        while room > 0 {
            // Each takes some kilobytes at most.
            guard resource.client.hearsOfOthers else { return .unread }
            room -= 1
            if tellNext(resource) { return .done }
        }
        return .more
    }

    /// Tells of one thing; whether it was the last.
    private func tellNext(_ resource: SignetInspectionV1) -> Bool {
        switch place {
        case .start:
            tellOfResources(resource)
            place = .after(0)
        case .after(let number):
            guard let client = compositor.display.client(after: number) else {
                let ledger = compositor.ledger
                resource.sendTotal(amounts: Self.amounts { ledger.usage(of: $0) })
                resource.sendDone()
                return true
            }
            tell(of: client, resource)
            place = .inClient(client.number, after: 0)
        case .inClient(let number, let last):
            // Those before it may have gone, and it may have gone itself.
            guard let client = compositor.display.client(after: number - 1), client.number == number,
                let (next, member) = client.account.roster.next(after: last)
            else {
                place = .after(number)
                return false
            }
            tell(of: member, number: next, resource)
            place = .inClient(number, after: next)
        }
        return false
    }

    // MARK: Events

    private static func amounts(_ amount: (ClientAccount.Resource) -> Int) -> WireArray {
        WireArray(of: ClientAccount.Resource.allCases.map { Int64(amount($0)) })
    }

    private func tellOfResources(_ resource: SignetInspectionV1) {
        let limits = compositor.settings.limits
        for kind in ClientAccount.Resource.allCases {
            let client = Halves(limits.most(kind, .client))
            let all = Halves(limits.most(kind, .all))
            resource.sendResource(
                name: "\(kind)",
                clientHi: client.high,
                clientLo: client.low,
                allHi: all.high,
                allLo: all.low
            )
        }
    }

    private func tell(of client: Client, _ resource: SignetInspectionV1) {
        let account = client.account
        resource.sendClient(
            process: UInt32(clamping: account.process),
            user: client.credentials.user,
            name: account.processName
        )
        resource.sendUsage(amounts: Self.amounts { account.usage(of: $0) })
    }

    private func tell(of member: AnyObject, number: UInt64, _ resource: SignetInspectionV1) {
        switch member {
        case let surface as Surface: tell(of: surface, resource)
        case let buffer as ClientBuffer: tell(of: buffer, number: number, resource)
        default: break
        }
    }

    private func tell(of surface: Surface, _ resource: SignetInspectionV1) {
        // One that is gone may still be in a picture that is being drawn.
        guard surface.resource.isAlive else { return }
        let bounds = compositor.scene.place(of: surface)
        let size = surface.current.content == nil ? Size(width: 0, height: 0) : surface.size
        let buffer = Halves(surface.current.content?.bufferNumber ?? 0)
        resource.sendSurface(
            id: surface.resource.id,
            role: SignetInspectionV1.Role(surface.roleKind),
            parent: surface.role?.parent?.resource.id ?? 0,
            width: Int32(clamping: size.width),
            height: Int32(clamping: size.height),
            bufferHi: buffer.high,
            bufferLo: buffer.low,
            isPlaced: bounds == nil ? 0 : 1,
            x: Int32(clamping: bounds?.x ?? 0),
            y: Int32(clamping: bounds?.y ?? 0)
        )
        if surface.roleKind == .toplevel, let window = surface.node as? Window {
            resource.sendTitle(text: window.title)
            resource.sendApplication(text: window.applicationID)
        }
        for output in surface.outputs { resource.sendOutput(name: output.name) }
    }

    private func tell(of buffer: ClientBuffer, number: UInt64, _ resource: SignetInspectionV1) {
        let facts = buffer.facts
        let (name, bytes, copies) = (Halves(number), Halves(facts.byteCount), Halves(facts.copies))
        resource.sendBuffer(
            numberHi: name.high,
            numberLo: name.low,
            id: buffer.isDestroyed ? 0 : buffer.errorTarget?.id ?? 0,
            kind: SignetInspectionV1.Kind(facts.kind),
            width: Int32(clamping: buffer.size.width),
            height: Int32(clamping: buffer.size.height),
            format: facts.fourcc,
            bytesHi: bytes.high,
            bytesLo: bytes.low,
            isHeld: buffer.isLocked ? 1 : 0,
            reading: SignetInspectionV1.Reading(facts.reading),
            copiesHi: copies.high,
            copiesLo: copies.low
        )
        for memory in facts.memories {
            let (size, offset) = (Halves(memory.fileSize), Halves(memory.offset))
            let (device, file) = (Halves(memory.device), Halves(memory.fileNumber))
            resource.sendMemory(
                tier: SignetInspectionV1.Tier(memory.tier),
                seals: UInt32(truncatingIfNeeded: memory.seals.rawValue),
                sizeHi: size.high,
                sizeLo: size.low,
                offsetHi: offset.high,
                offsetLo: offset.low,
                stride: UInt32(clamping: memory.stride),
                deviceHi: device.high,
                deviceLo: device.low,
                fileHi: file.high,
                fileLo: file.low
            )
        }
    }
}

/// A number of 64 bits, as it travels.
private struct Halves {
    let high: UInt32
    let low: UInt32

    init(_ number: some FixedWidthInteger) {
        high = UInt32(truncatingIfNeeded: number >> 32)
        low = UInt32(truncatingIfNeeded: number)
    }
}

extension SignetInspectionV1.Role {
    fileprivate init(_ kind: SurfaceRoleKind?) {
        switch kind {
        case nil: self = .none
        case .toplevel: self = .toplevel
        case .popup: self = .popup
        case .subsurface: self = .subsurface
        case .cursor: self = .cursor
        case .dragIcon: self = .dragIcon
        }
    }
}

extension SignetInspectionV1.Kind {
    fileprivate init(_ kind: BufferFacts.Kind) {
        switch kind {
        case .shm: self = .shm
        case .sealedBuffer: self = .sealedBuffer
        case .dmabuf: self = .dmabuf
        case .singlePixel: self = .singlePixel
        }
    }
}

extension SignetInspectionV1.Reading {
    fileprivate init(_ reading: BufferFacts.Reading) {
        switch reading {
        case .unread: self = .unread
        case .mapped: self = .mapped
        case .copied: self = .copied
        }
    }
}

extension SignetInspectionV1.Tier {
    fileprivate init(_ tier: BufferFacts.Memory.Tier) {
        switch tier {
        case .unknown: self = .unknown
        case .sealed: self = .sealed
        case .sealedOnArrival: self = .sealedOnArrival
        case .unsealable: self = .unsealable
        case .dmabuf: self = .dmabuf
        }
    }
}
