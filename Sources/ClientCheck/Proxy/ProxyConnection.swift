import Glibc
import Pixels
import SharedMemory
import WaylandServer

/// A client's connection, and one to the compositor that stands for it: each message passes from one to the other, is
/// heard by the model, and may be held back. Others can be put in.
final class ProxyConnection {
    let model = ClientModel()
    let clientProcess: pid_t
    private unowned let run: SceneRun
    private let client: Descriptor
    private let server: Descriptor
    private var clientSource: EventLoop.Source?
    private var serverSource: EventLoop.Source?
    private var fromClient = MessageQueue()
    private var fromServer = MessageQueue()
    private var clientDescriptors = DescriptorList()
    private var serverDescriptors = DescriptorList()
    private let toClient = OutgoingQueue()
    private let toServer = OutgoingQueue()
    private var held: [HeldEvent] = []
    /// What was put in, and isn't the compositor's to know.
    private var injected = InjectedSerials()
    private var standIns: Set<UInt32> = []
    /// Whether a message couldn't be read; what follows goes on as it is.
    private var isLost = false
    private(set) var isOpen = true
    /// What judges this connection.
    var judgements: [Judgement] = []

    /// Bytes that a client may leave unread.
    private static let backlogLimit = 16 << 20
    /// Bytes for the compositor beyond which nothing more is read of the client.
    private static let requestLimit = 1 << 20
    /// So often is read from one end before others have their turn.
    private static let readsPerTurn = 4

    init(_ client: consuming Descriptor, _ server: consuming Descriptor, process: pid_t, run: SceneRun) {
        self.client = client
        self.server = server
        self.run = run
        clientProcess = process
    }

    func start(in loop: EventLoop) {
        clientSource = loop.watch(client.rawValue, for: .readable) { [weak self] in self?.clientIsReady($0) }
        serverSource = loop.watch(server.rawValue, for: .readable) { [weak self] in self?.serverIsReady($0) }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        clientSource?.remove()
        serverSource?.remove()
        shutdown(client.rawValue, CInt(SHUT_RDWR))
        shutdown(server.rawValue, CInt(SHUT_RDWR))
        for judgement in judgements { judgement.end() }
    }

    // MARK: Requests

    private func clientIsReady(_ readiness: EventLoop.Readiness) {
        var isOver = false
        do throws(SystemError) {
            for _ in 0..<Self.readsPerTurn where isOpen && toServer.size < Self.requestLimit {
                let bytes = try Self.receive(from: client, &clientDescriptors)
                if bytes.isEmpty {
                    isOver = true
                    break
                }
                fromClient.append(bytes)
                passRequests()
            }
        } catch {
            if error.errno != .wouldBlock { isOver = true }
        }
        flush()
        if isOver { close() }
    }

    private func passRequests() {
        while !isLost, let (header, bytes) = fromClient.next() {
            model.time = run.time
            guard let read = model.objects.read(header, bytes, isRequest: true) else {
                // The compositor says what is wrong with it.
                isLost = true
                toServer.append(bytes, with: take(all: &clientDescriptors))
                break
            }
            let count = read.wire.kinds.count { $0 == .descriptor }
            let parcel = Parcel(Array(bytes), take(count, from: &clientDescriptors))
            let message = Message(
                object: read.object,
                isRequest: true,
                wire: read.wire,
                opcode: header.opcode,
                values: read.values,
                newObject: model.objects.add(madeBy: read.wire, read.values, on: read.object),
                descriptors: parcel.numbers
            )
            model.hear(message)
            if read.wire.isDestructor { model.objects.end(read.object) }
            if let answer = injected.swallow(message) {
                if !answer.isEmpty { toServer.append(answer) }
            } else if run.scene.request(message, of: self) {
                toServer.append(run.outputs.translate(message) ?? parcel.bytes, with: parcel.takeDescriptors())
            }
        }
        if isLost { toServer.append(fromClient.takeRest(), with: take(all: &clientDescriptors)) }
    }

