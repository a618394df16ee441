internal import SharedMemory
internal import WaylandServer
internal import WaylandWire

/// A surface that something is dragged over, or was dropped on, and what its client makes of that.
///
/// Each of the client's devices gets an offer of its own, as they may belong to different parts of a program. What the
/// one that spoke last says is what holds.
///
/// Source: wl_data_offer. What it leaves open is as in libweston.
final class DragTarget {
    private enum Stage {
        case entered
        /// It is dragged elsewhere, or nowhere any more.
        case left
        case dropped
        /// It was dropped, and the client is to ask its user what to do with it.
        case asking
        /// The client has what it wanted, or gave up.
        case over
    }

    private(set) weak var surface: Surface?
    private let devices: [WlDataDevice]
    private weak var source: DataSource?
    private let hasSource: Bool
    /// Whether the client knows nothing of actions, and never says that it has finished.
    private let isOld: Bool
    private var stage = Stage.entered
    private var local = (x: Fixed(rawValue: 0), y: Fixed(rawValue: 0))
    /// How many of its offers there are.
    private var offerCount = 0
    /// The offer of which was heard last.
    private weak var speaker: DragOffer?
    /// A type that the client would take; empty where it wasn't offered.
    private var accepted: String?
    /// What the client would do, and what it would rather do than anything else: one or none.
    private var actions: DragActions
    private var preferred: DragActions = []
    /// What would be done: one or none.
    private var action: DragActions = []
    /// Whether the client has asked for the data.
    private var wasRead = false

    init(_ surface: Surface, _ devices: [WlDataDevice], of source: DataSource?) {
        self.surface = surface
        self.devices = devices
        self.source = source
        hasSource = source != nil
        isOld = devices.allSatisfy { $0.version < 3 }
        actions = isOld ? .copy : []
    }

    // MARK: What is dragged

    /// Tells the client that it is at a place in surface coordinates.
    func enter(at local: (x: Fixed, y: Fixed), serial: UInt32, from all: DataDevices) {
        self.local = local
        guard let surface else { return }
        for device in devices {
            let offer = source.flatMap { source in
                all.makeOffer(of: source, to: device) { DragOffer($0, of: self) }
            }
            if offer != nil { offerCount += 1 }
            device.sendEnter(serial: serial, surface: surface.resource, x: local.x, y: local.y, id: offer)
            if let source { offer?.sendSourceActions(sourceActions: source.actions) }
        }
        negotiate()
    }

    func motion(to local: (x: Fixed, y: Fixed), time: UInt32) {
        if local == self.local { return }
        self.local = local
        for device in devices { device.sendMotion(time: time, x: local.x, y: local.y) }
        // What it couldn't be told before.
        tellSource()
    }

    func leave() {
        guard stage == .entered else { return }
        stage = .left
        for device in devices { device.sendLeave() }
        source?.tell(type: nil, action: [])
    }

    /// It is let go. False where the client doesn't take it.
    func drop() -> Bool {
        guard stage == .entered, devices.contains(where: \.isAlive) else { return false }
        if hasSource {
            // Older clients don't have to say that they would.
            let isWanted = isOld ? offerCount > 0 : accepted != nil && speaker != nil
            guard let source, source.isAlive, isWanted, !action.isEmpty else { return false }
            tellSource(surely: true)
        }
        stage = action == .ask ? .asking : .dropped
        for device in devices { device.sendDrop() }
        return true
    }

    // MARK: What the client says

    fileprivate func accept(_ type: String?, by offer: DragOffer) throws(ProtocolError) {
        try checkNotOver(offer)
        guard stage != .left, let source else { return }
        speaker = offer
        // Qt drags without a type, within itself, and takes what wasn't offered.
        accepted = type.map { source.offered($0) ?? "" }
        if stage == .entered { tellSource() }
    }

    fileprivate func receive(_ type: String, _ descriptor: consuming Descriptor, by offer: DragOffer)
        throws(ProtocolError)
    {
        try checkNotOver(offer)
        guard stage != .left, let source else { return }
        wasRead = true
        source.send(type, to: descriptor)
    }

