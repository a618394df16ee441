/// The serials of events that the compositor knows nothing of, and what becomes of the client's answers.
///
/// An ack_configure of such a serial answers all configures before it, also those of the compositor, which is told of
/// the last of these.
struct InjectedSerials {
    /// Far from what a compositor counts up to in a scene.
    private static let first: UInt32 = 0xe000_0000
    private var last = first
    private var mine: Set<UInt32> = []
    /// The serials of each xdg_surface that wait for an answer, oldest first.
    private var configures: [UInt32: [UInt32]] = [:]

    mutating func next() -> UInt32 {
        last += 1
        return last
    }

    /// An event that was put in.
    mutating func note(_ event: Message) {
        guard event.is("xdg_surface", "configure") || event.is("xdg_wm_base", "ping") else { return }
        mine.insert(event.id(0))
        if event.name == "configure" { configures[event.object.id, default: []].append(event.id(0)) }
    }

    /// An event of the compositor.
    mutating func noteOfServer(_ event: Message) {
        if event.is("xdg_surface", "configure") { configures[event.object.id, default: []].append(event.id(0)) }
        if event.is("wl_display", "delete_id") { configures[event.id(0)] = nil }
    }

    /// What the compositor is told instead of an answer to something put in; nil for all other requests.
    mutating func swallow(_ request: Message) -> [UInt8]? {
        if request.is("xdg_wm_base", "pong") { return mine.remove(request.id(0)) == nil ? nil : [] }
        guard request.is("xdg_surface", "ack_configure") else { return nil }
        let waiting = configures[request.object.id] ?? []
        guard let index = waiting.firstIndex(of: request.id(0)) else { return nil }
        configures[request.object.id] = Array(waiting[(index + 1)...])
        guard mine.remove(request.id(0)) != nil else { return nil }
        guard let real = waiting[..<index].last(where: { !mine.contains($0) }) else { return [] }
        return WireFormat.bytes(to: request.object.id, opcode: request.opcode, [.uint(real)])
    }
}
