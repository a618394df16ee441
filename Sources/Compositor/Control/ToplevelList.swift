internal import WaylandServer

/// `ext_foreign_toplevel_list_v1`: tells of windows, for programs that don't know `signet_window_list_v1`. The same
/// clients see it, for the same reason.
final class ToplevelListGlobal: Service {
    private let windowLists: WindowLists
    /// What identifiers begin with: another server's are others.
    private let prefix = String(UInt64.random(in: 1 << 60 ... .max), radix: 16)

    init(_ windowLists: WindowLists) { self.windowLists = windowLists }

    func bind(_ resource: ExtForeignToplevelListV1) throws(ProtocolError) {
        let list = ToplevelList(resource, by: windowLists, prefix: prefix)
        try windowLists.add(list, of: resource.client)
        resource.handler = list
    }
}

/// One client's list.
final class ToplevelList: ExtForeignToplevelListV1.Requests, WindowFollower {
    var version: UInt64 = 0
    private unowned let lists: WindowLists
    private let prefix: String
    private weak var resource: ExtForeignToplevelListV1?
    /// By the windows' numbers.
    private var known = OrderedDictionary<UInt64, ToplevelHandle>()
    /// Whether new windows aren't told of any more.
    private var isFinished = false

    init(_ resource: ExtForeignToplevelListV1, by lists: WindowLists, prefix: String) {
        self.resource = resource
        self.lists = lists
        self.prefix = prefix
    }

    func stop(_ resource: ExtForeignToplevelListV1) {
        guard !isFinished else { return }
        isFinished = true
        resource.sendFinished()
    }

    func destroyed(_ resource: ExtForeignToplevelListV1) {
        for handle in known.values { handle.isFollowed = false }
        lists.remove(self, of: resource.client)
    }

    func update(_ windows: [Window], active: Window?) -> Bool {
        guard let resource, resource.isAlive else { return true }
        let client = resource.client
        let present = Set(windows.map(\.number))
        for handle in Array(known.values) where !present.contains(handle.number) {
            known[handle.number] = nil
            handle.close()
        }
        for window in windows {
            // Each is told of in some kilobytes at most.
            guard client.hearsOfOthers else { return false }
            if let handle = known[window.number] {
                handle.update()
                continue
            }
            if isFinished { continue }
            do throws(ProtocolError) {
                let object = try ExtForeignToplevelHandleV1(client: client, version: resource.version, id: 0)
                let handle = ToplevelHandle(window, object)
                object.handler = handle
                known[window.number] = handle
                resource.sendToplevel(toplevel: object)
                object.sendIdentifier(identifier: "\(prefix)-\(window.number)")
                handle.update()
            } catch {
                client.account.end(with: error)
                return true
            }
        }
        return true
    }
}

/// `ext_foreign_toplevel_handle_v1`: a window in the hands of a program.
final class ToplevelHandle: ExtForeignToplevelHandleV1.Requests {
    let number: UInt64
    private weak var window: Window?
    private weak var resource: ExtForeignToplevelHandleV1?
    private var told: (title: PlainText, application: PlainText)?
    /// Whether its list is there.
    var isFollowed = true
    private var isClosed = false

    init(_ window: Window, _ resource: ExtForeignToplevelHandleV1) {
        self.window = window
        self.resource = resource
        number = window.number
    }

    /// The window, as long as it is there.
    var shown: Window? {
        guard !isClosed, let window, window.isMapped, window.number == number else { return nil }
        return window
    }

    /// Tells what is new.
    func update() {
        guard isFollowed, let window = shown, let resource, resource.isAlive else { return }
        let now = (title: PlainText(string: window.title), application: PlainText(string: window.applicationID))
        if let told, told == now { return }
        if now.title != told?.title { resource.sendTitle(title: window.title) }
        if now.application != told?.application { resource.sendAppId(appId: window.applicationID) }
        told = now
        resource.sendDone()
    }

    /// The window is gone.
    func close() {
        isClosed = true
        if let resource, resource.isAlive { resource.sendClosed() }
    }
}
