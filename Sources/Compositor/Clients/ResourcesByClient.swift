internal import WaylandServer

/// Objects of one kind, found by the client that they belong to, however many others there are.
struct ResourcesByClient<Object: Resource> {
    private var objects: [ObjectIdentifier: OrderedDictionary<ObjectIdentifier, Object>] = [:]

    mutating func insert(_ object: Object) {
        objects[ObjectIdentifier(object.client), default: OrderedDictionary()][ObjectIdentifier(object)] = object
    }

    mutating func remove(_ object: Object) {
        let client = ObjectIdentifier(object.client)
        objects[client]?[ObjectIdentifier(object)] = nil
        if objects[client]?.isEmpty == true { objects[client] = nil }
    }

    /// The object of a client's that was inserted first.
    func first(of client: Client) -> Object? { objects[ObjectIdentifier(client)]?.first }

    /// Those of a client's objects that hear of events: the oldest few. Each of them is told of each event, and nobody
    /// needs more.
    func hearing(of client: Client) -> some Sequence<Object> { self[client].prefix(Self.hearingLimit) }

    /// Whether it is one of those.
    func hears(_ object: Object) -> Bool { hearing(of: object.client).contains { $0 === object } }

    private static var hearingLimit: Int { 32 }

    /// A client's objects, in the order in which they were inserted.
    subscript(client: Client) -> some Collection<Object> {
        (objects[ObjectIdentifier(client)] ?? OrderedDictionary()).values
    }
}
