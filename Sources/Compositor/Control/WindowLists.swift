internal import Pixels
internal import WaylandServer

/// Tells those who want to know which windows there are, and what becomes of them.
///
/// What changes is gathered and told a hundred times a second at most: each time all windows are compared with what was
/// told of them.
final class WindowLists {
    private let windows: WindowManager
    private var lists = ResourcesByClient<SignetWindowListV1>()
    private var all = OrderedDictionary<ObjectIdentifier, WindowList>()
    private var timer: EventLoop.Timer!
    private var isDue = false
    private var lastTime: UInt64 = 0

    /// More than anybody needs, of one client.
    private static let limit = 4
    /// Between two times, in nanoseconds.
    private static let pause: UInt64 = 10_000_000
    /// How long to wait for a client that doesn't read.
    private static let patience: UInt64 = 100_000_000

    init(windows: WindowManager, loop: EventLoop) {
        self.windows = windows
        timer = loop.makeTimer { [unowned self] in update() }
        windows.noteChange = { [unowned self] in changed() }
    }

    func add(_ resource: SignetWindowListV1) throws(ProtocolError) {
        guard lists[resource.client].count < Self.limit else {
            throw .noMemory("a client can have \(Self.limit) signet_window_list_v1, and not more; destroy one first")
        }
        let list = WindowList(resource)
        list.onDestroy = { [unowned self] in
            lists.remove($0)
            all[ObjectIdentifier($0)] = nil
        }
        resource.handler = list
        lists.insert(resource)
        all[ObjectIdentifier(resource)] = list
        _ = list.update(shown, active: windows.active)
    }

    /// Back to front, those that are put away first.
    private var shown: [Window] { windows.minimized + windows.windows }

    private func changed() {
        if all.isEmpty || isDue { return }
        isDue = true
        timer.set(at: max(EventLoop.now, lastTime + Self.pause))
    }

    private func update() {
        isDue = false
        lastTime = EventLoop.now
        let (shown, active) = (shown, windows.active)
        var isBehind = false
        for list in all.values where !list.update(shown, active: active) { isBehind = true }
        guard isBehind else { return }
        isDue = true
        timer.set(at: lastTime + Self.patience)
    }
}

/// `signet_window_list_v1`: what one client was told of windows.
final class WindowList: SignetWindowListV1.Requests {
    private weak var resource: SignetWindowListV1?
    private var known = OrderedDictionary<ObjectIdentifier, ControlledWindow>()
    private var isNew = true
    var onDestroy: (SignetWindowListV1) -> Void = { _ in }

    init(_ resource: SignetWindowListV1) { self.resource = resource }

    func destroyed(_ resource: SignetWindowListV1) {
        // R9.
        for window in known.values { window.isFollowed = false }
        onDestroy(resource)
    }

    /// Tells what is new. False where the client doesn't read what it was sent.
    func update(_ windows: [Window], active: Window?) -> Bool {
        guard let resource, resource.isAlive else { return true }
        let client = resource.client
        guard client.hearsOfOthers else { return false }
        var hasChanged = isNew
        isNew = false
        let present = Set(windows.map { ObjectIdentifier($0) })
        for window in Array(known.values) where window.shown.map({ !present.contains(ObjectIdentifier($0)) }) ?? true {
            known[window.identity] = nil
            window.close()
            hasChanged = true
        }
        for window in windows {
            let controlled: ControlledWindow
            if let found = known[ObjectIdentifier(window)] {
                controlled = found
            } else {
                do throws(ProtocolError) {
                    let object = try SignetWindowV1(client: client, version: resource.version, id: 0)
                    controlled = ControlledWindow(window, object)
                    object.handler = controlled
                    known[ObjectIdentifier(window)] = controlled
                    resource.sendWindow(window: object)
                } catch {
                    client.account.end(with: error)
                    return true
                }
            }
            if controlled.update(isActive: window === active) { hasChanged = true }
        }
        if hasChanged { resource.sendDone() }
        return true
    }
}
