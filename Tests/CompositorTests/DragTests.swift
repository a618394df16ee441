@testable import Compositor
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Drag and drop.
@Suite(.serialized) struct DragTests {
    private let fixture: Fixture
    private let source: DataParty
    private let target: DataParty

    private static let left: UInt32 = 0x110
    private static let keymap = Result { try Keymap() }

    init() throws { try self.init(versions: (3, 3)) }

    private init(versions: (UInt32, UInt32)) throws {
        let keymap = try Self.keymap.get()
        fixture = Fixture { $0.keymap = keymap }
        source = DataParty(fixture, at: 10, 10, version: versions.0)
        target = DataParty(fixture, at: 60, 10, version: versions.1)
        _ = (source.take(), target.take())
    }

    private func send(_ events: InputEvent...) {
        for event in events { fixture.compositor.send(event) }
        fixture.nextFrame()
    }

    private func move(_ x: Double, _ y: Double) { send(.pointerMotion(to: Position(x: x, y: y))) }
    private func release() { send(.pointerButton(Self.left, isPressed: false)) }

    /// Presses on the source's window, and drags from there.
    private func begin(_ data: WlDataSource?, icon: WlSurface? = nil) {
        send(.pointerMotion(to: Position(x: 15, y: 15)), .pointerButton(Self.left, isPressed: true))
        _ = (source.take(), target.take())
        source.device.startDrag(source: data, origin: source.window.surface, icon: icon, serial: source.serial)
        source.client.roundTrip()
    }

    // MARK: From one client to another

    @Test(arguments: [WlDataDeviceManager.DndAction.copy, .move])
    func `what is dragged to another client is dropped there`(action: WlDataDeviceManager.DndAction) {
        begin(source.source("text/plain", "text/html", actions: [.copy, .move]))
        #expect(source.take() == ["enter 5.0 5.0 text/plain text/html", "source actions 3"])
        move(20.5, 16)
        move(65, 15)
        #expect(source.take() == ["motion 10.5 6.0", "leave"])
        #expect(target.take() == ["enter 5.0 5.0 text/plain text/html", "source actions 3"])
        target.dragged!.accept(serial: 0, mimeType: "text/html")
        target.dragged!.setActions(dndActions: [.copy, .move, .ask], preferredAction: action)
        #expect(target.take() == ["action \(action.rawValue)"])
        #expect(source.take() == ["target text/html", "source's action \(action.rawValue)"])
        // Before the drop as well.
        #expect(target.read(target.dragged, "text/plain") == "text/plain: text")
        move(66, 15)
        release()
        #expect(target.take() == ["motion 6.0 5.0", "drop", "pointer"])
        #expect(source.take() == ["send text/plain", "dropped"])
        #expect(target.read(target.dragged, "text/html") == "text/html: text")
        target.dragged!.finish()
        target.dragged!.destroy()
        target.client.roundTrip()
        #expect(source.take() == ["send text/html", "finished"])
        move(15, 15)
        #expect(source.take() == ["pointer"])
        #expect(source.client.error == nil && target.client.error == nil)
    }

    @Test func `who asks says at the end what was done`() {
        begin(source.source("a", actions: [.copy, .move, .ask]))
        move(65, 15)
        target.dragged!.accept(serial: 0, mimeType: "a")
        target.dragged!.setActions(dndActions: [.copy, .move, .ask], preferredAction: .ask)
        target.client.roundTrip()
        release()
        #expect(target.take().suffix(3) == ["action 4", "drop", "pointer"])
        #expect(source.take().suffix(3) == ["target a", "source's action 4", "dropped"])
        #expect(target.read(target.dragged, "a") == "a: text")
        target.dragged!.setActions(dndActions: .move, preferredAction: .move)
        target.dragged!.finish()
        #expect(target.take().isEmpty)
        #expect(source.take() == ["send a", "source's action 2", "finished"])
        #expect(source.client.error == nil && target.client.error == nil)
    }

