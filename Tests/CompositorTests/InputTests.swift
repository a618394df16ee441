@testable import Compositor
import Glibc
import Pixels
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Events of input devices, and which surfaces hear of them.
@Suite(.serialized) struct InputTests {
    private let fixture: Fixture
    private let client: TestClient

    private static let left: UInt32 = 0x110
    private static let right: UInt32 = 0x111
    private static let shift: UInt32 = 42
    private static let a: UInt32 = 30

    init() throws {
        let keymap = try Keymap()
        fixture = Fixture { $0.keymap = keymap }
        client = fixture.connect()
    }

    /// A window with its name, at a place.
    private func window(_ client: TestClient, at x: Int, _ y: Int) -> TestWindow {
        let window = TestWindow(client)
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        let node = fixture.compositor.scene.nodes.last { $0 is Window } as! Window
        fixture.compositor.windows.move(node, to: Point(x: x, y: y))
        fixture.nextFrame()
        return window
    }

    private func send(_ events: InputEvent...) {
        for event in events { fixture.compositor.send(event) }
        fixture.nextFrame()
    }

    private func move(_ x: Double, _ y: Double) { send(.pointerMotion(to: Position(x: x, y: y))) }

    // MARK: Pointer

    @Test func `what belongs together ends with a frame, and places have fractions`() {
        let one = window(client, at: 10, 10)
        let two = window(client, at: 60, 10)
        let ear = Ear(client, [("one", one.surface), ("two", two.surface)])
        ear.listenToPointer()
        move(12.5, 13.25)
        move(12.75, 13.25)
        // Nothing new.
        move(12.75, 13.25)
        move(65, 12)
        move(50, 50)
        #expect(
            ear.take() == [
                "enter one 2.5 3.25", "|", "motion 2.75 3.25", "|", "leave one", "|", "enter two 5.0 2.0", "|",
                "leave two", "|",
            ]
        )
        // Beyond the outputs it stops at the edge.
        send(.pointerMotion(to: Position(x: -5_000, y: .nan)))
        #expect(fixture.compositor.seat.pointer.position == Position(x: 0, y: 0))
        send(.pointerStep(dx: 1e300, dy: 2))
        let edge = Double(fixture.output.bounds.maxX)
        #expect(fixture.compositor.seat.pointer.position == Position(x: edge - 1 / 256, y: 2))
    }

    @Test func `a surface that a button went down on has the pointer until all are released`() {
        let one = window(client, at: 10, 10)
        let other = fixture.connect()
        let two = window(other, at: 60, 10)
        let ear = Ear(client, [("one", one.surface)])
        let otherEar = Ear(other, [("two", two.surface)])
        ear.listenToPointer()
        otherEar.listenToPointer()
        move(15, 15)
        send(.pointerButton(Self.left, isPressed: true), .pointerButton(Self.left, isPressed: true))
        move(65, 15)
        send(.pointerButton(Self.right, isPressed: true), .pointerButton(Self.left, isPressed: false))
        move(66, 16)
        #expect(
            ear.take() == [
                "enter one 5.0 5.0", "|", "press 0", "|", "motion 55.0 5.0", "|", "press 1", "|", "release 0", "|",
                "motion 56.0 6.0", "|",
            ]
        )
        #expect(otherEar.take().isEmpty)
        send(.pointerButton(Self.right, isPressed: false))
        #expect(ear.take() == ["release 1", "|", "leave one", "|"])
        #expect(otherEar.take() == ["enter two 6.0 6.0", "|"])
    }

    @Test func `the pointer's surface is told of what comes and goes under it`() {
        let one = window(client, at: 10, 10)
        let ear = Ear(client, [("one", one.surface)])
        ear.listenToPointer()
        move(15, 15)
        #expect(ear.take() == ["enter one 5.0 5.0", "|"])
        let other = fixture.connect()
        let two = window(other, at: 12, 12)
        #expect(ear.take() == ["leave one", "|"])
        let otherEar = Ear(other, [("two", two.surface)])
        // It hears of it although it has a pointer only now.
        otherEar.listenToPointer()
        #expect(otherEar.take() == ["enter two 3.0 3.0", "|"])
        let node = fixture.compositor.windows.active!
        fixture.compositor.windows.move(node, to: Point(x: 14, y: 12))
        fixture.nextFrame()
        #expect(otherEar.take() == ["motion 1.0 3.0", "|"])
        two.surface.attach(buffer: nil, x: 0, y: 0)
        two.surface.commit()
        other.roundTrip()
        fixture.nextFrame()
        #expect(otherEar.take() == ["leave two", "|"])
        #expect(ear.take() == ["enter one 5.0 5.0", "|"])
        // Also while a button is down.
        send(.pointerButton(Self.left, isPressed: true))
        one.surface.attach(buffer: nil, x: 0, y: 0)
        one.surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        send(.pointerButton(Self.left, isPressed: false))
        #expect(ear.take() == ["press 0", "|", "leave one", "|"])
    }

    @Test func `wheels have steps, and parts of steps add up`() {
        let one = window(client, at: 10, 10)
        let ear = Ear(client, [("one", one.surface)])
        ear.listenToPointer()
        move(15, 15)
        _ = ear.take()
        send(.pointerScroll(Scroll(.vertical, by: 5, value120: 60, source: .wheel)))
        send(.pointerScroll(Scroll(.horizontal, by: -2.5, source: .finger)))
        send(.pointerScroll(Scroll(.horizontal, by: 0, source: .finger)))
        let version = ear.pointer!.version
        let expected =
            version >= 8
            ? ["source 0", "120ths 0 60", "axis 0 5.0", "|"] : ["source 0", "axis 0 5.0", "|"]
        #expect(ear.take() == expected + ["source 1", "axis 1 -2.5", "|", "source 1", "stop 1", "|"])
        send(.pointerScroll(Scroll(.vertical, by: 5, value120: .max, source: .wheel)))
        send(.pointerScroll(Scroll(.vertical, by: 5, value120: .max, source: .wheel)))
        #expect(client.error == nil)
    }

    // MARK: Keyboard

    @Test func `a new window has the keyboard, and the one that is pressed on`() {
        let one = window(client, at: 10, 10)
        let ear = Ear(client, [("one", one.surface)])
        ear.listenToKeyboard()
        #expect(ear.take() == ["focus one []", "modifiers 0 0"])
        send(.key(Self.a, isPressed: true))
        send(.key(Self.a, isPressed: true))
        let other = fixture.connect()
        let otherEar = Ear(other, [])
        otherEar.listenToKeyboard()
        let two = window(other, at: 60, 10)
        #expect(ear.take() == ["down 30", "unfocus one"])
        #expect(otherEar.take() == ["focus ? [30]", "modifiers 0 0"])
        send(.key(Self.a, isPressed: false))
        move(15, 15)
        send(.pointerButton(Self.left, isPressed: true))
        #expect(otherEar.take() == ["up 30", "unfocus ?"])
        #expect(ear.take() == ["focus one []", "modifiers 0 0"])
        let activated = XdgToplevel.State.activated.rawValue
        #expect(one.configures.last?.states.contains(activated) == true)
        #expect(two.configures.last?.states.contains(activated) == false)
        send(.touchDown(3, at: Position(x: 65, y: 15)))
        #expect(ear.take() == ["unfocus one"])
        #expect(otherEar.take() == ["focus ? []", "modifiers 0 0"])
        two.toplevel.destroy()
        other.roundTrip()
        #expect(ear.take() == ["focus one []", "modifiers 0 0"])
    }

    @Test func `modifiers are told of when they change`() {
        let one = window(client, at: 10, 10)
        let ear = Ear(client, [("one", one.surface)])
        ear.listenToKeyboard()
        _ = ear.take()
        send(.key(Self.shift, isPressed: true), .key(Self.a, isPressed: true), .key(Self.a, isPressed: false))
        send(.key(Self.shift, isPressed: false), .key(58, isPressed: true), .key(58, isPressed: false))
        #expect(
            ear.take() == [
                "down 42", "modifiers 1 0", "down 30", "up 30", "up 42", "modifiers 0 0", "down 58", "modifiers 2 2",
                "up 58", "modifiers 0 2",
            ]
        )
        for code in 0..<1_000 as Range<UInt32> { fixture.compositor.send(.key(code * 0x10_0001, isPressed: true)) }
        client.roundTrip()
        #expect(client.error == nil)
    }

    // MARK: Touch

    @Test func `a finger belongs to the surface that it was put on`() {
        let one = window(client, at: 10, 10)
        let other = fixture.connect()
        let two = window(other, at: 60, 10)
        let ear = Ear(client, [("one", one.surface)])
        let otherEar = Ear(other, [("two", two.surface)])
        ear.listenToTouch()
        otherEar.listenToTouch()
        send(.touchDown(0, at: Position(x: 12, y: 13.5)), .touchDown(0, at: Position(x: 65, y: 15)))
        send(.touchDown(7, at: Position(x: 62, y: 12)))
        send(.touchMotion(0, to: Position(x: 64, y: 14)), .touchMotion(9, to: Position(x: 64, y: 14)))
        send(.touchUp(9), .touchUp(0), .touchUp(0))
        #expect(ear.take() == ["down one 0 2.0 3.5", "|", "motion 0 54.0 4.0", "|", "up 0", "|"])
        #expect(otherEar.take() == ["down two 7 2.0 2.0", "|"])
        send(.touchCancel, .touchUp(7))
        #expect(otherEar.take() == ["cancel"])
        send(.touchDown(1, at: Position(x: 12, y: 12)))
        one.surface.destroy()
        #expect(ear.take() == ["down one 1 2.0 2.0", "|"] || client.error != nil)
        send(.touchMotion(1, to: Position(x: 13, y: 13)), .touchUp(1))
    }

    @Test func `children take what is theirs`() {
        let one = window(client, at: 10, 10)
        let child = SubsurfaceTests.Child(client, of: one.surface)
        child.subsurface.setPosition(x: 20, y: 20)
        child.surface.attach(buffer: TestPool(client, size: 1_600).buffer(20, 20, color: 0xff00), x: 0, y: 0)
        child.surface.commit()
        one.surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        let ear = Ear(client, [("one", one.surface), ("child", child.surface)])
        ear.listenToPointer()
        move(45, 45)
        move(12, 12)
        #expect(ear.take() == ["enter child 15.0 15.0", "|", "leave child", "|", "enter one 2.0 2.0", "|"])
        let region = client.compositor.createRegion()
        child.surface.setInputRegion(region: region)
        child.surface.commit()
        one.surface.commit()
        client.roundTrip()
        move(35, 35)
        #expect(ear.take() == ["motion 25.0 25.0", "|"])
    }

    // MARK: Windows by hand

    private func frame(_ index: Int = 0) -> Rectangle { fixture.compositor.windows.windows[index].frame }

    @Test func `a window is moved while the button is down`() {
        let one = window(client, at: 10, 10)
        let ear = Ear(client, [("one", one.surface)])
        ear.listenToPointer()
        // Nothing is pressed.
        one.toplevel.move(seat: client.seat, serial: 1)
        move(15, 15)
        send(.pointerButton(Self.left, isPressed: true))
        _ = ear.take()
        one.toplevel.move(seat: client.seat, serial: 12_345)
        client.roundTrip()
        move(16, 16)
        #expect(frame().origin == Point(x: 10, y: 10), "not with any serial")
        _ = ear.take()
        one.toplevel.move(seat: client.seat, serial: ear.serial)
        #expect(ear.take() == ["leave one", "|"])
        move(26, 12)
        send(.pointerButton(Self.right, isPressed: true), .pointerButton(Self.left, isPressed: false))
        move(36, 16)
        // It began with the press.
        #expect(frame().origin == Point(x: 31, y: 11) && ear.take().isEmpty)
        send(.pointerButton(Self.right, isPressed: false))
        #expect(ear.take() == ["enter one 5.0 5.0", "|"])
        move(40, 40)
        #expect(frame().origin == Point(x: 31, y: 11))
        // Too late.
        one.toplevel.move(seat: client.seat, serial: ear.serial)
        client.roundTrip()
        move(50, 50)
        #expect(frame().origin == Point(x: 31, y: 11) && client.error == nil)
    }

    @Test func `a window is made larger at the edges that are pulled`() {
        let one = window(client, at: 50, 40)
        let ear = Ear(client, [("one", one.surface)])
        ear.listenToPointer()
        one.toplevel.setMinSize(width: 25, height: 25)
        one.surface.commit()
        move(51, 41)
        send(.pointerButton(Self.left, isPressed: true))
        _ = ear.take()
        one.toplevel.resize(seat: client.seat, serial: ear.serial, edges: .topLeft)
        client.roundTrip()
        let resizing = XdgToplevel.State.resizing.rawValue
        #expect(one.configures.last?.states.contains(resizing) == true)
        move(41, 61)
        client.roundTrip()
        #expect(one.configures.last?.width == 40 && one.configures.last?.height == 25)
        one.show(TestPool(client, size: 4_000).buffer(40, 25, color: 0xff))
        client.roundTrip()
        fixture.nextFrame()
        // The lower right corner is where it was.
        #expect(frame() == Rectangle(x: 40, y: 45, width: 40, height: 25))
        send(.pointerButton(Self.left, isPressed: false))
        client.roundTrip()
        #expect(one.configures.last?.states.contains(resizing) == false)
        one.surface.commit()
        client.roundTrip()
        // From now on it is the upper left one again.
        one.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        #expect(frame() == Rectangle(x: 40, y: 45, width: 30, height: 30))
        // And its size is its client's own: it hears of none that is past.
        one.toplevel.setMinimized()
        client.roundTrip()
        #expect(one.configures.last?.width == 0 && one.configures.last?.height == 0)
    }

    @Test func `a window that goes while it is moved ends that`() {
        let one = window(client, at: 10, 10)
        let other = fixture.connect()
        let two = window(other, at: 60, 10)
        let ear = Ear(client, [("one", one.surface)])
        let otherEar = Ear(other, [("two", two.surface)])
        ear.listenToPointer()
        otherEar.listenToPointer()
        move(15, 15)
        send(.pointerButton(Self.left, isPressed: true))
        _ = ear.take()
        one.toplevel.move(seat: client.seat, serial: ear.serial)
        client.roundTrip()
        one.show(nil)
        client.roundTrip()
        move(65, 15)
        #expect(otherEar.take() == ["enter two 5.0 5.0", "|"])
        send(.pointerButton(Self.left, isPressed: false))
        #expect(otherEar.take().isEmpty, "it hasn't heard of the press")
        // It comes back to where it was.
        one.surface.commit()
        client.roundTrip()
        one.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        #expect(frame(1).origin == Point(x: 10, y: 10))
    }

    @Test func `a surface hears that the pointer has left before it is gone`() {
        let one = window(client, at: 10, 10)
        let child = SubsurfaceTests.Child(client, of: one.surface)
        child.show(0xff00)
        one.surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        let ear = Ear(client, [("one", one.surface), ("child", child.surface)])
        ear.listenToPointer()
        move(12, 12)
        _ = ear.take()
        child.surface.destroy()
        let heard = ear.take()
        // The client has forgotten the surface already.
        #expect(heard == ["leave ?", "|", "enter one 2.0 2.0", "|"])
    }

    @Test func `what was committed is told of before the answer`() throws {
        let fixture = Fixture { $0.shmPolicy = .copy }
        let client = fixture.connect()
        let window = TestWindow(client)
        let file = TestFile.posix(40_000)
        TestFile.write([UInt32](repeating: 0xff, count: 10_000), to: file)
        let pool = client.shm.createPool(fd: file, size: 40_000)
        let buffer = pool.createBuffer(offset: 0, width: 100, height: 100, stride: 400, format: .xrgb8888)
        var isReleased = false
        buffer.onRelease = { isReleased = true }
        window.show(buffer)
        client.roundTrip()
        #expect(isReleased && fixture.compositor.windows.active != nil)
    }

    // MARK: Who mustn't

    @Test func `what a cursor consists of is never under the pointer`() {
        let one = window(client, at: 10, 10)
        let ear = Ear(client, [("one", one.surface)])
        ear.listenToPointer()
        move(15, 15)
        let cursor = client.compositor.createSurface()
        cursor.attach(buffer: TestPool(client, size: 400).buffer(10, 10, color: 0xff00), x: 0, y: 0)
        let child = SubsurfaceTests.Child(client, of: cursor, desync: true)
        child.show(0xff_0000)
        cursor.commit()
        ear.pointer!.setCursor(serial: ear.serial, surface: cursor, hotspotX: 5, hotspotY: 5)
        client.roundTrip()
        fixture.nextFrame()
        #expect(fixture.pixel(15, 15) == 0xff_0000)
        _ = ear.take()
        move(80, 80)
        send(.pointerButton(Self.left, isPressed: true), .pointerButton(Self.left, isPressed: false))
        #expect(ear.take() == ["leave one", "|"])
    }

    @Test func `nobody drags with what another client was told`() {
        let one = window(client, at: 10, 10)
        let other = fixture.connect()
        let two = window(other, at: 60, 10)
        let ear = Ear(client, [("one", one.surface)])
        let otherEar = Ear(other, [("two", two.surface)])
        ear.listenToPointer()
        otherEar.listenToPointer()
        move(15, 15)
        send(.pointerButton(Self.left, isPressed: true))
        _ = ear.take()
        let old = ear.serial
        send(.pointerButton(Self.left, isPressed: false))
        move(65, 15)
        send(.pointerButton(Self.left, isPressed: true))
        let before = frame()
        for serial in [old, ear.serial] {
            one.toplevel.move(seat: client.seat, serial: serial)
            one.toplevel.resize(seat: client.seat, serial: serial, edges: .left)
        }
        client.roundTrip()
        move(70, 20)
        send(.pointerButton(Self.left, isPressed: false))
        #expect(
            otherEar.take() == [
                "enter two 5.0 5.0", "|", "press 0", "|", "motion 10.0 10.0", "|", "release 0", "|",
            ]
        )
        #expect(frame() == before)
    }

    @Test func `who hears of a release has heard of the press`() {
        let one = window(client, at: 10, 10)
        let other = fixture.connect()
        let two = window(other, at: 10, 10)
        fixture.compositor.windows.activate(fixture.compositor.windows.windows[0])
        let otherEar = Ear(other, [("two", two.surface)])
        otherEar.listenToPointer()
        move(15, 15)
        send(.pointerButton(Self.left, isPressed: true))
        one.show(nil)
        client.roundTrip()
        send(.pointerButton(Self.right, isPressed: true), .pointerButton(Self.left, isPressed: false))
        send(.pointerButton(Self.right, isPressed: false))
        #expect(otherEar.take() == ["enter two 5.0 5.0", "|", "press 1", "|", "release 1", "|"])
    }

    @Test func `of many pointers of a client a few hear`() {
        _ = window(client, at: 10, 10)
        var heard = 0
        let pointers = (0..<40).map { _ in client.seat.getPointer() }
        for pointer in pointers { pointer.onEnter = { _, _, _, _ in heard += 1 } }
        client.roundTrip()
        move(15, 15)
        client.roundTrip()
        #expect(heard == 32)
        heard = 0
        client.seat.getPointer().onEnter = { _, _, _, _ in heard += 1 }
        client.roundTrip()
        #expect(heard == 0)
    }

    @Test func `a sync waits for what came before it, and what follows from that`() {
        var answers = 0
        let syncs = PendingSyncs { answers += 1 }
        #expect(syncs.barrier() == nil)
        let first = syncs.begin()
        let barrier = syncs.barrier()
        #expect(barrier != nil && syncs.barrier() === barrier, "both wait for the same")
        let second = syncs.begin()
        let later = syncs.barrier()
        #expect(later !== barrier)
        var third: PendingSyncs.Look?
        syncs.follow(first) { third = syncs.begin() }
        #expect(answers == 0)
        let fourth = syncs.begin()
        syncs.follow(second) {}
        #expect(answers == 0)
        syncs.follow(third) {}
        #expect(answers == 1, "the fourth came later")
        #expect(syncs.barrier() != nil)
        syncs.follow(fourth) {}
        #expect(answers == 2 && syncs.barrier() == nil)
    }
}
