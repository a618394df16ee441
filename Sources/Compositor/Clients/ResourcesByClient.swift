internal import WaylandServer

/// Objects of one kind, found by the client that they belong to, however many others there are.
struct ResourcesByClient<Object: Resource> {
    private var objects: [ObjectIdentifier: [ObjectIdentifier: Object]] = [:]

    mutating func insert(_ object: Object) {
        objects[ObjectIdentifier(object.client), default: [:]][ObjectIdentifier(object)] = object
    }

    mutating func remove(_ object: Object) {
        let client = ObjectIdentifier(object.client)
        objects[client]?[ObjectIdentifier(object)] = nil
        if objects[client]?.isEmpty == true { objects[client] = nil }
    }

    /// A client's objects, in no order.
    subscript(client: Client) -> some Collection<Object> { (objects[ObjectIdentifier(client)] ?? [:]).values }
}