    @Test func `what both would do comes of it, by the target's wish, or in order`() {
        typealias Actions = WlDataDeviceManager.DndAction
        let cases: [(Actions, Actions, Actions, Actions)] = [
            (.allNamed, .allNamed, [], .copy), ([.move, .ask], .allNamed, [], .move),
            (.allNamed, .allNamed, .ask, .ask), ([.copy, .ask], [.move, .ask], .move, .ask),
            (.copy, .move, .move, []), ([], .allNamed, .copy, []),
        ]
        for (offered, taken, preferred, expected) in cases {
            begin(source.source("a", actions: offered))
            move(65, 15)
            _ = (source.take(), target.take())
            target.dragged!.accept(serial: 0, mimeType: "a")
            target.dragged!.setActions(dndActions: taken, preferredAction: preferred)
            #expect(target.take() == (expected.isEmpty ? [] : ["action \(expected.rawValue)"]))
            _ = source.take()
            release()
            #expect(target.take() == [expected.isEmpty ? "leave" : "drop", "pointer"])
            #expect(source.take() == (expected.isEmpty ? ["target nothing", "cancelled"] : ["dropped"]))
            target.dragged?.destroy()
            target.client.roundTrip()
            #expect(source.take() == (expected.isEmpty ? [] : ["cancelled"]), "it wasn't finished")
        }
    }

    @Test func `what nobody takes is cancelled`() {
        // Nothing was accepted, or no longer is, or there is no surface.
        for step in 0..<4 {
            begin(source.source("a", actions: .copy))
            move(65, 15)
            target.dragged!.setActions(dndActions: .copy, preferredAction: .copy)
            if step > 0 { target.dragged!.accept(serial: 0, mimeType: "a") }
            if step == 1 { target.dragged!.accept(serial: 0, mimeType: nil) }
            if step == 2 { target.dragged!.destroy() }
            target.client.roundTrip()
            if step == 3 { move(120, 70) }
            release()
            #expect(source.take().last == "cancelled" && !target.take().contains("drop"))
        }
        #expect(source.client.error == nil && target.client.error == nil)
    }

    /// As Qt does, which drags without any type within itself.
    @Test func `what wasn't offered can be taken`() {
        begin(source.source("a", actions: .copy))
        move(65, 15)
        target.dragged!.setActions(dndActions: .copy, preferredAction: .copy)
        target.dragged!.accept(serial: 0, mimeType: String(repeating: "\u{301}", count: 900))
        target.client.roundTrip()
        #expect(source.take().contains("target "))
        release()
        #expect(source.take() == ["dropped"] && target.take().contains("drop"))
        target.dragged!.finish()
        target.client.roundTrip()
        #expect(source.take() == ["finished"] && target.client.error == nil)
    }

    @Test func `within one client it goes as between two`() {
        begin(source.source("a", actions: .move))
        source.dragged!.accept(serial: 0, mimeType: "a")
        source.dragged!.setActions(dndActions: .move, preferredAction: [])
        _ = source.take()
        release()
        #expect(source.take() == ["drop", "dropped", "pointer"])
        #expect(source.read(source.dragged, "a") == "a: text")
        source.dragged!.finish()
        #expect(source.take() == ["send a", "finished"])
    }

    @Test func `without a source nobody else hears of it`() {
        begin(nil)
        #expect(source.take() == ["enter 5.0 5.0 nothing"])
        move(65, 15)
        #expect(source.take() == ["leave"] && target.take().isEmpty)
        move(16, 15)
        release()
        #expect(source.take() == ["enter 6.0 5.0 nothing", "drop", "pointer"])
        #expect(source.client.error == nil)
    }

    @Test func `nothing is dragged but with what holds it`() {
        send(.pointerMotion(to: Position(x: 15, y: 15)), .pointerButton(Self.left, isPressed: true))
        _ = (source.take(), target.take())
        for serial in [0, source.serial &+ 1] {
            source.device.startDrag(
                source: source.source("a", actions: .copy),
                origin: source.window.surface,
                icon: nil,
                serial: serial
            )
        }
        #expect(source.take() == ["cancelled", "cancelled"])
        target.device.startDrag(
            source: target.source("a", actions: .copy),
            origin: target.window.surface,
            icon: nil,
            serial: source.serial
        )
        #expect(target.take() == ["cancelled"])
        release()
        source.device.startDrag(
            source: source.source("a", actions: .copy),
            origin: source.window.surface,
            icon: nil,
            serial: source.serial
        )
        #expect(source.take() == ["cancelled"])
        #expect(source.client.error == nil && target.client.error == nil)
    }

