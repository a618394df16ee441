import SharedMemory
import TestProtocolClient
import TestProtocolServer
import TestSupport
import WaylandClient
import WaylandServer
import WaylandWire

/// A server that announces test_v1, and one client of it, over a socket pair in one thread.
final class Fixture {
    let display = Display()
    let connection: Connection
    let handler = TestHandler()
    let serverClient: WaylandServer.Client
    private(set) var global: WaylandServer.Global<TestProtocolServer.TestV1>!

    init(isVisible: @escaping (WaylandServer.Client) -> Bool = { _ in true }) {
        ServerLog.setHandler { _ in }
        ClientLog.setHandler { _ in }
        var ends: (WaylandServer.Client, Connection)?
        let display = display
        SocketPair().take { server, client in
            ends = (display.connect(server)!, try! Connection(over: client))
        }
        (serverClient, connection) = ends!
        let handler = handler
        global = WaylandServer.Global(on: display, isVisible: isVisible) { resource in
            resource.handler = handler
            handler.bound = resource
        }
    }

    /// Carries everything that was sent to where it belongs, both ways.
    func pump() {
        for _ in 0..<3 {
            connection.flush()
            display.loop.dispatch(timeout: 0)
            display.flushClients()
            try? connection.dispatchAvailable()
        }
    }

    /// The names of the globals that the client sees.
    func globals() -> [String: UInt32] {
        var found: [String: UInt32] = [:]
        let registry = connection.registry()
        registry.onGlobal = { name, interface, _ in found[interface] = name }
        pump()
        registry.destroyLocally()
        return found
    }

    /// The client's test_v1, bound at `version`, and the server's end of it.
    func bind(version: UInt32 = 3) -> (TestProtocolClient.TestV1, TestProtocolServer.TestV1) {
        let name = globals()["test_v1"]!
        let registry = connection.registry()
        let object = registry.bind(name: name, as: TestProtocolClient.TestV1.self, version: version)
        pump()
        registry.destroyLocally()
        return (object, handler.bound!)
    }
}

/// Writes down what it is asked, and lets tests answer.
final class TestHandler: TestProtocolServer.TestV1.Requests {
    typealias Resource = TestProtocolServer.TestV1

    weak var bound: Resource?
    var heard: [String] = []
    var sizes: [Int64] = []
    var children: [TestProtocolServer.TestChildV1] = []
    /// What the next request fails with.
    var failure: ProtocolError?
    /// What the next request does besides.
    var action: ((Resource) -> Void)?

    private func note(_ text: String, _ resource: Resource) throws(ProtocolError) {
        heard.append(text)
        if let action { action(resource) }
        action = nil
        if let failure { throw failure }
    }

    func destroy(_ resource: Resource) throws(ProtocolError) { try note("destroy", resource) }

    func takeNumbers(
        _ resource: Resource,
        int: Int32,
        uint: UInt32,
        fixed: Fixed,
        mode: Resource.Mode,
        flags: Resource.Flags
    ) throws(ProtocolError) {
        try note("\(int) \(uint) \(fixed) \(mode) \(flags.rawValue)", resource)
        resource.sendNumbers(int: int, uint: uint, fixed: fixed, mode: mode, flags: flags)
    }

    func takeTexts(
        _ resource: Resource,
        text: String,
        `default`: String?,
        array: WireArray
    ) throws(ProtocolError) {
        try note("\(text) \(`default` ?? "null") \(array.elements(as: UInt32.self))", resource)
        resource.sendTexts(text: text, default: `default`, array: array)
    }

    func takeObjects(
        _ resource: Resource,
        child: TestProtocolServer.TestChildV1,
        other: TestProtocolServer.TestChildV1?
    ) throws(ProtocolError) {
        try note("objects \(child.id) \(other?.id ?? 0)", resource)
        resource.sendObjects(child: child, other: other)
    }

    func takeDescriptors(
        _ resource: Resource,
        first: consuming Descriptor,
        tag: UInt32,
        second: consuming Descriptor
    ) throws(ProtocolError) {
        let facts = (try? DescriptorFacts.read(first), try? DescriptorFacts.read(second))
        sizes = [facts.0?.size ?? -1, facts.1?.size ?? -1]
        try note("descriptors \(tag)", resource)
        resource.sendDescriptors(first: first, tag: tag, second: second)
    }

    func makeChild(
        _ resource: Resource,
        tag: UInt32,
        id: TestProtocolServer.TestChildV1
    ) throws(ProtocolError) {
        try note("child \(tag)", resource)
        children.append(id)
    }

    func `repeat`(_ resource: Resource) throws(ProtocolError) {
        try note("repeat", resource)
        resource.sendRepeat()
    }

    func newer(_ resource: Resource, first: consuming Descriptor) throws(ProtocolError) { try note("newer", resource) }

    func destroyed(_ resource: Resource) { heard.append("destroyed") }
}