    // MARK: Events

    private func serverIsReady(_ readiness: EventLoop.Readiness) {
        var isOver = false
        do throws(SystemError) {
            for _ in 0..<Self.readsPerTurn where isOpen {
                let bytes = try Self.receive(from: server, &serverDescriptors)
                if bytes.isEmpty {
                    isOver = true
                    break
                }
                fromServer.append(bytes)
                passEvents()
            }
        } catch {
            if error.errno != .wouldBlock { isOver = true }
        }
        flush()
        if isOver { close() }
    }

    private func passEvents() {
        while let (header, bytes) = fromServer.next() {
            if standIns.contains(header.object) { continue }
            guard let read = model.objects.read(header, bytes, isRequest: false) else {
                // To an object that the client never made, as this end sees it.
                run.note("events of objects were dropped that the client didn't make, as far as is known")
                continue
            }
            let count = read.wire.kinds.count { $0 == .descriptor }
            let event = HeldEvent(
                message: Message(
                    object: read.object,
                    isRequest: false,
                    wire: read.wire,
                    opcode: header.opcode,
                    values: read.values,
                    newObject: nil,
                    descriptors: []
                ),
                parcel: Parcel(Array(bytes), take(count, from: &serverDescriptors))
            )
            pass(event)
        }
    }

    private func pass(_ event: HeldEvent) {
        let message = event.message
        if message.is("wl_registry", "global"), WireTable.interfaces[message.values[1].text ?? ""] == nil { return }
        // The number of an object whose event is held isn't free before that.
        if message.is("wl_display", "delete_id"), let index = held.lastIndex(where: { $0.about == message.id(0) }) {
            event.dueTime = held[index].dueTime
            held.append(event)
            return
        }
        switch run.scene.event(message, of: self) {
        case .now: deliver(event)
        case .never:
            event.dueTime = .infinity
            held.append(event)
        case .later(let seconds):
            event.dueTime = run.time + seconds
            held.append(event)
        }
    }

    /// Delivers what was held until now.
    func deliverHeld(all: Bool = false) {
        let due = held.filter { all || $0.dueTime <= run.time }
        guard !due.isEmpty else { return }
        held.removeAll { all || $0.dueTime <= run.time }
        for event in due { deliver(event) }
        flush()
    }

    private func deliver(_ event: HeldEvent) {
        let message = event.message
        guard !message.object.isDestroyed || event.isPrompt else { return }
        model.time = run.time
        let heard = Message(
            object: message.object,
            isRequest: false,
            wire: message.wire,
            opcode: message.opcode,
            values: message.values,
            newObject: model.objects.add(madeBy: message.wire, message.values, on: message.object),
            descriptors: event.parcel.numbers
        )
        injected.noteOfServer(heard)
        model.hear(heard)
        if message.is("wl_display", "delete_id") { model.objects.remove(message.id(0)) }
        if message.wire.isDestructor { model.objects.end(message.object) }
        toClient.append(run.outputs.translate(heard) ?? event.parcel.bytes, with: event.parcel.takeDescriptors())
    }

    /// Sends the client an event that the compositor knows nothing of, with the next ``flush()``: events that belong
    /// together come together.
    func inject(_ object: WireObject, _ name: String, _ values: [WireValue]) {
        guard isOpen, !object.isDestroyed, let opcode = object.interface.eventOpcode(name) else { return }
        let message = Message(
            object: object,
            isRequest: false,
            wire: object.interface.events[opcode],
            opcode: opcode,
            values: values,
            newObject: nil,
            descriptors: [],
            isInjected: true
        )
        model.time = run.time
        injected.note(message)
        model.hear(message)
        toClient.append(WireFormat.bytes(to: object.id, opcode: opcode, values))
    }