    @Test func `what comes, goes or moves under it is told of`() {
        begin(source.source("a", actions: .copy))
        move(65, 15)
        _ = (source.take(), target.take())
        let window = fixture.compositor.windows.windows.first { $0.position.x == 60 }!
        fixture.compositor.windows.move(window, to: Point(x: 62, y: 10))
        fixture.nextFrame()
        #expect(target.take() == ["motion 3.0 5.0"])
        target.window.show(nil)
        target.client.roundTrip()
        fixture.nextFrame()
        #expect(target.take() == ["leave"])
        release()
        #expect(source.take() == ["cancelled"])
    }

    @Test func `a finger drags too`() {
        send(.touchDown(3, at: Position(x: 15, y: 15)))
        _ = (source.take(), target.take())
        let data = source.source("a", actions: .copy)
        source.device.startDrag(source: data, origin: source.window.surface, icon: nil, serial: source.serial)
        #expect(source.take() == ["enter 5.0 5.0 a", "source actions 1"])
        send(.touchMotion(3, to: Position(x: 65, y: 15)))
        target.dragged!.accept(serial: 0, mimeType: "a")
        target.dragged!.setActions(dndActions: .copy, preferredAction: .copy)
        target.client.roundTrip()
        send(.touchUp(3))
        #expect(target.take() == ["enter 5.0 5.0 a", "source actions 1", "action 1", "drop"])
        target.dragged!.finish()
        target.client.roundTrip()
        #expect(source.take() == ["leave", "target a", "source's action 1", "dropped", "finished"])
        // It means nothing after all.
        send(.touchDown(4, at: Position(x: 15, y: 15)))
        let other = source.source("b", actions: .copy)
        _ = source.take()
        source.device.startDrag(source: other, origin: source.window.surface, icon: nil, serial: source.serial)
        source.client.roundTrip()
        send(.touchCancel)
        #expect(source.take() == ["enter 5.0 5.0 b", "source actions 1", "leave", "cancelled"])
        #expect(source.client.error == nil && target.client.error == nil)
    }

    @Test func `older clients copy`() throws {
        for (from, to) in [(2, 3), (3, 2), (2, 2), (1, 1)] as [(UInt32, UInt32)] {
            let tests = try DragTests(versions: (from, to))
            let (source, target) = (tests.source, tests.target)
            tests.begin(from < 3 ? source.source("a") : source.source("a", actions: [.copy, .move]))
            tests.move(65, 15)
            if to >= 3 {
                target.dragged!.accept(serial: 0, mimeType: "a")
                target.dragged!.setActions(dndActions: .allNamed, preferredAction: [])
                target.client.roundTrip()
            }
            tests.release()
            #expect(target.take().contains("drop"))
            #expect(target.read(target.dragged, "a") == "a: text")
            if to >= 3 { target.dragged!.finish() }
            target.dragged!.destroy()
            target.client.roundTrip()
            let expected = from >= 3 ? ["dropped", "send a", "finished"] : ["send a"]
            #expect(source.take().suffix(expected.count) == expected[...])
            #expect(source.client.error == nil && target.client.error == nil)
        }
    }

    @Test func `each of a client's devices has an offer, and the one that speaks decides`() {
        let other = target.manager.getDataDevice(seat: target.client.seat)
        var otherOffer: WlDataOffer?
        other.onEnter = { _, _, _, _, offer in otherOffer = offer }
        target.client.roundTrip()
        begin(source.source("a", actions: .copy))
        move(65, 15)
        target.dragged!.accept(serial: 0, mimeType: "a")
        target.dragged!.setActions(dndActions: .copy, preferredAction: .copy)
        // This part of the client doesn't want it.
        otherOffer!.destroy()
        target.client.roundTrip()
        release()
        #expect(target.take().contains("drop"))
        target.dragged!.finish()
        target.client.roundTrip()
        #expect(source.take().suffix(2) == ["dropped", "finished"])
    }

    // MARK: The icon

