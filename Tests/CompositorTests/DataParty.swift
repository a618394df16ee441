@testable import Compositor
import Glibc
import Pixels
import SharedMemory
import WaylandClient
import WaylandWire

/// A client with a window, which copies and pastes, drags, and takes what is dropped on it; and all that it hears.
final class DataParty {
    let fixture: Fixture
    let client: TestClient
    let window: TestWindow
    let manager: WlDataDeviceManager
    let device: WlDataDevice
    /// Of the last key or button that it was told of, or of a finger.
    var serial: UInt32 = 0
    var heard: [String] = []
    /// What was offered last: the types of each offer.
    var types: [ObjectIdentifier: [String]] = [:]
    /// The clipboard's offer.
    var selection: WlDataOffer?
    /// Of what is dragged over it, or was dropped on it.
    var dragged: WlDataOffer?
    /// What it writes where its sources are asked for data, after the type; nil leaves the descriptor alone.
    var text: String? = "text"

    init(_ fixture: Fixture, at x: Int, _ y: Int, version: UInt32 = 3) {
        self.fixture = fixture
        client = fixture.connect()
        manager = client.bind(WlDataDeviceManager.self, version: version)
        let window = TestWindow(client)
        self.window = window
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        let node = fixture.compositor.scene.nodes.last { $0 is Window } as! Window
        fixture.compositor.windows.move(node, to: Point(x: x, y: y))
        device = manager.getDataDevice(seat: client.seat)
        listen(to: device)
        client.seat.getKeyboard().onKey = { [unowned self] serial, _, _, _ in self.serial = serial }
        let pointer = client.seat.getPointer()
        pointer.onButton = { [unowned self] serial, _, _, _ in self.serial = serial }
        pointer.onEnter = { [unowned self] _, _, _, _ in heard.append("pointer") }
        client.seat.getTouch().onDown = { [unowned self] serial, _, _, _, _, _ in self.serial = serial }
        fixture.nextFrame()
    }

    func listen(to device: WlDataDevice, _ name: String = "") {
        device.onDataOffer = { [unowned self] offer in
            types[ObjectIdentifier(offer)] = []
            offer.onOffer = { [unowned self, unowned offer] in types[ObjectIdentifier(offer)]?.append($0) }
            offer.onSourceActions = { [unowned self] in heard.append("source actions \($0.rawValue)") }
            offer.onAction = { [unowned self] in heard.append("action \($0.rawValue)") }
        }
        device.onSelection = { [unowned self] offer in
            selection?.destroy()
            selection = offer
            heard.append("\(name)selection \(types(of: offer))")
        }
        device.onEnter = { [unowned self] _, surface, x, y, offer in
            dragged = offer
            heard.append("\(name)enter \(x) \(y) \(types(of: offer))")
            if surface !== window.surface { heard.append("which isn't its window") }
        }
        device.onMotion = { [unowned self] _, x, y in heard.append("\(name)motion \(x) \(y)") }
        device.onLeave = { [unowned self] in
            heard.append("\(name)leave")
            dragged?.destroy()
            dragged = nil
        }
        device.onDrop = { [unowned self] in heard.append("\(name)drop") }
    }

    private func types(of offer: WlDataOffer?) -> String {
        offer.flatMap { types[ObjectIdentifier($0)]?.joined(separator: " ") } ?? "nothing"
    }

    /// A source with types, and actions if it is to be dragged.
    @discardableResult
    func source(_ types: String..., actions: WlDataDeviceManager.DndAction? = nil) -> WlDataSource {
        let source = manager.createDataSource()
        for type in types { source.offer(mimeType: type) }
        if let actions { source.setActions(dndActions: actions) }
        source.onSend = { [unowned self] type, descriptor in
            heard.append("send \(type)")
            if let text { TestPipe.write("\(type): \(text)", to: descriptor) }
        }
        source.onTarget = { [unowned self] in heard.append("target \($0 ?? "nothing")") }
        source.onAction = { [unowned self] in heard.append("source's action \($0.rawValue)") }
        source.onCancelled = { [unowned self] in heard.append("cancelled") }
        source.onDndDropPerformed = { [unowned self] in heard.append("dropped") }
        source.onDndFinished = { [unowned self] in heard.append("finished") }
        return source
    }

    /// What it heard since the last time.
    func take() -> [String] {
        client.roundTrip()
        defer { heard = [] }
        return heard
    }

    /// Waits until all that it asked for is done, however much that is.
    func catchUp() {
        for _ in 0..<200 { if client.roundTrip() { return } }
    }

    /// Asks an offer for data; nil while the other end is still open somewhere.
    func read(_ offer: WlDataOffer?, _ type: String) -> String? {
        let pipe = TestPipe()
        pipe.pass { offer?.receive(mimeType: type, fd: $0) }
        client.roundTrip()
        fixture.pump()
        Disposal.drain()
        return pipe.read()
    }
}

/// A pipe that data goes through.
final class TestPipe {
    private let reader: Descriptor
    private var writer: Descriptor?

    init() {
        var ends: [CInt] = [-1, -1]
        precondition(unsafe pipe(&ends) == 0)
        reader = Descriptor(owning: ends[0])
        writer = Descriptor(owning: ends[1])
        try! reader.setNonBlocking()
    }

    /// Passes the writing end on, and closes its own.
    func pass(_ body: (borrowing Descriptor) -> Void) {
        body(writer!)
        writer = nil
    }

    /// All that was written; nil while somebody could write more.
    func read() -> String? {
        var result: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = unsafe Glibc.read(reader.rawValue, &part, part.count)
            if count == 0 { return String(decoding: result, as: UTF8.self) }
            if count < 0 { return nil }
            result += part[..<count]
        }
    }

    static func write(_ text: String, to descriptor: borrowing Descriptor) {
        let bytes = Array(text.utf8)
        let count = unsafe Glibc.write(descriptor.rawValue, bytes, bytes.count)
        precondition(count == bytes.count)
    }
}