    /// Has an object be the check's own. The compositor has a wl_registry in its place, as numbers have to follow each
    /// other; the number isn't used again.
    func standIn(for object: WireObject) {
        guard let opcode = model.objects[1]?.interface.requestOpcode("get_registry") else { return }
        standIns.insert(object.id)
        toServer.append(WireFormat.bytes(to: 1, opcode: opcode, [.newObject(object.id)]))
    }

    /// Asks each xdg_wm_base whether the client is still there, once it has shown something.
    func ping() {
        guard model.surfaces.values.contains(where: { $0.buffer != nil }) else { return }
        let bases = model.objects.all.filter { $0.interface.name == "xdg_wm_base" }
        for base in bases { inject(base, "ping", [.uint(makeSerial())]) }
    }

    /// Ends the client as a compositor without memory does.
    func refuseMemory() {
        guard let display = model.objects[1] else { return }
        // wl_display.error.no_memory
        inject(display, "error", [.object(1), .uint(2), .string("no memory")])
        flush()
        close()
    }

    /// Asks a window to take another size and state; 0 leaves a size to the client.
    func configure(_ shell: ShellRecord, width: Int, height: Int, states: [UInt32]) {
        guard let toplevel = shell.toplevel, !shell.object.isDestroyed else { return }
        let size = width > 0 ? shell.allowed(Size(width: width, height: height)) : Size(width: 0, height: 0)
        let words = states.flatMap { state in (0..<4).map { UInt8(truncatingIfNeeded: state >> (8 * $0)) } }
        inject(toplevel, "configure", [.int(Int32(size.width)), .int(Int32(size.height)), .array(words)])
        inject(shell.object, "configure", [.uint(makeSerial())])
    }

    /// A serial that no compositor gives out.
    func makeSerial() -> UInt32 { injected.next() }

    // MARK: Sockets

    private static func receive(
        from socket: borrowing Descriptor,
        _ descriptors: inout DescriptorList
    ) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        let count = try socket.receiveAvailable(into: &raw, descriptors: &descriptors)
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    func flush() {
        guard isOpen else { return }
        let isAlive = toServer.flush(to: server) && toClient.flush(to: client)
        if !isAlive || toClient.size > Self.backlogLimit { return close() }
        var awaited: EventLoop.Readiness = toServer.size < Self.requestLimit ? .readable : []
        if !toClient.isEmpty { awaited.insert(.writable) }
        clientSource?.update(awaited)
        serverSource?.update(toServer.isEmpty ? .readable : [.readable, .writable])
    }

    private func take(_ count: Int, from list: inout DescriptorList) -> DescriptorList? {
        guard count > 0 else { return nil }
        var result = DescriptorList()
        for _ in 0..<count {
            if let descriptor = list.takeFirst() { result.append(descriptor) }
        }
        return result
    }

    private func take(all list: inout DescriptorList) -> DescriptorList? { take(list.count, from: &list) }
}

/// A message's bytes and descriptors on their way.
private final class Parcel {
    let bytes: [UInt8]
    private var descriptors: DescriptorList?

    init(_ bytes: [UInt8], _ descriptors: consuming DescriptorList?) {
        self.bytes = bytes
        self.descriptors = descriptors
    }

    /// Valid while the parcel has them.
    var numbers: [CInt] { descriptors?.rawValues ?? [] }

    func takeDescriptors() -> DescriptorList? { descriptors.take() }
}

/// An event on its way to the client.
private final class HeldEvent {
    let message: Message
    let parcel: Parcel
    var dueTime = 0.0

    init(message: Message, parcel: Parcel) {
        self.message = message
        self.parcel = parcel
    }

    /// The object that it is about: the one whose number it frees, for wl_display.delete_id.
    var about: UInt32 { message.is("wl_display", "delete_id") ? message.id(0) : message.object.id }

    /// Whether it is delivered although the client has ended its object, as compositors do that don't know yet.
    var isPrompt: Bool { dueTime == 0 }
}
