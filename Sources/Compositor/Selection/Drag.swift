internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// Something that is dragged, with the pointer or a finger, until it is let go.
///
/// Whoever began it, the source, the icon and whatever it is dragged over may go at any time.
final class Drag: PointerGrab, DataSourceUser {
    private unowned let devices: DataDevices
    private weak var client: Client?
    /// Nil where it is gone, or where there never was one.
    private weak var source: DataSource?
    /// Without a source it is its client's own business, and other clients don't hear of it.
    private let hasSource: Bool
    private let icon: DragIcon?
    /// In global coordinates.
    private var position: Position
    private var target: DragTarget?
    /// What the scene was like when it was last looked for what is there.
    private var seenVersion: UInt64?
    private var hasBegun = false
    private var isOver = false

    init(of source: DataSource?, by client: Client, icon: DragIcon?, at position: Position, devices: DataDevices) {
        self.devices = devices
        self.client = client
        self.source = source
        self.icon = icon
        self.position = position
        hasSource = source != nil
    }

    /// Shows the icon, and tells whoever is there: it has the pointer or finger by now.
    func begin() {
        hasBegun = true
        source?.use(for: .drag, by: self)
        icon?.show(at: position.pixel)
        look()
    }

    // MARK: PointerGrab

    func motion(to position: Position) {
        if isOver { return }
        self.position = position
        guard hasBegun else { return }
        icon?.move(to: position.pixel)
        look()
    }

    func sceneChanged() {
        if !hasBegun || isOver || devices.scene.layoutVersion == seenVersion { return }
        look()
    }

    /// It is let go.
    func ended() {
        if isOver { return }
        // Whoever has come there meanwhile.
        look()
        isOver = true
        if let target, target.drop() {
            source?.sendDropPerformed()
        } else {
            target?.leave()
            source?.cancelDrag()
        }
        target = nil
        cleanUp()
    }

    /// Nothing comes of it.
    func cancelled() {
        if isOver { return }
        isOver = true
        target?.leave()
        target = nil
        source?.cancelDrag()
        cleanUp()
    }

    func sourceDestroyed(_ source: DataSource) { cancelled() }

    private func cleanUp() {
        icon?.hide()
        source?.endUse()
        devices.ended(self)
    }

    // MARK: What it is dragged over

    /// Finds out what is there, and tells what is new.
    private func look() {
        let hit = devices.scene.hit(at: position)
        seenVersion = devices.scene.layoutVersion
        let surface = (hit?.drawable as? Surface).flatMap { reaches($0) ? $0 : nil }
        let local = (x: Fixed(hit?.local.x ?? 0), y: Fixed(hit?.local.y ?? 0))
        if let target, let surface, target.surface === surface {
            return target.motion(to: local, time: devices.time)
        }
        target?.leave()
        target = nil
        guard let surface else { return }
        let hearing = devices.hearing(of: surface.resource.client)
        if hearing.isEmpty { return }
        let target = DragTarget(surface, hearing, of: source)
        self.target = target
        target.enter(at: local, serial: devices.seat.nextSerial(.other, surface), from: devices)
    }

    private func reaches(_ surface: Surface) -> Bool {
        (surface === target?.surface || surface.resource.client.hearsOfOthers) && surface.resource.isAlive
            && (hasSource || surface.resource.client === client)
    }
}
