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
        announcement = GlobalAnnouncement(
            display: display,
            interface: Bound.interface,
            version: version ?? Bound.interface.version,
            isVisible: isVisible
        ) { (client, version, id, isWithdrawn) throws(ProtocolError) in
            let resource = try Bound(client: client, version: version, id: id)
            guard !isWithdrawn else { return }
            // An error without an object is the bound one's, not the registry's.
            do throws(ProtocolError) { try bind(resource) } catch { resource.post(error) }
        }
        display.add(announcement)
    }

    /// Takes the announcement back. Objects that were bound stay; clients may still bind until they hear of it, and get
    /// an object that does nothing.
    public func withdraw() {
        announcement.withdraw()
    }
}

/// A global without its interface's type.
final class GlobalAnnouncement {
    /// The number that clients know it by: counted up, and never used again.
    let name: UInt32
    let interface: Interface
    let version: UInt32
    let isVisible: (Client) -> Bool
    private(set) var isWithdrawn = false
    private let action: (Client, UInt32, UInt32, Bool) throws(ProtocolError) -> Void
    private weak var display: Display?

    init(
        display: Display,
        interface: Interface,
        version: UInt32,
        isVisible: @escaping (Client) -> Bool,
        bind action: @escaping (Client, UInt32, UInt32, Bool) throws(ProtocolError) -> Void
    ) {
        self.display = display
        name = display.makeGlobalName()
        self.interface = interface
        self.version = version
        self.isVisible = isVisible
        self.action = action
    }

    func bind(_ client: Client, _ version: UInt32, _ id: UInt32) throws(ProtocolError) {
        try action(client, version, id, isWithdrawn)
    }

    func withdraw() {
        guard !isWithdrawn else { return }
        isWithdrawn = true
        display?.tellRegistries(of: self) { $0.withdraw(self) }
    }
}
