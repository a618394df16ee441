@testable import Compositor
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// The clipboard.
@Suite(.serialized) struct SelectionTests {
    private let fixture: Fixture
    private let one: DataParty
    private let two: DataParty

    private static let a: UInt32 = 30
    private static let left: UInt32 = 0x110

    /// The second of them has the keyboard.
    init() throws {
        let keymap = try Keymap()
        fixture = Fixture { $0.keymap = keymap }
        one = DataParty(fixture, at: 10, 10)
        two = DataParty(fixture, at: 60, 10)
        _ = (one.take(), two.take())
    }

    private func send(_ events: InputEvent...) {
        for event in events { fixture.compositor.send(event) }
        fixture.nextFrame()
    }

    /// Presses a key, for whoever has the keyboard.
    private func type() { send(.key(Self.a, isPressed: true), .key(Self.a, isPressed: false)) }

    /// Gives the keyboard to a window.
    private func press(_ party: DataParty) {
        let x: Double = party === one ? 15 : 65
        send(
            .pointerMotion(to: Position(x: x, y: 15)),
            .pointerButton(Self.left, isPressed: true),
            .pointerButton(Self.left, isPressed: false)
        )
    }

    private func copy(_ party: DataParty, _ types: String...) -> WlDataSource {
        type()
        let source = party.source()
        for type in types { source.offer(mimeType: type) }
        party.device.setSelection(source: source, serial: party.serial)
        party.client.roundTrip()
        return source
    }

    @Test func `what one client copies another one pastes`() {
        _ = copy(two, "text/plain", "text/html", "text/plain")
        #expect(two.take() == ["selection text/plain text/html"])
        #expect(one.take().isEmpty, "it hasn't got the keyboard")
        press(one)
        #expect(one.take() == ["pointer", "selection text/plain text/html"])
        #expect(one.read(one.selection, "text/html") == "text/html: text")
        #expect(one.read(one.selection, "text/plain") == "text/plain: text")
        #expect(two.take() == ["send text/html", "send text/plain"])
        // To oneself.
        press(two)
        _ = two.take()
        #expect(two.read(two.selection, "text/plain") == "text/plain: text")
        // What isn't offered isn't asked for.
        #expect(two.read(two.selection, "image/png") == "")
        #expect(two.take() == ["send text/plain"])
        #expect(one.client.error == nil && two.client.error == nil)
    }

    @Test func `the offer comes before the keyboard`() {
        let keyboard = one.client.seat.getKeyboard()
        keyboard.onEnter = { [unowned one] _, _, _ in one.heard.append("keyboard") }
        keyboard.onLeave = { [unowned one] _, _ in one.heard.append("no keyboard") }
        one.client.roundTrip()
        _ = copy(two, "a")
        press(one)
        #expect(one.take() == ["pointer", "selection a", "keyboard"])
        press(two)
        #expect(one.take() == ["no keyboard"])
    }

    @Test func `a device that comes late hears of it, and all of them do`() {
        _ = copy(two, "a")
        _ = two.take()
        let late = two.manager.getDataDevice(seat: two.client.seat)
        // Each has an offer of its own.
        two.selection = nil
        two.listen(to: late, "late ")
        #expect(two.take() == ["late selection a"])
        #expect(two.read(two.selection, "a") == "a: text")
        _ = two.take()
        two.selection = nil
        type()
        two.device.setSelection(source: nil, serial: two.serial)
        #expect(two.take() == ["cancelled", "selection nothing", "late selection nothing"])
        late.release()
        _ = copy(two, "b")
        #expect(two.take() == ["selection b"])
        // Who hasn't the keyboard hears nothing.
        one.listen(to: one.manager.getDataDevice(seat: one.client.seat), "late ")
        #expect(one.take().isEmpty)
    }

    @Test func `only who has the keyboard copies, because of what it was told itself, and nothing old`() {
        let first = copy(two, "first")
        let old = two.serial
        type()
        let newer = two.source("newer")
        two.device.setSelection(source: newer, serial: two.serial)
        #expect(two.take() == ["selection first", "cancelled", "selection newer"])
        first.destroy()
        // Older than what set it last.
        two.device.setSelection(source: two.source("older"), serial: old)
        #expect(two.take() == ["cancelled"])
        two.device.setSelection(source: nil, serial: old)
        two.device.setSelection(source: two.source("of nothing"), serial: 0)
        two.device.setSelection(source: two.source("of the future"), serial: two.serial &+ 1_000)
        #expect(two.take() == ["cancelled", "cancelled"])
        // Without the keyboard, with its own serial or another's.
        one.device.setSelection(source: one.source("foreign"), serial: two.serial)
        one.device.setSelection(source: one.source("own"), serial: one.serial)
        #expect(one.take() == ["cancelled", "cancelled"])
        press(one)
        #expect(one.take() == ["pointer", "selection newer"])
        one.device.setSelection(source: one.source("foreign"), serial: two.serial)
        #expect(one.take() == ["cancelled"])
        one.device.setSelection(source: one.source("own"), serial: one.serial)
        #expect(one.take() == ["selection own"])
        #expect(two.take() == ["cancelled"])
        #expect(one.client.error == nil && two.client.error == nil)
    }