    private func surface(_ client: TestClient, color: UInt32) -> WlSurface {
        let surface = client.compositor.createSurface()
        surface.attach(buffer: TestPool(client, size: 4_800).buffer(40, 30, color: color), x: 0, y: 0)
        surface.commit()
        return surface
    }

    @Test func `the icon follows the pointer, and isn't under it`() {
        let icon = surface(source.client, color: 0xff00)
        begin(source.source("a", actions: .copy), icon: icon)
        fixture.nextFrame()
        // The arrow is in front of its corner.
        #expect(fixture.pixel(54, 15) == 0xff00 && fixture.pixel(54, 44) == 0xff00)
        #expect(fixture.pixel(55, 44) == DrawList.background && fixture.pixel(54, 45) == DrawList.background)
        move(65, 15)
        #expect(fixture.pixel(54, 44) == DrawList.background && fixture.pixel(104, 44) == 0xff00)
        #expect(target.take() == ["enter 5.0 5.0 a", "source actions 1"])
        icon.offset(x: 4, y: 2)
        icon.commit()
        source.client.roundTrip()
        fixture.nextFrame()
        #expect(fixture.pixel(108, 46) == 0xff00 && fixture.pixel(109, 46) == DrawList.background)
        #expect(fixture.pixel(108, 16) == DrawList.background && fixture.pixel(108, 17) == 0xff00)
        for _ in 0..<4 {
            icon.offset(x: .max, y: .min)
            icon.commit()
        }
        source.client.roundTrip()
        fixture.nextFrame()
        #expect(source.client.error == nil)
        release()
        #expect(!fixture.picture().joined().contains(0xff00))
        // And again, from its corner.
        begin(source.source("b", actions: .copy), icon: icon)
        fixture.nextFrame()
        #expect(fixture.pixel(54, 44) == 0xff00)
        icon.destroy()
        source.client.roundTrip()
        fixture.nextFrame()
        #expect(!fixture.picture().joined().contains(0xff00))
        release()
        #expect(source.client.error == nil)
    }

    @Test func `a window is no icon, and an icon no window`() {
        let icon = surface(source.client, color: 0xff00)
        begin(source.source("a", actions: .copy), icon: icon)
        release()
        source.client.wmBase.getXdgSurface(surface: icon)
        source.client.roundTrip()
        #expect(source.client.error != nil)
        target.device.startDrag(
            source: nil,
            origin: target.window.surface,
            icon: target.window.surface,
            serial: target.serial
        )
        target.client.roundTrip()
        #expect(target.client.error == "wl_data_device 0")
    }

    // MARK: Errors

