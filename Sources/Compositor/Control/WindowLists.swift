internal import Pixels
internal import WaylandServer

/// Tells those who want to know which windows there are, and what becomes of them.
///
/// What changes is gathered and told a hundred times a second at most: then windows are compared with what was told of
/// them, for so many lists in a turn, one after the other. Who reads slowly is told later, and keeps nobody waiting.
final class WindowLists {
    private let windows: WindowManager
    /// How many each client has.
    private var counts: [ObjectIdentifier: Int] = [:]
    /// The one that was told longest ago first.
    private var all = OrderedDictionary<ObjectIdentifier, any WindowFollower>()
    private var timer: EventLoop.Timer!
    /// When it is time to tell; nil while everybody knows everything.
    private var dueTime: UInt64?
    private var lastTime: UInt64 = 0
    /// Is another one whenever something may have changed.
    private var version: UInt64 = 1

    /// More than anybody needs, of one client.
    private static let limit = 4
    /// Between two times, in nanoseconds.
    private static let pause: UInt64 = 10_000_000
    /// How long to wait for a client that doesn't read.
    private static let patience: UInt64 = 100_000_000
    /// Windows that are looked at in a turn, of all lists together; of the last one all are.
    private static let windowsPerTurn = 256

    init(windows: WindowManager, loop: EventLoop) {
        self.windows = windows
        timer = loop.makeTimer { [weak self] in self?.update() }
        windows.noteChange = { [weak self] in self?.changed() }
    }

    /// Tells a client's follower from now on.
    func add(_ follower: any WindowFollower, of client: Client) throws(ProtocolError) {
        let count = counts[ObjectIdentifier(client), default: 0]
        guard count < Self.limit else {
            throw .noMemory("a client can have \(Self.limit) lists of windows, and not more; destroy one first")
        }
        counts[ObjectIdentifier(client)] = count + 1
        all[ObjectIdentifier(follower)] = follower
        schedule(at: EventLoop.now)
    }

    /// Tells it no more.
    func remove(_ follower: any WindowFollower, of client: Client) {
        guard all[ObjectIdentifier(follower)] != nil else { return }
        all[ObjectIdentifier(follower)] = nil
        let count = counts[ObjectIdentifier(client), default: 1] - 1
        counts[ObjectIdentifier(client)] = count > 0 ? count : nil
    }

    /// Back to front, those that are put away first.
    private var shown: [Window] { windows.minimized + windows.windows }

    private func changed() {
        version += 1
        if !all.isEmpty { schedule(at: max(EventLoop.now, lastTime + Self.pause)) }
    }

    private func schedule(at time: UInt64) {
        if let dueTime, dueTime <= time { return }
        dueTime = time
        timer.set(at: time)
    }

    private func update() {
        dueTime = nil
        lastTime = EventLoop.now
        let (shown, active) = (shown, windows.active)
        var room = Self.windowsPerTurn
        for list in Array(all.values) where list.version != version {
            guard room > 0 else { return schedule(at: lastTime + Self.pause) }
            room -= shown.count + 1
            if list.update(shown, active: active) {
                list.version = version
            } else {
                schedule(at: lastTime + Self.patience)
            }
            // The next time others come first.
            let key = ObjectIdentifier(list)
            if all[key] != nil {
                all[key] = nil
                all[key] = list
            }
        }
    }
}

/// Somebody who tells a client of windows.
protocol WindowFollower: AnyObject {
    /// Of what the client was told last.
    var version: UInt64 { get set }
    /// Tells what is new. False where the client doesn't read what it was sent: then the rest is to be told later.
    func update(_ windows: [Window], active: Window?) -> Bool
}

/// `signet_window_list_v1`: what one client was told of windows.
final class WindowList: SignetWindowListV1.Requests, WindowFollower {
    var version: UInt64 = 0
    private unowned let lists: WindowLists
    private weak var resource: SignetWindowListV1?
    private var known = OrderedDictionary<ObjectIdentifier, ControlledWindow>()
    /// Whether something was told since the last `done`, or nothing ever was.
    private var isUndone = true

    init(_ resource: SignetWindowListV1, by lists: WindowLists) {
        self.resource = resource
        self.lists = lists
    }

    func destroyed(_ resource: SignetWindowListV1) {
        // R9.
        for window in known.values { window.isFollowed = false }
        lists.remove(self, of: resource.client)
    }

    func update(_ windows: [Window], active: Window?) -> Bool {
        guard let resource, resource.isAlive else { return true }
        let client = resource.client
        let present = Set(windows.map { ObjectIdentifier($0) })
        for window in Array(known.values) where window.shown.map({ !present.contains(ObjectIdentifier($0)) }) ?? true {
            known[window.identity] = nil
            window.close()
            isUndone = true
        }
        for window in windows {
            // Each is told of in some kilobytes at most.
            guard client.hearsOfOthers else { return false }
            do throws(ProtocolError) {
                if try controlled(window, resource).update(isActive: window === active) { isUndone = true }
            } catch {
                client.account.end(with: error)
                return true
            }
        }
        guard isUndone else { return true }
        guard client.hearsOfOthers else { return false }
        resource.sendDone()
        isUndone = false
        return true
    }

    /// The client's object for a window, which it is told of the first time.
    private func controlled(
        _ window: Window,
        _ resource: SignetWindowListV1
    ) throws(ProtocolError) -> ControlledWindow {
        if let found = known[ObjectIdentifier(window)] { return found }
        let object = try SignetWindowV1(client: resource.client, version: resource.version, id: 0)
        let new = ControlledWindow(window, object)
        object.handler = new
        known[ObjectIdentifier(window)] = new
        resource.sendWindow(window: object)
        isUndone = true
        return new
    }
}
