@testable import Compositor
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// The keyboard's keymap, and the pointer's place, focus and looks.
@Suite(.serialized) struct SeatTests {
    let fixture: Fixture
    let client: TestClient

    init() throws {
        let keymap = try Keymap()
        fixture = Fixture { $0.keymap = keymap }
        client = fixture.connect()
    }

    /// Who still has to read something, here, for want of a client that is slow.
    @Test func nobodyHearsWhatIsTypedForSomebodySlow() throws {
        let keymap = try Keymap()
        let fixture = Fixture {
            $0.keymap = keymap
            $0.limits.unreadByOthers = 1
        }
        let clients = [fixture.connect(), fixture.connect()]
        let windows = clients.map { client in
            let window = TestWindow(client)
            window.show(TestPool(client, size: 400).buffer(10, 10, color: 0xff))
            client.roundTrip()
            return window
        }
        fixture.nextFrame()
        clients[1].roundTrip()
        let (seat, manager) = (fixture.compositor.seat, fixture.compositor.windows)
        #expect(windows.count == 2 && seat.keyboard?.focus != nil)
        #expect(seat.keyboard?.focus === manager.windows[1].keyboardFocus)
        // The first has a configure to read before it can hear that it has the keyboard.
        manager.activate(manager.windows[0])
        #expect(seat.keyboard?.focus == nil)
        clients[0].roundTrip()
        clients[0].roundTrip()
        #expect(seat.keyboard?.focus != nil && seat.keyboard?.focus === manager.windows[1].keyboardFocus)
    }

    // MARK: Keymap

    @Test func theKeymapTravelsInAFileThatNobodyCanChange() throws {
        var capabilities: WlSeat.Capability = []
        let seat = client.bind(WlSeat.self) { $0.onCapabilities = { capabilities = $0 } }
        #expect(capabilities == [.pointer, .keyboard, .touch])
        var text = ""
        var facts: DescriptorFacts?
        var isWritable = true
        seat.getKeyboard().onKeymap = { format, descriptor, size in
            #expect(format == .xkbV1)
            facts = try! DescriptorFacts.read(descriptor)
            isWritable = (try? WritableMapping(descriptor, length: Int(size))) != nil
            let mapping = try! ReadOnlyMapping(descriptor, length: Int(size))
            text = mapping.withBytes(in: 0..<Int(size)) { bytes in
                String(
                    decoding: (0..<bytes.byteCount - 1).map {
                        unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
                    },
                    as: UTF8.self
                )
            }
        }
        client.roundTrip()
        #expect(text.hasPrefix("xkb_keymap {") && text.contains("xkb_symbols") && !text.contains("\0"))
        let seals = try #require(facts?.seals)
        #expect(seals.isSuperset(of: [.shrink, .grow, .write, .seal]))
        #expect(facts?.access == .readOnly && !isWritable)
    }

    @Test func layoutsCanBeChosen() throws {
        var names = Keymap.Names()
        names.layout = "de"
        names.variant = "nodeadkeys"
        #expect(try Keymap(names).size > 1_000)
        names.layout = "atlantis"
        #expect(throws: Keymap.Failure.self) { _ = try Keymap(names) }
    }

    @Test func withoutAKeymapThereIsNoKeyboard() {
        let fixture = Fixture()
        let client = fixture.connect()
        var capabilities: WlSeat.Capability = []
        let seat = client.bind(WlSeat.self) { $0.onCapabilities = { capabilities = $0 } }
        #expect(capabilities == [.pointer, .touch])
        seat.getKeyboard()
        client.roundTrip()
        #expect(client.error == "wl_seat 0")
    }

    // MARK: Pointer