    @Test(arguments: 0..<14)
    func `what breaks the protocol ends its client`(number: Int) {
        let data = source.source("a", actions: number == 9 ? [.copy, .ask] : .allNamed)
        begin(data)
        move(65, 15)
        let offer = target.dragged!
        func accept(_ action: WlDataDeviceManager.DndAction = .copy) {
            offer.accept(serial: 0, mimeType: "a")
            offer.setActions(dndActions: .allNamed, preferredAction: action)
            target.client.roundTrip()
        }
        func drop(_ action: WlDataDeviceManager.DndAction = .copy) {
            accept(action)
            release()
        }
        let expected: String
        switch number {
        case 0:
            offer.setActions(dndActions: WlDataDeviceManager.DndAction(rawValue: 1 << 31), preferredAction: [])
            expected = "wl_data_offer 1"
        case 1:
            offer.setActions(dndActions: .allNamed, preferredAction: [.copy, .move])
            expected = "wl_data_offer 2"
        case 2:
            offer.setActions(dndActions: .copy, preferredAction: .move)
            expected = "wl_data_offer 2"
        case 3:
            accept()
            offer.finish()
            expected = "wl_data_offer 0"
        case 4:
            drop()
            offer.accept(serial: 0, mimeType: nil)
            offer.finish()
            expected = "wl_data_offer 0"
        case 5:
            drop(.ask)
            offer.finish()
            expected = "wl_data_offer 3"
        case 6, 7, 8:
            drop()
            offer.finish()
            if number == 6 { offer.finish() }
            if number == 7 { offer.accept(serial: 0, mimeType: "a") }
            if number == 8 { TestPipe().pass { offer.receive(mimeType: "a", fd: $0) } }
            expected = number == 6 ? "wl_data_offer 0" : "wl_data_offer 3"
        case 9:
            drop(.ask)
            offer.setActions(dndActions: .move, preferredAction: .move)
            expected = "wl_data_offer 2"
        case 10:
            data.setActions(dndActions: .copy)
            source.client.roundTrip()
            #expect(source.client.error == "wl_data_source 0")
            expected = ""
        case 11, 12:
            release()
            if number == 11 {
                source.device.startDrag(source: data, origin: source.window.surface, icon: nil, serial: 0)
            } else {
                source.device.setSelection(source: data, serial: 0)
            }
            source.client.roundTrip()
            #expect(source.client.error == "wl_data_source 1")
            expected = ""
        default:
            // Long over, and still nothing.
            accept()
            move(120, 70)
            #expect(target.dragged == nil)
            expected = ""
        }
        target.client.roundTrip()
        #expect(target.client.error ?? "" == expected)
        release()
        if !expected.isEmpty { #expect(source.take().last == (number > 5 && number < 9 ? "finished" : "cancelled")) }
        if number < 10 { #expect(source.client.error == nil) }
    }

    @Test func `an offer that was left can do nothing, and no harm`() {
        begin(source.source("a", actions: .copy))
        move(65, 15)
        let stale = target.dragged!
        // It keeps it against the rules.
        target.device.onLeave = {}
        target.client.roundTrip()
        move(120, 70)
        _ = source.take()
        stale.accept(serial: 0, mimeType: "a")
        stale.setActions(dndActions: .copy, preferredAction: .copy)
        stale.finish()
        #expect(target.read(stale, "a") == "")
        #expect(source.take().isEmpty)
        release()
        #expect(source.take() == ["cancelled"])
        stale.finish()
        #expect(target.read(stale, "a") == "" && target.client.error == nil)
    }

    @Test func `a target that changes its mind all the time ends nobody`() {
        begin(source.source(String(repeating: "x", count: 1_000), actions: [.copy, .move]))
        move(65, 15)
        let name = String(repeating: "x", count: 1_000)
        for round in 0..<4_000 {
            target.dragged!.accept(serial: 0, mimeType: round % 2 == 0 ? name : nil)
            target.dragged!.setActions(dndActions: .allNamed, preferredAction: round % 2 == 0 ? .copy : .move)
            // It reads, and the source doesn't.
            if round % 20 == 0 { catchUpAlone(target) }
        }
        target.dragged!.accept(serial: 0, mimeType: name)
        target.catchUp()
        release()
        source.catchUp()
        #expect(source.client.error == nil && target.client.error == nil)
        #expect(source.take().suffix(2) == ["target \(name)", "dropped"])
    }

    /// Has all that a client asked for done, while no other client reads.
    private func catchUpAlone(_ party: DataParty) {
        var isDone = false
        party.client.connection.sync().onDone = { _ in isDone = true }
        for _ in 0..<1_000 where !isDone {
            party.client.connection.flush()
            fixture.compositor.dispatch(timeout: 0)
            try? party.client.connection.dispatchAvailable()
        }
    }

    // MARK: Deaths

    private enum Victim: CaseIterable {
        case sourceClient, targetClient, both, source, sourceDevice, sourceWindow, icon, targetDevice, targetWindow
        case targetOffer
    }

    /// Whatever goes at any step of a drag: nothing is left of it, nobody is ended, and the next one works.
    @Test func `anybody may go at any time`() throws {
        let stepCount = 13
        for victim in Victim.allCases {
            for death in 0..<stepCount {
                let tests = try DragTests()
                let steps = tests.drag(until: death, killing: victim)
                #expect(steps == stepCount)
            }
        }
    }

    /// A drag with all that belongs to it; how many steps it has.
    private func drag(until death: Int, killing victim: Victim) -> Int {
        let comment = Comment(rawValue: "\(victim), before step \(death)")
        let icon = surface(source.client, color: 0xff00)
        let data = source.source("a", actions: .allNamed)
        var dead: [DataParty] = []
        weak var drag: Drag?
        func kill() {
            switch victim {
            case .sourceClient: dead = [source]
            case .targetClient: dead = [target]
            case .both: dead = [target, source]
            case .source: data.destroy()
            case .sourceDevice: source.device.release()
            case .sourceWindow, .targetWindow:
                let window = (victim == .sourceWindow ? source : target).window
                window.toplevel.destroy()
                window.shellSurface.destroy()
                window.surface.destroy()
            case .icon: icon.destroy()
            case .targetDevice: target.device.release()
            case .targetOffer: target.dragged?.destroy()
            }
            for party in dead { fixture.disconnect(party.client) }
        }
        var count = 0
        func step(by party: DataParty? = nil, _ body: () -> Void) {
            if count == death { kill() }
            count += 1
            let isDead = party.map { one in dead.contains { $0 === one } } ?? false
            if !isDead { body() }
            for party in [source, target] where !dead.contains(where: { $0 === party }) { party.client.roundTrip() }
            drag = drag ?? fixture.compositor.dataDevices.drag
        }
        step { fixture.compositor.send(.pointerMotion(to: Position(x: 15, y: 15))) }
        step { fixture.compositor.send(.pointerButton(Self.left, isPressed: true)) }
        step(by: source) {
            source.device.startDrag(source: data, origin: source.window.surface, icon: icon, serial: source.serial)
        }
        step { fixture.compositor.send(.pointerMotion(to: Position(x: 16, y: 15))) }
        step { fixture.compositor.send(.pointerMotion(to: Position(x: 65, y: 15))) }
        step(by: target) { target.dragged?.accept(serial: 0, mimeType: "a") }
        step(by: target) { target.dragged?.setActions(dndActions: .allNamed, preferredAction: .ask) }
        step { fixture.compositor.send(.pointerMotion(to: Position(x: 66, y: 15))) }
        step { fixture.compositor.send(.pointerButton(Self.left, isPressed: false)) }
        let isDropped = target.heard.contains("drop")
        let pipe = TestPipe()
        step(by: target) { pipe.pass { target.dragged?.receive(mimeType: "a", fd: $0) } }
        step(by: target) {
            if isDropped { target.dragged?.setActions(dndActions: .copy, preferredAction: .copy) }
        }
        step(by: target) { if isDropped { target.dragged?.finish() } }
        step(by: target) { target.dragged?.destroy() }
        for party in [source, target] where !dead.contains(where: { $0 === party }) {
            #expect(party.client.error == nil, comment)
        }
        #expect(drag == nil && fixture.compositor.dataDevices.drag == nil, comment)
        fixture.nextFrame()
        let nodes = fixture.compositor.scene.nodes
        #expect(!nodes.contains { $0 is DragIcon }, comment)
        // Whoever is left can begin anew.
        let other = DataParty(fixture, at: 110, 10)
        let newData = other.source("b", actions: .copy)
        send(.pointerMotion(to: Position(x: 115, y: 15)), .pointerButton(Self.left, isPressed: true))
        other.client.roundTrip()
        other.device.startDrag(source: newData, origin: other.window.surface, icon: nil, serial: other.serial)
        #expect(other.take().contains("enter 5.0 5.0 b"), comment)
        for client in fixture.clients { fixture.disconnect(client) }
        release()
        fixture.nextFrame()
        for resource in ClientAccount.Resource.allCases where resource != .frames {
            #expect(fixture.compositor.ledger.usage(of: resource) == 0, comment)
        }
        #expect(fixture.compositor.scene.nodes.allSatisfy { $0 is Cursor }, comment)
        #expect(fixture.compositor.clientCount == 0, comment)
        return count
    }

    @Test func `a compositor that ends in mid-drag leaves nothing behind`() throws {
        weak var scene: Scene?
        weak var seat: Seat?
        do {
            let tests = try DragTests()
            tests.begin(
                tests.source.source("a", actions: .copy),
                icon: tests.surface(tests.source.client, color: 0xff00)
            )
            tests.move(65, 15)
            (scene, seat) = (tests.fixture.compositor.scene, tests.fixture.compositor.seat)
        }
        #expect(scene == nil && seat == nil)
    }
}
