internal import Glibc
package import SharedMemory

/// A client that speaks bytes: it counts its own objects, and knows of each which interface it is of, so that it can
/// tell what an error is about. Nothing it waits for is waited for without end.
package final class RawClient {
    /// How the server took what it was sent.
    package enum Answer: Equatable, Sendable {
        /// It goes on.
        case served
        /// A protocol error.
        case error(interface: String, code: UInt32, text: String)
        /// The connection is over, without an error.
        case closed
        /// Nothing came for a time.
        case silence
    }

    /// The connection.
    package let socket: RawSocket
    /// Which interface each object is of.
    package private(set) var interfaces: [UInt32: String] = [1: "wl_display"]
    private var nextID: UInt32 = 2
    /// What came and wasn't looked for yet.
    package private(set) var events: [RawEvent] = []
    /// The error that ended it, or that it is over.
    private(set) var ending: Answer?
    private var finished: Set<UInt32> = []
    private var bound: [String: UInt32] = [:]
    /// Each interface's global: its name's number, and its version.
    private var globals: [String: (name: UInt32, version: UInt32)]?
    /// wl_registry.
    package private(set) var registry: UInt32 = 0

    /// How long an answer may take, in milliseconds.
    package let patience: Int

    /// Connects to the socket at a path.
    package init(path: String, patience: Int) throws {
        socket = try RawSocket(path: path, patience: patience)
        self.patience = patience
    }

    /// The next free number for an object, which becomes one of this interface. Numbers have to be used in this order.
    package func newObject(_ interface: String) -> UInt32 {
        defer { nextID += 1 }
        interfaces[nextID] = interface
        return nextID
    }

    /// Sends a request. Where the socket is full, waits for room, but not for long.
    @discardableResult
    package func send(_ object: UInt32, _ opcode: UInt32, _ arguments: [UInt32] = []) -> Bool {
        send(words: RawRequest.words(object, opcode, arguments))
    }

    /// Sends words as they are.
    @discardableResult
    package func send(words: [UInt32]) -> Bool {
        var bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }[...]
        for _ in 0..<8 where !bytes.isEmpty && ending == nil {
            let count = socket.send(bytes: Array(bytes))
            if count > 0 {
                bytes = bytes.dropFirst(count)
                continue
            }
            // A server may wait for this end to read.
            takeIn()
            _ = socket.waitForRoom(milliseconds: 500)
        }
        return bytes.isEmpty
    }

    /// Sends a request with a descriptor, of which the caller keeps its own.
    package func send(
        _ object: UInt32,
        _ opcode: UInt32,
        _ arguments: [UInt32],
        with descriptor: borrowing Descriptor
    ) throws {
        var list = DescriptorList()
        list.append(try descriptor.duplicate())
        _ = socket.send(RawRequest.words(object, opcode, arguments), with: list)
    }

    /// Takes in what has come.
    package func takeIn() {
        let isOpen = socket.receive()
        for event in socket.takeEvents() { take(event) }
        if !isOpen, ending == nil { ending = .closed }
    }

    private func take(_ event: RawEvent) {
        switch (interfaces[event.object], event.opcode) {
        case ("wl_display", 0) where event.words.count >= 3:
            let interface = interfaces[event.words[0]] ?? "object \(event.words[0])"
            if ending == nil {
                ending = .error(interface: interface, code: event.words[1], text: event.text(at: 2))
            }
            return
        case ("wl_callback", 0): finished.insert(event.object)
        case ("xdg_wm_base", 0):
            // Where the connection is over, an error may still come.
            socket.send(RawRequest.words(event.object, 3, event.words))
        default: break
        }
        // Nobody looks for one among so many.
        if events.count < Self.eventLimit { events.append(event) }
    }

    private static let eventLimit = 500_000

    /// Waits until a condition holds, and looks at it whenever something has come; false where the time or the
    /// connection ends first.
    package func wait(milliseconds: Int? = nil, until condition: () -> Bool) -> Bool {
        let end = Moment.now + Moment.milliseconds(milliseconds ?? patience)
        while true {
            takeIn()
            if condition() { return true }
            let rest = end - Moment.now
            if ending != nil || rest <= 0 { return false }
            _ = socket.waitForInput(milliseconds: Int32(min(rest / 1_000_000 + 1, 100)))
        }
    }

    /// Waits for a while, and takes in what comes.
    package func linger(milliseconds: Int) { _ = wait(milliseconds: milliseconds) { false } }

    /// Asks for an answer after all that was sent, and waits for it.
    package func answer(milliseconds: Int? = nil) -> Answer {
        let callback = newObject("wl_callback")
        send(1, 0, [callback])
        let isAnswered = wait(milliseconds: milliseconds) { finished.contains(callback) }
        return isAnswered ? .served : ending ?? .silence
    }

    /// Whether a callback was called.
    package func isDone(_ callback: UInt32) -> Bool { finished.contains(callback) }

    /// The events of one kind that have come to an object.
    package func events(of object: UInt32, _ opcode: UInt32) -> [RawEvent] {
        events.filter { $0.object == object && $0.opcode == opcode }
    }

    /// Forgets what came.
    package func forgetEvents() { events = [] }

    /// The version of a global, 0 where there is none. Asks for the list when it is first wanted.
    package func version(of interface: String) throws -> UInt32 {
        try list()[interface]?.version ?? 0
    }

    private func list() throws -> [String: (name: UInt32, version: UInt32)] {
        if let globals { return globals }
        registry = newObject("wl_registry")
        send(1, 1, [registry])
        let answer = answer()
        guard answer == .served else { throw Unmet("the server doesn't tell its globals: \(answer.description)") }
        var found: [String: (name: UInt32, version: UInt32)] = [:]
        for event in events(of: registry, 0) where event.words.count > 2 && found[event.text(at: 1)] == nil {
            found[event.text(at: 1)] = (event.words[0], event.words.last!)
        }
        globals = found
        return found
    }

    /// The number that stands for a global in wl_registry.bind. Skips the case where there is none, or none as new.
    package func globalName(_ interface: String, atLeast version: UInt32 = 1) throws -> UInt32 {
        guard let global = try list()[interface] else { throw Skipped("the server has no \(interface)") }
        guard global.version >= version else {
            throw Skipped("the server's \(interface) is of version \(global.version), and \(version) is wanted")
        }
        return global.name
    }

    /// Binds a global, as `version` or the server's own where that is older.
    package func bind(_ interface: String, version: UInt32 = 1, atLeast: UInt32 = 1) throws -> UInt32 {
        let name = try globalName(interface, atLeast: atLeast)
        let object = newObject(interface)
        let chosen = min(version, try self.version(of: interface))
        send(registry, 0, [name] + RawRequest.text(interface) + [chosen, object])
        return object
    }
}

extension RawClient {
    /// A global that is bound when it is first wanted.
    package func bindOnce(_ interface: String, version: UInt32 = 1) throws -> UInt32 {
        if let object = bound[interface] { return object }
        let object = try bind(interface, version: version)
        bound[interface] = object
        return object
    }
}

extension RawClient.Answer {
    var description: String {
        switch self {
        case .served: "the requests were taken"
        case .error(let interface, let code, let text): "error \(code) on \(interface) (\(text))"
        case .closed: "the connection was closed without an error"
        case .silence: "no answer came"
        }
    }
}

/// The monotonic clock, in nanoseconds.
package enum Moment {
    package static var now: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    package static func milliseconds(_ count: Int) -> Int64 { Int64(count) * 1_000_000 }
}

extension RawClient {
    /// Whether the connection goes on, as far as is known.
    package var isOpen: Bool { ending == nil }

    /// Waits for a frame callback or for a buffer's release: one of them comes where the buffer is shown.
    package func awaitFrame(_ frame: UInt32, or buffer: UInt32) throws {
        guard wait(until: { isDone(frame) || !events(of: buffer, 0).isEmpty }) else {
            throw Unmet("neither the frame nor the buffer's release came: \(answer().description)")
        }
    }
}
