internal import SharedMemory
internal import WaylandServer

/// What can be done with what is dragged: `wl_data_device_manager.dnd_action`.
typealias DragActions = WlDataDeviceManager.DndAction

/// Who offers a source's data to others.
protocol DataSourceUser: AnyObject {
    /// The source is gone.
    func sourceDestroyed(_ source: DataSource)
}

/// `wl_data_source`: data that a client has for others, in one or several formats.
///
/// It is for one purpose, once. What is told to its client is bounded, however often others change their minds: who
/// doesn't read it hears only what came of it.
final class DataSource: WlDataSource.Requests {
    enum Purpose {
        case selection, drag
    }

    private let resource: WlDataSource
    private let limits: Limits
    /// MIME types, in the order in which they were offered, each once.
    private(set) var types: [String] = []
    /// All bytes of those.
    private var typeBytes = 0
    private var charge: Charge?
    /// Nil as long as its client didn't say.
    private var ownActions: DragActions?
    private var purpose: Purpose?
    private weak var user: (any DataSourceUser)?
    /// What its client knows of the place that it is dragged over.
    private var told: (type: String?, action: DragActions) = (nil, [])

    /// What one type costs besides its bytes.
    private static let typeCost = 32

    init(_ resource: WlDataSource, limits: Limits) {
        self.resource = resource
        self.limits = limits
    }

    /// The source that a request names.
    static func of(_ resource: WlDataSource) throws(ProtocolError) -> DataSource {
        guard let source = resource.handler as? DataSource else {
            throw .invalidObject("wl_data_source@\(resource.id) is gone")
        }
        return source
    }

    /// Whether its client can still be asked for the data.
    var isAlive: Bool { resource.isAlive }

    /// What may be done with it when it is dragged. Those who know of no actions copy.
    var actions: DragActions { resource.version < 3 ? .copy : ownActions ?? [] }

    /// Its own word for a type that is offered; nil for another.
    func offered(_ type: String) -> String? { types.first { PlainText(string: $0) == PlainText(string: type) } }

    // MARK: Use

    /// Throws where it can't be used for `new`: it is for something else, or was used already.
    func checkUse(for new: Purpose) throws(ProtocolError) {
        // What is the selection may be made so again.
        let isSelection = purpose == .selection && user != nil && new == .selection
        guard purpose == nil || isSelection else {
            throw ProtocolError(
                WlDataSource.Error.invalidSource,
                "wl_data_source@\(resource.id) was used already; make another one",
                on: resource
            )
        }
        guard new == .drag || ownActions == nil else {
            throw ProtocolError(
                WlDataSource.Error.invalidSource,
                "wl_data_source@\(resource.id) has drag-and-drop actions, and can't be the selection",
                on: resource
            )
        }
    }

    /// It is what `user` offers from now on.
    func use(for purpose: Purpose, by user: any DataSourceUser) {
        self.purpose = purpose
        self.user = user
    }

    /// Nobody offers it any more.
    func endUse() { user = nil }

    // MARK: Events

    /// Has its client write the data to a descriptor; not where it doesn't offer that, or has left many unread: then
    /// whoever reads at the other end finds nothing.
    func send(_ type: String, to descriptor: borrowing Descriptor) {
        guard let type = offered(type), resource.client.canTakeDescriptor() else { return }
        resource.sendSend(mimeType: type, fd: descriptor)
    }

    /// It isn't, or won't be, the selection.
    func cancelSelection() { resource.sendCancelled() }

    /// Nothing comes of the drag. Older clients aren't told: to them it says that another selection came.
    func cancelDrag() { if resource.version >= 3 { resource.sendCancelled() } }

    /// What the place that it is dragged over takes, and what would be done with it there. One who doesn't read hears
    /// of it only `surely`.
    func tell(type: String?, action: DragActions, surely: Bool = false) {
        guard surely || resource.client.hearsOfOthers else { return }
        if type != told.type { resource.sendTarget(mimeType: type) }
        if action != told.action { resource.sendAction(dndAction: action) }
        told = (type, action)
    }

    func sendDropPerformed() { resource.sendDndDropPerformed() }

    /// Whoever it was dropped on has it, and has done `action` with it.
    func finishDrag(_ action: DragActions) {
        tell(type: told.type, action: action, surely: true)
        resource.sendDndFinished()
    }

    // MARK: Requests

    func offer(_ resource: WlDataSource, mimeType: String) throws(ProtocolError) {
        let bytes = mimeType.utf8.count
        guard bytes <= limits.mimeTypeBytes, types.count < limits.offeredTypes,
            typeBytes + bytes <= limits.offeredTypeBytes, offered(mimeType) == nil
        else { return }
        let cost = typeBytes + bytes + (types.count + 1) * Self.typeCost
        try resource.client.account.change(&charge, to: cost, of: .textBytes)
        types.append(mimeType)
        typeBytes += bytes
    }

    func setActions(_ resource: WlDataSource, dndActions: DragActions) throws(ProtocolError) {
        guard purpose != .selection else {
            throw ProtocolError(
                WlDataSource.Error.invalidSource,
                "wl_data_source@\(resource.id) is a selection, with which nothing can be done but copying"
            )
        }
        // The code that other compositors have for all of these.
        func refuse(_ message: String) -> ProtocolError {
            ProtocolError(WlDataSource.Error.invalidActionMask, message)
        }
        guard dndActions.isSubset(of: .allNamed) else {
            throw refuse("\(dndActions.rawValue) has bits that are no wl_data_device_manager.dnd_action")
        }
        guard ownActions == nil else { throw refuse("the actions of wl_data_source@\(resource.id) can be set once") }
        guard purpose == nil else {
            throw refuse("the actions of wl_data_source@\(resource.id) can't be set once it is dragged")
        }
        ownActions = dndActions
    }

    func destroyed(_ resource: WlDataSource) {
        let last = user
        user = nil
        last?.sourceDestroyed(self)
    }
}
