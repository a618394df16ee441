internal import CWaylandServer

/// A service that the server announces, and that clients bind to get a `Bound` object of their own.
///
/// It is announced as long as its display lives, or until ``withdraw()``.
public final class Global<Bound: Resource> {
    private let announcement: GlobalAnnouncement

    /// Announces `Bound`'s interface at `version`, by default the newest that the bindings know.
    ///
    /// - Parameters:
    ///   - isVisible: whether a client may know about it; others neither see nor bind it.
    ///   - bind: is called with each bound object; it sets the object's handler and sends the first events.
    @discardableResult
    public init(
        on display: Display,
        version: UInt32? = nil,
        isVisible: @escaping (Client) -> Bool = { _ in true },
        bind: @escaping (Bound) throws(ProtocolError) -> Void
    ) {
        let version = version ?? Bound.interface.version
        announcement = GlobalAnnouncement(
            display: display,
            interface: Bound.interface,
            version: version,
            isVisible: isVisible
        ) { (client, version, id, isWithdrawn) in
            do throws(ProtocolError) {
                let resource = try Bound(client: client, version: version, id: id)
                guard !isWithdrawn else { return }
                do throws(ProtocolError) { try bind(resource) } catch { resource.post(error) }
            } catch {
                client.postNoMemory()
            }
        }
        display.add(announcement)
    }

    /// Takes the announcement back. Objects that were bound stay; clients may still bind until they hear of it, and get
    /// an object that does nothing.
    public func withdraw() {
        announcement.withdraw()
    }
}

/// What libwayland's callbacks refer to: a global without its interface's type.
final class GlobalAnnouncement {
    let isVisible: (Client) -> Bool
    private let bind: (Client, UInt32, UInt32, Bool) -> Void
    unowned let display: Display
    private var handle: ObjectHandle?
    private var isWithdrawn = false

    init(
        display: Display,
        interface: Interface,
        version: UInt32,
        isVisible: @escaping (Client) -> Bool,
        bind: @escaping (Client, UInt32, UInt32, Bool) -> Void
    ) {
        self.display = display
        self.isVisible = isVisible
        self.bind = bind
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        let handle = unsafe wl_global_create(
            display.handle.pointer,
            interface.pointer,
            Int32(version),
            context
        ) { client, context, version, id in
            let global = unsafe Unmanaged<GlobalAnnouncement>.fromOpaque(context!).takeUnretainedValue()
            guard let client = unsafe global.display.client(of: ObjectHandle(client)) else { return }
            global.bind(client, version, id, global.isWithdrawn)
        }
        self.handle = unsafe ObjectHandle(handle)
        guard self.handle != nil else { fatalError("there is no memory to announce \(interface.name)") }
    }

    /// Ends the global for good, with its display at the latest: somebody else may hold this object for longer.
    func end() {
        if let handle { unsafe wl_global_destroy(handle.pointer) }
        handle = nil
    }

    func withdraw() {
        guard let handle, !isWithdrawn else { return }
        isWithdrawn = true
        unsafe wl_global_remove(handle.pointer)
    }
}

let globalFilter: wl_display_global_filter_func_t = { client, global, _ in
    guard let context = unsafe wl_global_get_user_data(global) else { return true }
    let announcement = unsafe Unmanaged<GlobalAnnouncement>.fromOpaque(context).takeUnretainedValue()
    return unsafe announcement.display.client(of: ObjectHandle(client)).map(announcement.isVisible) ?? false
}