    fileprivate func setActions(_ actions: DragActions, _ preferred: DragActions, by offer: DragOffer)
        throws(ProtocolError)
    {
        guard actions.isSubset(of: .allNamed) else {
            throw ProtocolError(
                WlDataOffer.Error.invalidActionMask,
                "\(actions.rawValue) has bits that are no wl_data_device_manager.dnd_action"
            )
        }
        guard preferred.rawValue.nonzeroBitCount <= 1, preferred.isSubset(of: actions) else {
            throw ProtocolError(
                WlDataOffer.Error.invalidAction,
                "the preferred action is one of the others (\(actions.rawValue)), or none, not \(preferred.rawValue)"
            )
        }
        try checkNotOver(offer)
        guard stage != .left, let source else { return }
        guard stage != .asking || preferred.isSubset(of: source.actions) else {
            throw ProtocolError(
                WlDataOffer.Error.invalidAction,
                "what was asked for is one of the source's actions (\(source.actions.rawValue)), not "
                    + "\(preferred.rawValue)"
            )
        }
        // It was told what to do with it.
        if stage == .dropped { return }
        speaker = offer
        self.actions = actions
        self.preferred = preferred
        negotiate()
    }

    fileprivate func finish(_ offer: DragOffer) throws(ProtocolError) {
        // Where the source is gone the client can't know what is missing.
        guard stage != .left, let source, source.isAlive else { return }
        guard stage == .dropped || stage == .asking, accepted != nil else {
            throw ProtocolError(
                WlDataOffer.Error.invalidFinish,
                "wl_data_offer@\(offer.resource.id) can be finished once, when it was dropped and a type was accepted"
            )
        }
        guard action == .copy || action == .move else {
            throw ProtocolError(
                WlDataOffer.Error.invalidOffer,
                "wl_data_offer@\(offer.resource.id) was finished with no action, or with \"ask\"; set one before"
            )
        }
        stage = .over
        source.finishDrag(action)
    }

    fileprivate func destroyed(_ offer: DragOffer) {
        offerCount -= 1
        let wasSpeaker = speaker === offer
        if wasSpeaker { speaker = nil }
        switch stage {
        case .left, .over: break
        case .entered where wasSpeaker:
            // It doesn't want it after all.
            accepted = nil
            actions = isOld ? .copy : []
            preferred = []
            negotiate()
            tellSource()
        case .entered: break
        case .dropped, .asking:
            guard isOld ? offerCount == 0 : wasSpeaker || offerCount == 0 else { return }
            stage = .over
            if isOld, accepted != nil || wasRead { source?.finishDrag(action) } else { source?.cancelDrag() }
        }
    }

    private func checkNotOver(_ offer: DragOffer) throws(ProtocolError) {
        guard stage == .over else { return }
        throw ProtocolError(
            WlDataOffer.Error.invalidOffer,
            "wl_data_offer@\(offer.resource.id) was finished; it can only be destroyed"
        )
    }

    // MARK: Actions

    /// Finds out what is to be done, and tells both sides if that is something else than before. What is asked for
    /// after the drop the source hears at the end.
    private func negotiate() {
        let new = chosenAction
        guard new != action else { return }
        action = new
        guard stage == .entered else { return }
        speaker?.resource.sendAction(dndAction: new)
        tellSource()
    }

    /// What the target would rather do, or else the first that both would, in the order of their bits.
    private var chosenAction: DragActions {
        let possible = actions.intersection(source?.actions ?? [])
        if !preferred.isDisjoint(with: possible) { return preferred }
        return DragActions(rawValue: possible.rawValue & (0 &- possible.rawValue))
    }

    private func tellSource(surely: Bool = false) { source?.tell(type: accepted, action: action, surely: surely) }
}

/// `wl_data_offer` of something that is dragged, for one device.
private final class DragOffer: WlDataOffer.Requests {
    fileprivate let resource: WlDataOffer
    private let target: DragTarget

    init(_ resource: WlDataOffer, of target: DragTarget) {
        self.resource = resource
        self.target = target
    }

    func accept(_ resource: WlDataOffer, serial: UInt32, mimeType: String?) throws(ProtocolError) {
        try target.accept(mimeType, by: self)
    }

    func receive(
        _ resource: WlDataOffer,
        mimeType: String,
        fd: consuming Descriptor
    ) throws(ProtocolError) {
        try target.receive(mimeType, fd, by: self)
    }

    func finish(_ resource: WlDataOffer) throws(ProtocolError) { try target.finish(self) }

    func setActions(
        _ resource: WlDataOffer,
        dndActions: DragActions,
        preferredAction: DragActions
    ) throws(ProtocolError) {
        try target.setActions(dndActions, preferredAction, by: self)
    }

    func destroyed(_ resource: WlDataOffer) { target.destroyed(self) }
}
