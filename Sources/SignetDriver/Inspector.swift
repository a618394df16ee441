internal import SharedMemory
public import WaylandClient
internal import WaylandWire

/// Sees what a Signet compositor's clients hold, and how their buffers came.
///
/// It belongs to one thread. The compositor has to be run by the same user; its side is
/// protocol/signet-inspect-v1.xml.
public final class Inspector {
    private let connection: Connection
    private let manager: SignetInspectManagerV1
    /// How long the compositor may take to answer.
    public var patience: Duration

    /// Begins over a connection that nothing was done with.
    public init(_ connection: Connection, patience: Duration = .seconds(60)) throws(DriverError) {
        self.connection = connection
        self.patience = patience
        var found: SignetInspectManagerV1?
        let registry = connection.registry()
        registry.onGlobal = { [unowned registry] name, interface, _ in
            guard interface == SignetInspectManagerV1.interface.name else { return }
            found = registry.bind(name: name, as: SignetInspectManagerV1.self, version: 1)
        }
        var isDone = false
        connection.sync().onDone = { _ in isDone = true }
        try Driver.wait(connection, for: patience) { isDone }
        guard let found else {
            throw .missing(
                "the compositor doesn't offer signet-inspect-v1 to this user; it has to be signet, run by the same one"
            )
        }
        manager = found
    }

    /// All clients, with what they have. The inspector's own connection is among them.
    public func inventory() throws(DriverError) -> Inventory {
        let inspection = manager.inspect()
        let collector = Collector(inspection)
        defer { inspection.destroy() }
        try Driver.wait(connection, for: patience) { collector.isDone }
        return collector.inventory
    }
}

/// Puts together what an inspection tells.
private final class Collector {
    private(set) var inventory = Inventory()
    private(set) var isDone = false

    init(_ inspection: SignetInspectionV1) {
        inspection.onResource = { [unowned self] name, clientHi, clientLo, allHi, allLo in
            inventory.resources.append(
                Inventory.Resource(
                    name: name,
                    clientLimit: Int(joining: clientHi, clientLo),
                    totalLimit: Int(joining: allHi, allLo),
                    total: 0
                )
            )
        }
        inspection.onClient = { [unowned self] process, user, name in
            inventory.clients.append(Inventory.Client(process: Int(process), user: Int(user), name: name))
        }
        inspection.onUsage = { [unowned self] amounts in
            change { $0.usage = amounts.elements(as: Int64.self).map { Int($0) } }
        }
        inspection.onSurface = { [unowned self] id, role, parent, width, height, hi, lo, isPlaced, x, y in
            change { client in
                client.surfaces.append(
                    Inventory.Surface(
                        id: id,
                        role: role.text,
                        parent: parent,
                        width: Int(width),
                        height: Int(height),
                        buffer: UInt64(hi) << 32 | UInt64(lo),
                        place: isPlaced == 0 ? nil : Inventory.Place(x: Int(x), y: Int(y))
                    )
                )
            }
        }
        inspection.onTitle = { [unowned self] text in changeSurface { $0.title = text } }
        inspection.onApplication = { [unowned self] text in changeSurface { $0.application = text } }
        inspection.onOutput = { [unowned self] name in changeSurface { $0.outputs.append(name) } }
        inspection.onBuffer = {
            [unowned self]
            hi,
            lo,
            id,
            kind,
            width,
            height,
            format,
            bytesHi,
            bytesLo,
            isHeld,
            reading,
            copiesHi,
            copiesLo in
            change { client in
                client.buffers.append(
                    Inventory.Buffer(
                        number: UInt64(hi) << 32 | UInt64(lo),
                        id: id,
                        kind: kind.text,
                        width: Int(width),
                        height: Int(height),
                        fourcc: format,
                        byteCount: Int(joining: bytesHi, bytesLo),
                        isHeld: isHeld != 0,
                        reading: reading.text,
                        copies: UInt64(copiesHi) << 32 | UInt64(copiesLo)
                    )
                )
            }
        }
        inspection.onMemory = {
            [unowned self] tier, seals, sizeHi, sizeLo, offsetHi, offsetLo, stride, deviceHi, deviceLo, fileHi, fileLo
            in
            change { client in
                guard !client.buffers.isEmpty else { return }
                client.buffers[client.buffers.count - 1].memories.append(
                    Inventory.Memory(
                        tier: tier.text,
                        seals: Seals(rawValue: CInt(truncatingIfNeeded: seals)),
                        fileSize: UInt64(sizeHi) << 32 | UInt64(sizeLo),
                        offset: UInt64(offsetHi) << 32 | UInt64(offsetLo),
                        stride: Int(stride),
                        device: UInt64(deviceHi) << 32 | UInt64(deviceLo),
                        fileNumber: UInt64(fileHi) << 32 | UInt64(fileLo)
                    )
                )
            }
        }
        inspection.onTotal = { [unowned self] amounts in
            for (index, amount) in zip(inventory.resources.indices, amounts.elements(as: Int64.self)) {
                inventory.resources[index].total = Int(amount)
            }
        }
        inspection.onDone = { [unowned self] in isDone = true }
    }

    private func change(_ body: (inout Inventory.Client) -> Void) {
        if !inventory.clients.isEmpty { body(&inventory.clients[inventory.clients.count - 1]) }
    }

    private func changeSurface(_ body: (inout Inventory.Surface) -> Void) {
        change { if !$0.surfaces.isEmpty { body(&$0.surfaces[$0.surfaces.count - 1]) } }
    }
}

extension Int {
    fileprivate init(joining high: UInt32, _ low: UInt32) {
        self = Int(truncatingIfNeeded: UInt64(high) << 32 | UInt64(low))
    }
}

extension SignetInspectionV1.Role {
    fileprivate var text: String {
        switch self {
        case .none: "none"
        case .toplevel: "toplevel"
        case .popup: "popup"
        case .subsurface: "subsurface"
        case .cursor: "cursor"
        case .dragIcon: "drag-icon"
        default: "unknown"
        }
    }
}

extension SignetInspectionV1.Kind {
    fileprivate var text: String {
        switch self {
        case .shm: "wl_shm"
        case .sealedBuffer: "sealed-buffer"
        case .dmabuf: "dma-buf"
        case .singlePixel: "single-pixel"
        default: "unknown"
        }
    }
}

extension SignetInspectionV1.Reading {
    fileprivate var text: String {
        switch self {
        case .unread: "unread"
        case .mapped: "mapped"
        case .copied: "copied"
        default: "unknown"
        }
    }
}

extension SignetInspectionV1.Tier {
    fileprivate var text: String {
        switch self {
        case .sealed: "sealed"
        case .sealedOnArrival: "sealed-on-arrival"
        case .unsealable: "unsealable"
        case .dmabuf: "dma-buf"
        default: "unknown"
        }
    }
}