    @Test func `a source that was refused may be tried again, and one that is the selection set again`() {
        let source = two.source("a")
        two.device.setSelection(source: source, serial: 0)
        #expect(two.take() == ["cancelled"])
        type()
        two.device.setSelection(source: source, serial: two.serial)
        #expect(two.take() == ["selection a"])
        two.device.setSelection(source: source, serial: two.serial)
        #expect(two.take().isEmpty && two.client.error == nil)
    }

    @Test func `with its source, or its client, it is gone`() {
        let source = copy(two, "a")
        press(one)
        _ = one.take()
        let stale = one.selection!
        one.selection = nil
        source.destroy()
        two.client.roundTrip()
        #expect(one.take() == ["selection nothing"])
        #expect(one.read(stale, "a") == "")
        press(two)
        _ = copy(two, "b")
        press(one)
        #expect(one.take().suffix(2) == ["pointer", "selection b"])
        fixture.disconnect(two.client)
        #expect(one.take() == ["selection nothing"])
        #expect(one.client.error == nil)
        #expect(fixture.compositor.ledger.usage(of: .textBytes) == 0)
    }

    @Test func `an offer reads what it was made for, and nothing newer`() {
        _ = copy(two, "a")
        press(one)
        _ = one.take()
        let kept = one.selection!
        one.selection = nil
        press(two)
        // It began to paste before.
        #expect(one.read(kept, "a") == "a: text")
        _ = copy(two, "a")
        #expect(one.read(kept, "a") == "")
        #expect(one.take().isEmpty)
    }

