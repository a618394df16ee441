import Conformance
import SharedMemory
import TestProtocolServer
import TestSupport
import WaylandServer
import WaylandWire

/// A server that announces test_v1, and a client of it that speaks in bytes.
final class RawPeer {
    let display: Display
    let client: Client
    /// The client's end.
    private(set) var socket: RawSocket?
    /// How many descriptors each message that came had with it, where there were any.
    private(set) var descriptorCounts: [Int] = []

    /// The client's first objects.
    static let (registry, test): (UInt32, UInt32) = (2, 3)

    init(on display: Display) {
        self.display = display
        var ends: (Client, CInt)?
        SocketPair().take { server, client in
            ends = (display.connect(server)!, client.relinquish())
        }
        client = ends!.0
        socket = RawSocket(Descriptor(owning: ends!.1))
    }

    /// wl_display.get_registry, and wl_registry.bind of the only global.
    static var beginning: [UInt32] {
        RawRequest.words(1, 1, [registry])
            + RawRequest.words(registry, 0, [1] + RawRequest.text("test_v1") + [3, test])
    }

    /// Sends words, with descriptors; false where the socket takes no more or is closed.
    @discardableResult
    func send(_ words: [UInt32], with descriptors: borrowing DescriptorList = DescriptorList()) -> Bool {
        socket!.send(words, with: descriptors)
    }

    func send(bytes: [UInt8]) { socket!.send(bytes: bytes) }

    /// One round of the server's.
    func round() {
        display.loop.dispatch(timeout: 0)
        display.flushClients()
    }

    /// Some rounds: a turn may end early where this process has to wait for a CPU.
    func turn() {
        for _ in 0..<5 { round() }
    }

    /// Takes in everything that has come, and closes the descriptors; false once the connection is closed or broken.
    @discardableResult
    func receive() -> Bool {
        let isOpen = socket!.receive()
        descriptorCounts = socket!.descriptorCounts
        socket!.descriptors = DescriptorList()
        return isOpen
    }

    /// The whole events that have come and weren't taken.
    func takeEvents() -> [RawEvent] {
        receive()
        return socket!.takeEvents()
    }

    func close() { socket = nil }
}

/// A descriptor that optionals can hold.
final class OwnedSocket {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// Answers what is asked of a test_v1 by noting it, and by what the test wants.
final class Recorder: TestV1.Requests {
    var heard: [String] = []
    var bound: [TestV1] = []
    var children: [TestChildV1] = []
    var onRepeat: ((TestV1) throws(ProtocolError) -> Void)?

    /// A display with the global.
    func makeDisplay() -> Display {
        let display = Display()
        Global<TestV1>(on: display) { [unowned self] resource in
            resource.handler = self
            bound.append(resource)
        }
        return display
    }

    func takeNumbers(
        _ resource: TestV1,
        int: Int32,
        uint: UInt32,
        fixed: Fixed,
        mode: TestV1.Mode,
        flags: TestV1.Flags
    ) { heard.append("numbers \(int)") }

    func takeTexts(_ resource: TestV1, text: String, `default`: String?, array: WireArray) {
        heard.append("texts \(text.utf8.count) \(array.bytes.count)")
    }

    func takeObjects(_ resource: TestV1, child: TestChildV1, other: TestChildV1?) { heard.append("objects") }

    func takeDescriptors(
        _ resource: TestV1,
        first: consuming Descriptor,
        tag: UInt32,
        second: consuming Descriptor
    ) { heard.append("descriptors \(tag)") }

    func makeChild(_ resource: TestV1, tag: UInt32, id: TestChildV1) {
        heard.append("child \(tag)")
        children.append(id)
    }

    func `repeat`(_ resource: TestV1) throws(ProtocolError) {
        heard.append("repeat")
        try onRepeat?(resource)
    }

    func newer(_ resource: TestV1, first: consuming Descriptor) { heard.append("newer") }

    func destroyed(_ resource: TestV1) { heard.append("destroyed") }
}