    private func shownWindow(_ client: TestClient, at x: Int, _ y: Int, color: UInt32 = 0xff) -> TestWindow {
        let window = TestWindow(client)
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: color))
        client.roundTrip()
        let node = fixture.compositor.scene.nodes.last { $0 is Window } as! Window
        node.place(at: Point(x: x, y: y))
        fixture.compositor.scene.setNeedsLayout(node)
        fixture.nextFrame()
        return window
    }

    private func move(_ x: Int, _ y: Int) {
        fixture.compositor.send(.pointerMotion(to: Position(x: Double(x), y: Double(y))))
        fixture.nextFrame()
    }

    /// What a client's pointer hears.
    private final class Ear {
        let pointer: WlPointer
        var heard: [String] = []
        var serial: UInt32 = 0

        init(_ client: TestClient) {
            pointer = client.seat.getPointer()
            pointer.onEnter = { [unowned self] serial, _, x, y in
                self.serial = serial
                heard.append("enter \(x) \(y)")
            }
            pointer.onLeave = { [unowned self] _, _ in heard.append("leave") }
            pointer.onMotion = { [unowned self] _, x, y in heard.append("motion \(x) \(y)") }
            client.roundTrip()
        }
    }

    @Test func thePointerEntersMovesAndLeaves() {
        let window = shownWindow(client, at: 10, 10)
        let other = fixture.connect()
        _ = shownWindow(other, at: 60, 10)
        let (ear, otherEar) = (Ear(client), Ear(other))
        move(5, 5)
        move(12, 13)
        move(20, 20)
        move(61, 11)
        move(5, 5)
        #expect(ear.heard == ["enter 2.0 3.0", "motion 10.0 10.0", "leave"])
        #expect(otherEar.heard == ["enter 1.0 1.0", "leave"])
        let region = client.compositor.createRegion()
        region.add(x: 0, y: 0, width: 5, height: 5)
        window.surface.setInputRegion(region: region)
        window.surface.commit()
        client.roundTrip()
        move(30, 30)
        #expect(ear.heard.count == 3, "that part takes no input")
        move(14, 14)
        #expect(ear.heard.last == "enter 4.0 4.0")
        window.toplevel.destroy()
        window.shellSurface.destroy()
        window.surface.destroy()
        client.roundTrip()
        move(15, 15)
        #expect(client.error == nil)
    }

    @Test func theArrowIsDrawnOnceThePointerWasMoved() {
        fixture.nextFrame()
        let before = fixture.picture()
        move(50, 50)
        let after = fixture.picture()
        #expect(before != after)
        let changed = (0..<100).flatMap { y in
            (0..<200).filter { after[y][$0] != before[y][$0] }.map { Point(x: $0, y: y) }
        }
        #expect(changed.allSatisfy { (40...80).contains($0.x) && (40...80).contains($0.y) })
        move(150, 20)
        #expect(fixture.picture()[50][50] == before[50][50])
    }

    @Test func aClientWithThePointerMayChooseItsLooks() {
        _ = shownWindow(client, at: 0, 0)
        let ear = Ear(client)
        let surface = client.compositor.createSurface()
        surface.attach(buffer: TestPool(client, size: 400).buffer(10, 10, color: 0xff00), x: 0, y: 0)
        surface.commit()
        ear.pointer.setCursor(serial: 99, surface: surface, hotspotX: 2, hotspotY: 3)
        move(20, 20)
        #expect(fixture.pixel(18, 17) == 0xff, "it hasn't got the pointer yet")
        ear.pointer.setCursor(serial: ear.serial, surface: surface, hotspotX: 2, hotspotY: 3)
        fixture.nextFrame()
        #expect(fixture.pixel(18, 17) == 0xff00 && fixture.pixel(27, 26) == 0xff00 && fixture.pixel(17, 17) == 0xff)
        surface.offset(x: 1, y: 1)
        surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(18, 17) == 0xff && fixture.pixel(19, 18) == 0xff00)
        ear.pointer.setCursor(serial: ear.serial, surface: nil, hotspotX: 0, hotspotY: 0)
        fixture.nextFrame()
        #expect(fixture.pixel(20, 20) == 0xff)
        ear.pointer.setCursor(serial: ear.serial, surface: surface, hotspotX: 0, hotspotY: 0)
        surface.destroy()
        fixture.nextFrame()
        #expect(fixture.pixel(20, 20) == 0xff && client.error == nil)
    }

    @Test func aWindowCantBeACursor() {
        let window = shownWindow(client, at: 0, 0)
        let ear = Ear(client)
        ear.pointer.setCursor(serial: 0, surface: window.surface, hotspotX: 0, hotspotY: 0)
        client.roundTrip()
        #expect(client.error == "wl_pointer 0")
    }
}