    @Test func `without a keyboard the active window's client has it`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        let device = client.bind(WlDataDeviceManager.self).getDataDevice(seat: client.seat)
        var heard = 0
        device.onSelection = { _ in heard += 1 }
        client.roundTrip()
        #expect(heard == 1)
    }

    // MARK: Errors

    @Test(arguments: 0..<9)
    func `what breaks the protocol ends its client`(number: Int) {
        _ = copy(two, "a")
        _ = two.take()
        let pastes = number < 3
        if pastes { press(one) }
        let party = pastes ? one : two
        let expected: String
        switch number {
        case 0:
            party.selection!.finish()
            expected = "wl_data_offer 0"
        case 1:
            party.selection!.setActions(dndActions: .copy, preferredAction: .copy)
            expected = "wl_data_offer 3"
        case 2:
            // Neither of them does anything.
            party.selection!.accept(serial: 7, mimeType: "nonsense")
            party.selection!.accept(serial: 7, mimeType: nil)
            expected = ""
        case 3:
            party.source(actions: WlDataDeviceManager.DndAction(rawValue: 8))
            expected = "wl_data_source 0"
        case 4:
            party.source(actions: .copy).setActions(dndActions: .copy)
            expected = "wl_data_source 0"
        case 5:
            party.device.setSelection(source: party.source(actions: .copy), serial: party.serial)
            expected = "wl_data_source 1"
        case 6:
            let source = party.source("b")
            party.device.setSelection(source: source, serial: party.serial)
            source.setActions(dndActions: .copy)
            expected = "wl_data_source 1"
        case 7:
            let source = party.source("b")
            party.device.setSelection(source: source, serial: party.serial)
            party.device.setSelection(source: party.source("c"), serial: party.serial)
            party.device.setSelection(source: source, serial: party.serial)
            expected = "wl_data_source 1"
        default:
            let source = party.source("b")
            party.device.setSelection(source: source, serial: party.serial)
            party.device.startDrag(source: source, origin: party.window.surface, icon: nil, serial: party.serial)
            expected = "wl_data_source 1"
        }
        party.client.roundTrip()
        #expect(party.client.error ?? "" == expected)
        #expect((pastes ? two : one).client.error == nil)
    }

    // MARK: The worst client

    @Test func `types beyond what a source may have are offered to nobody`() {
        type()
        let many = two.source()
        for number in 0..<2_000 {
            many.offer(mimeType: "type/\(number)")
            if number % 100 == 0 { two.client.roundTrip() }
        }
        many.offer(mimeType: String(repeating: "x", count: 1_025))
        two.device.setSelection(source: many, serial: two.serial)
        two.catchUp()
        #expect(two.types[ObjectIdentifier(two.selection!)]?.count == 256)
        let long = two.source()
        for number in 0..<100 {
            long.offer(mimeType: String(repeating: "x", count: 1_000) + String(number))
            two.client.roundTrip()
        }
        two.device.setSelection(source: long, serial: two.serial)
        two.catchUp()
        #expect(two.types[ObjectIdentifier(two.selection!)]?.count == 16)
        #expect(two.client.error == nil)
        let used = fixture.compositor.ledger.usage(of: .textBytes)
        #expect((18_000..<40_000).contains(used))
        long.destroy()
        many.destroy()
        two.catchUp()
        #expect(fixture.compositor.ledger.usage(of: .textBytes) == 0)
        // Sources are bounded with the rest of what there is of text.
        for _ in 0..<300 {
            let source = two.source()
            for number in 0..<20 { source.offer(mimeType: String(repeating: "x", count: 1_000) + String(number)) }
            two.client.roundTrip()
        }
        two.catchUp()
        #expect(two.client.error == "wl_display 2" && one.client.error == nil)
        fixture.disconnect(two.client)
        #expect(fixture.compositor.ledger.usage(of: .textBytes) == 0)
    }

    @Test func `of thousands of devices a few hear`() {
        for number in 0..<3_000 {
            _ = two.manager.getDataDevice(seat: two.client.seat)
            if number % 100 == 0 { two.catchUp() }
        }
        two.catchUp()
        var count = 0
        two.device.onDataOffer = { _ in count += 1 }
        for _ in 0..<20 {
            _ = copy(two, "a")
            press(one)
            press(two)
            two.catchUp()
        }
        #expect(two.client.error == nil && count == 40)
        #expect(fixture.compositor.accounts.allSatisfy { $0.usage(of: .objects) < 10_000 })
    }

    @Test func `a source that doesn't read isn't ended by who pastes, and nothing piles up`() {
        _ = copy(two, "a")
        press(one)
        _ = one.take()
        Disposal.drain()
        fixture.pump()
        let before = openDescriptorCount()
        // Only one of them is served.
        let server = fixture.compositor
        func work() {
            for _ in 0..<20 {
                one.client.connection.flush()
                server.dispatch(timeout: 0)
                try? one.client.connection.dispatchAvailable()
            }
        }
        var pipes: [TestPipe] = []
        for _ in 0..<1_000 {
            let pipe = TestPipe()
            pipe.pass { one.selection!.receive(mimeType: "a", fd: $0) }
            pipes.append(pipe)
            if pipes.count % 20 == 0 { work() }
        }
        work()
        Disposal.drain()
        // Those that the source isn't asked for are closed.
        let ended = pipes.filter { $0.read() == "" }.count
        #expect((700...999).contains(ended))
        #expect(openDescriptorCount() - before <= 1_000 + 300)
        #expect(fixture.clients.count == 2 && two.client.error == nil)
        #expect(two.client.roundTrip() && one.client.roundTrip())
        Disposal.drain()
        #expect(pipes.filter { $0.read() == nil }.isEmpty)
        pipes = []
        Disposal.drain()
        #expect(one.read(one.selection, "a") == "a: text", "it is asked again once it has read")
        #expect(openDescriptorCount() <= before)
    }

    @Test func `who doesn't read hears that there is nothing, and isn't ended by who copies`() {
        type()
        let many = two.source()
        for number in 0..<250 { many.offer(mimeType: "type/number/\(number)") }
        two.device.setSelection(source: many, serial: two.serial)
        _ = two.take()
        let server = fixture.compositor
        let windows = server.windows.windows
        #expect(windows.count == 2)
        for round in 0..<2_000 { server.windows.activate(windows[round % 2]) }
        server.windows.activate(windows[0])
        one.catchUp()
        two.catchUp()
        one.heard = []
        #expect(one.client.error == nil && two.client.error == nil && server.clientCount == 2)
        server.windows.activate(windows[1])
        server.windows.activate(windows[0])
        #expect(one.take().last?.hasPrefix("selection type/number/0 ") == true)
    }
}
