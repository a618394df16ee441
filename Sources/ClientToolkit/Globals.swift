public import WaylandClient
internal import WaylandWire

/// A connection to a compositor, with what a sample client needs of it bound.
public final class Globals {
    /// What is missing at the other end.
    public struct Missing: Error, CustomStringConvertible {
        /// The interface's name.
        public let interface: String
        /// A sentence.
        public var description: String { "the compositor has no \(interface)" }
    }

    /// The connection that everything is bound on.
    public let connection: Connection
    /// Makes surfaces.
    public let compositor: WlCompositor
    /// Takes shared memory.
    public let shm: WlShm
    /// Takes shared memory too, and says why where it doesn't; nil where the compositor has no such thing.
    public private(set) lazy var sealedBuffers = SealedBuffers(self)
    /// Makes windows.
    public let wmBase: XdgWmBase
    /// All that the compositor offers: name, interface and version of each global.
    public let offered: [(name: UInt32, interface: String, version: UInt32)]
    /// The list it came from, for binding more.
    public let registry: WlRegistry

    /// Binds the globals, waiting for the compositor to list them.
    public init(_ connection: Connection) throws {
        self.connection = connection
        let registry = connection.registry()
        var offered: [(name: UInt32, interface: String, version: UInt32)] = []
        registry.onGlobal = { offered.append(($0, $1, $2)) }
        try connection.roundTrip()
        self.offered = offered
        self.registry = registry
        compositor = try Self.bind(WlCompositor.self, from: registry, offered, upTo: 4)
        shm = try Self.bind(WlShm.self, from: registry, offered, upTo: 1)
        wmBase = try Self.bind(XdgWmBase.self, from: registry, offered, upTo: 2)
        wmBase.onPing = { [unowned wmBase] serial in wmBase.pong(serial: serial) }
    }

    /// Binds another global, at the version that both sides know and `version` at most.
    public func bind<Global: Proxy>(_ type: Global.Type, upTo version: UInt32) throws -> Global {
        try Self.bind(type, from: registry, offered, upTo: version)
    }

    private static func bind<Global: Proxy>(
        _ type: Global.Type,
        from registry: WlRegistry,
        _ offered: [(name: UInt32, interface: String, version: UInt32)],
        upTo version: UInt32
    ) throws -> Global {
        guard let global = offered.first(where: { $0.interface == type.interface.name }) else {
            throw Missing(interface: type.interface.name)
        }
        return registry.bind(name: global.name, as: type, version: min(global.version, version))
    }
}
