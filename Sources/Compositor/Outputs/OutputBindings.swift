internal import WaylandServer

/// The wl_output objects that clients have made for one output, and which of them hear of surfaces.
///
/// A client has use for one such object, and one for each of its toolkits. Each that hears of enter and leave costs an
/// event for each surface, so only the oldest few of one client's do; when one of these goes, the next moves up.
struct OutputBindings {
    /// How many of one client's objects hear of surfaces that enter and leave, and are named by
    /// wp_presentation_feedback.sync_output.
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// By client, oldest first.
    private var hearing: [ObjectIdentifier: [WlOutput]] = [:]
    private var others = ResourcesByClient<WlOutput>()

    /// Adds an object; whether it hears.
    mutating func insert(_ resource: WlOutput) -> Bool {
        let client = ObjectIdentifier(resource.client)
        guard hearing[client]?.count ?? 0 < limit else {
            others.insert(resource)
            return false
        }
        hearing[client, default: []].append(resource)
        return true
    }

    /// Removes an object; the one that hears in its place, if there is one.
    mutating func remove(_ resource: WlOutput) -> WlOutput? {
        let client = ObjectIdentifier(resource.client)
        guard let index = hearing[client]?.firstIndex(where: { $0 === resource }) else {
            others.remove(resource)
            return nil
        }
        hearing[client]?.remove(at: index)
        if let next = others.first(of: resource.client) {
            others.remove(next)
            hearing[client]?.append(next)
            return next
        }
        if hearing[client]?.isEmpty == true { hearing[client] = nil }
        return nil
    }

    /// A client's objects that hear, oldest first.
    subscript(client: Client) -> [WlOutput] { hearing[ObjectIdentifier(client)] ?? [] }
}
