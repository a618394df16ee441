@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Popups: where they go, what they stand on, and how they end.
@Suite(.serialized) struct PopupTests {
    private let fixture: Fixture
    private let client: TestClient
    private static let left: UInt32 = 0x110

    init() throws {
        let keymap = try Keymap()
        fixture = Fixture { $0.keymap = keymap }
        client = fixture.connect()
    }

    // MARK: Rules

    private func rules(
        _ anchor: (Int, Int),
        _ gravity: (Int, Int),
        at rectangle: Rectangle = Rectangle(x: 10, y: 20, width: 30, height: 40),
        size: Size = Size(width: 8, height: 6)
    ) -> PopupRules {
        var rules = PopupRules()
        rules.size = size
        rules.anchorRectangle = rectangle
        rules.anchor = PopupRules.Side(x: anchor.0, y: anchor.1)
        rules.gravity = PopupRules.Side(x: gravity.0, y: gravity.1)
        return rules
    }

    @Test func `anchor and gravity say where it goes`() {
        let xs = [-1: 10, 0: 25, 1: 40]
        let ys = [-1: 20, 0: 40, 1: 60]
        for anchorX in -1...1 {
            for anchorY in -1...1 {
                for gravityX in -1...1 {
                    for gravityY in -1...1 {
                        let place = rules((anchorX, anchorY), (gravityX, gravityY)).place(in: nil)
                        #expect(place.x == xs[anchorX]! + [-1: -8, 0: -4, 1: 0][gravityX]!)
                        #expect(place.y == ys[anchorY]! + [-1: -6, 0: -3, 1: 0][gravityY]!)
                        #expect(place.size == Size(width: 8, height: 6))
                    }
                }
            }
        }
    }

    @Test func `where there is no room it is flipped, slid or made smaller`() {
        let bounds = Rectangle(x: 0, y: 0, width: 44, height: 100)
        var rules = rules((1, 1), (1, 1))
        #expect(rules.place(in: bounds) == Rectangle(x: 40, y: 60, width: 8, height: 6))
        rules.adjustment.x.resizes = true
        #expect(rules.place(in: bounds) == Rectangle(x: 40, y: 60, width: 4, height: 6))
        rules.adjustment.x.slides = true
        #expect(rules.place(in: bounds) == Rectangle(x: 36, y: 60, width: 8, height: 6))
        rules.adjustment.x.flips = true
        #expect(rules.place(in: bounds) == Rectangle(x: 2, y: 60, width: 8, height: 6))
        // To the other side there is no more room.
        let narrow = Rectangle(x: 5, y: 0, width: 39, height: 100)
        #expect(rules.place(in: narrow) == Rectangle(x: 36, y: 60, width: 8, height: 6))
        rules.offset = Point(x: 3, y: -70)
        rules.adjustment.y.slides = true
        #expect(rules.place(in: bounds) == Rectangle(x: 5, y: 0, width: 8, height: 6))
        // Larger than all room: the side that it begins at is what is seen of it.
        rules = self.rules((1, 1), (1, 1), size: Size(width: 60, height: 6))
        rules.adjustment.x.slides = true
        #expect(rules.place(in: bounds).x == 0)
        rules.adjustment.x.resizes = true
        #expect(rules.place(in: bounds) == Rectangle(x: 0, y: 60, width: 44, height: 6))
    }

    @Test func `it fits wherever it can`() {
        var numbers = Numbers(seed: 7)
        for _ in 0..<20_000 {
            let side = { numbers.next(3) - 1 }
            var rules = rules(
                (side(), side()),
                (side(), side()),
                at: Rectangle(x: numbers.next(200) - 50, y: 0, width: numbers.next(50), height: 1),
                size: Size(width: 1 + numbers.next(120), height: 1)
            )
            rules.adjustment.x = PopupRules.Adjustment(flips: numbers.next(2) == 0, slides: true, resizes: true)
            rules.offset = Point(x: numbers.next(100) - 50, y: 0)
            let bounds = Rectangle(x: 0, y: -100, width: 100, height: 300)
            let place = rules.place(in: bounds)
            let touches = rules.place(in: nil)
            if rules.size.width <= 100 {
                #expect(place.minX >= 0 && place.maxX <= 100 && place.width == rules.size.width, "\(rules)")
            } else if touches.minX < 100, touches.maxX > 0 {
                #expect(place.minX >= 0 && place.maxX <= 100 && place.width > 0, "\(rules)")
            }
        }
        // The largest numbers that a client can send.
        let all = [Int(Int32.min), -1, 0, 1, Int(Int32.max)]
        for x in all {
            for width in all where width > 0 {
                for offset in all {
                    var rules = rules((1, 1), (-1, -1), at: Rectangle(x: x, y: x, width: width, height: width))
                    rules.size = Size(width: width, height: width)
                    rules.offset = Point(x: offset, y: offset)
                    rules.adjustment.x = PopupRules.Adjustment(flips: true, slides: true, resizes: true)
                    _ = rules.place(in: Rectangle(x: 0, y: 0, width: 100, height: 100))
                }
            }
        }
    }

    // MARK: On the screen

    /// A popup of a colour.
    final class TestPopup {
        let surface: WlSurface
        let shellSurface: XdgSurface
        let popup: XdgPopup
        var places: [Rectangle] = []
        var tokens: [UInt32] = []
        var isDone = false
        private let pool: TestPool

        init(
            _ client: TestClient,
            on parent: XdgSurface,
            color: UInt32 = 0xff00,
            grab serial: UInt32? = nil,
            _ change: (XdgPositioner) -> Void = { _ in }
        ) {
            surface = client.compositor.createSurface()
            shellSurface = client.wmBase.getXdgSurface(surface: surface)
            let positioner = TestPopup.positioner(client, change)
            popup = shellSurface.getPopup(parent: parent, positioner: positioner)
            pool = TestPool(client, size: 400)
            popup.onConfigure = { [weak self] x, y, width, height in
                self?.places.append(Rectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height)))
            }
            popup.onRepositioned = { [weak self] in self?.tokens.append($0) }
            popup.onPopupDone = { [weak self] in self?.isDone = true }
            shellSurface.onConfigure = { [weak shellSurface] in shellSurface?.ackConfigure(serial: $0) }
            if let serial { popup.grab(seat: client.seat, serial: serial) }
            surface.commit()
            client.roundTrip()
            guard client.error == nil else { return }
            surface.attach(buffer: pool.buffer(10, 10, color: color), x: 0, y: 0)
            surface.commit()
            client.roundTrip()
        }

        static func positioner(_ client: TestClient, _ change: (XdgPositioner) -> Void) -> XdgPositioner {
            let positioner = client.wmBase.createPositioner()
            positioner.setSize(width: 10, height: 10)
            positioner.setAnchorRect(x: 5, y: 5, width: 10, height: 10)
            positioner.setAnchor(anchor: .bottomRight)
            positioner.setGravity(gravity: .bottomRight)
            change(positioner)
            return positioner
        }

        func destroy() {
            popup.destroy()
            shellSurface.destroy()
            surface.destroy()
        }
    }

    private func window(_ client: TestClient, at x: Int, _ y: Int, color: UInt32 = 0xff) -> TestWindow {
        let window = TestWindow(client)
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: color))
        client.roundTrip()
        fixture.compositor.windows.move(fixture.compositor.windows.active!, to: Point(x: x, y: y))
        fixture.nextFrame()
        return window
    }

    private func press(_ client: TestClient, at x: Double, _ y: Double) -> UInt32 {
        var result: UInt32 = 0
        let pointer = client.seat.getPointer()
        pointer.onButton = { serial, _, _, _ in result = serial }
        client.roundTrip()
        for event in [
            InputEvent.pointerMotion(to: Position(x: x, y: y)), .pointerButton(Self.left, isPressed: true),
        ] { fixture.compositor.send(event) }
        client.roundTrip()
        let serial = result
        fixture.compositor.send(.pointerButton(Self.left, isPressed: false))
        pointer.release()
        client.roundTrip()
        return serial
    }

    @Test func `it is where its parent is, and goes where that goes`() {
        let window = window(client, at: 20, 20)
        window.shellSurface.setWindowGeometry(x: 2, y: 2, width: 20, height: 20)
        window.surface.commit()
        let popup = TestPopup(client, on: window.shellSurface)
        #expect(popup.places == [Rectangle(x: 15, y: 15, width: 10, height: 10)])
        fixture.nextFrame()
        #expect(fixture.pixel(34, 34) == 0xff && fixture.pixel(35, 35) == 0xff00 && fixture.pixel(44, 44) == 0xff00)
        let child = TestPopup(client, on: popup.shellSurface, color: 0xff_0000)
        fixture.nextFrame()
        #expect(fixture.pixel(50, 50) == 0xff_0000)
        fixture.compositor.windows.move(fixture.compositor.windows.active!, to: Point(x: 30, y: 25))
        fixture.nextFrame()
        #expect(fixture.pixel(45, 40) == 0xff00 && fixture.pixel(60, 55) == 0xff_0000 && fixture.pixel(35, 35) == 0xff)
        // Another window comes to the front, and goes behind again.
        let other = fixture.connect()
        _ = self.window(other, at: 40, 35, color: 0x11_1111)
        #expect(fixture.pixel(46, 41) == 0x11_1111)
        fixture.compositor.windows.activate(fixture.compositor.windows.windows[0])
        fixture.nextFrame()
        #expect(fixture.pixel(46, 41) == 0xff00 && fixture.pixel(60, 55) == 0xff_0000)
        // It hides, and with it what stands on it.
        window.show(nil)
        client.roundTrip()
        fixture.nextFrame()
        #expect(popup.isDone && child.isDone && fixture.pixel(60, 55) == 0x11_1111)
        child.destroy()
        popup.destroy()
        client.roundTrip()
        #expect(client.error == nil)
    }

    @Test func `those that stand on one another go where one below them goes`() {
        let window = window(client, at: 20, 20)
        let popup = TestPopup(client, on: window.shellSurface)
        let child = TestPopup(client, on: popup.shellSurface)
        let grandchild = TestPopup(client, on: child.shellSurface, color: 0xff_0000)
        fixture.nextFrame()
        #expect(fixture.pixel(64, 64) != 0xff_0000 && fixture.pixel(65, 65) == 0xff_0000)
        let positioner = TestPopup.positioner(client) { $0.setOffset(x: 30, y: -20) }
        popup.popup.reposition(positioner: positioner, token: 1)
        client.roundTrip()
        fixture.nextFrame()
        #expect(fixture.pixel(65, 65) == 0xff_0000)
        popup.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(94, 44) != 0xff_0000 && fixture.pixel(95, 45) == 0xff_0000)
        // The one above it that is placed next is so from there.
        fixture.compositor.windows.move(fixture.compositor.windows.active!, to: Point(x: 10, y: 30))
        let above = TestPopup(client, on: grandchild.shellSurface, color: 0xff_ff00)
        fixture.nextFrame()
        #expect(fixture.pixel(85, 55) == 0xff_0000 && fixture.pixel(100, 70) == 0xff_ff00)
        #expect(client.error == nil)
        withExtendedLifetime(above) {}
    }

    @Test func `it stays on the output, and is placed anew on request or when there is other room`() {
        let window = window(client, at: 180, 80)
        let popup = TestPopup(client, on: window.shellSurface) {
            $0.setConstraintAdjustment(constraintAdjustment: 1 | 8)
            $0.setReactive()
        }
        // It would be at 195,95 of 200x100: slid in one direction, flipped in the other.
        #expect(popup.places.last == Rectangle(x: 10, y: -5, width: 10, height: 10))
        fixture.compositor.windows.move(fixture.compositor.windows.active!, to: Point(x: 20, y: 20))
        fixture.nextFrame()
        client.roundTrip()
        #expect(popup.places.last == Rectangle(x: 15, y: 15, width: 10, height: 10))
        let positioner = TestPopup.positioner(client) { $0.setOffset(x: -100, y: 3) }
        popup.popup.reposition(positioner: positioner, token: 77)
        client.roundTrip()
        #expect(popup.tokens == [77] && popup.places.last == Rectangle(x: -85, y: 18, width: 10, height: 10))
        #expect(client.error == nil)
    }

    // MARK: Grabs

    @Test func `a menu has the input until somebody presses elsewhere`() throws {
        let other = fixture.connect()
        _ = self.window(other, at: 100, 20)
        let window = window(client, at: 20, 20)
        let keyboard = client.seat.getKeyboard()
        var focus: WlSurface?
        keyboard.onEnter = { _, surface, _ in focus = surface }
        let serial = press(client, at: 22, 22)
        let popup = TestPopup(client, on: window.shellSurface, grab: serial)
        client.roundTrip()
        #expect(focus === popup.surface && !popup.isDone)
        let child = TestPopup(client, on: popup.shellSurface, color: 0xff_0000, grab: serial)
        client.roundTrip()
        #expect(focus === child.surface)
        child.destroy()
        client.roundTrip()
        #expect(focus === popup.surface)
        // Presses on the client's own surfaces are the client's.
        _ = press(client, at: 22, 22)
        #expect(!popup.isDone)
        // Nobody else hears of the pointer.
        var events = 0
        let pointer = other.seat.getPointer()
        pointer.onEnter = { _, _, _, _ in events += 1 }
        pointer.onButton = { _, _, _, _ in events += 1 }
        other.roundTrip()
        fixture.compositor.send(.pointerMotion(to: Position(x: 110, y: 30)))
        other.roundTrip()
        #expect(events == 0 && !popup.isDone)
        fixture.compositor.send(.pointerButton(Self.left, isPressed: true))
        fixture.compositor.send(.pointerButton(Self.left, isPressed: false))
        client.roundTrip()
        other.roundTrip()
        #expect(popup.isDone && events == 1, "the press ends the menu, and is nobody's")
        popup.destroy()
        client.roundTrip()
        #expect(client.error == nil && fixture.compositor.seat.grab == nil)
    }

    @Test func `a menu is over when another window appears`() {
        let window = window(client, at: 20, 20)
        let popup = TestPopup(client, on: window.shellSurface, grab: press(client, at: 22, 22))
        #expect(!popup.isDone)
        _ = self.window(fixture.connect(), at: 100, 20)
        client.roundTrip()
        #expect(popup.isDone && fixture.compositor.seat.grab == nil)
    }

    @Test(arguments: ["never", "another client's", "used up"])
    func `who has pressed nothing gets no menu`(what: String) {
        let window = window(client, at: 20, 20)
        var serial: UInt32 = 0
        if what == "another client's" {
            let other = fixture.connect()
            _ = self.window(other, at: 100, 20)
            serial = press(other, at: 110, 30)
        } else if what == "used up" {
            serial = press(client, at: 22, 22)
            for _ in 0..<100 { _ = press(client, at: 22, 22) }
        }
        let popup = TestPopup(client, on: window.shellSurface, grab: serial)
        #expect(popup.isDone && fixture.compositor.seat.grab == nil)
        fixture.nextFrame()
        #expect(fixture.pixel(36, 36) == 0xff, "and none is seen")
        popup.destroy()
        client.roundTrip()
        #expect(client.error == nil)
    }

    @Test func `a menu is opened and chosen from with one long press`() {
        let window = window(client, at: 20, 20)
        let pointer = client.seat.getPointer()
        var (heard, serial): ([String], UInt32) = ([], 0)
        pointer.onEnter = { _, surface, _, _ in heard.append("enter \(surface?.id ?? 0)") }
        pointer.onLeave = { _, surface in heard.append("leave \(surface?.id ?? 0)") }
        pointer.onButton = { number, _, _, state in
            serial = number
            heard.append("\(state)")
        }
        client.roundTrip()
        fixture.compositor.send(.pointerMotion(to: Position(x: 22, y: 22)))
        fixture.compositor.send(.pointerButton(0x110, isPressed: true))
        client.roundTrip()
        heard = []
        let popup = TestPopup(client, on: window.shellSurface, grab: serial)
        fixture.nextFrame()
        let place = popup.places.last!
        fixture.compositor.send(.pointerMotion(to: Position(x: Double(20 + place.x + 1), y: Double(20 + place.y + 1))))
        fixture.compositor.send(.pointerButton(0x110, isPressed: false))
        client.roundTrip()
        #expect(heard == ["leave \(window.surface.id)", "enter \(popup.surface.id)", "released"])
    }

    @Test func `a press is good for menus until somebody pressed elsewhere`() {
        let other = fixture.connect()
        _ = self.window(other, at: 100, 20)
        let window = window(client, at: 20, 20)
        let (first, second) = (press(client, at: 22, 22), press(client, at: 22, 22))
        let popup = TestPopup(client, on: window.shellSurface, grab: first)
        #expect(!popup.isDone)
        popup.destroy()
        // Along a menu bar, one is closed and the next one opened for the same press.
        let again = TestPopup(client, on: window.shellSurface, grab: first)
        #expect(!again.isDone)
        again.destroy()
        let menu = TestPopup(client, on: window.shellSurface, grab: second)
        #expect(!menu.isDone)
        // Somebody wants out, and gets there.
        _ = press(client, at: 110, 30)
        #expect(menu.isDone)
        menu.destroy()
        for serial in first...second + 8 {
            let popup = TestPopup(client, on: window.shellSurface, grab: serial)
            #expect(popup.isDone)
            popup.destroy()
        }
        #expect(press(other, at: 110, 30) != 0 && client.error == nil)
    }

    @Test func `a client that leaves takes its menu with it`() {
        let other = fixture.connect()
        let window = window(other, at: 20, 20)
        let serial = press(other, at: 22, 22)
        let popup = TestPopup(other, on: window.shellSurface, grab: serial)
        #expect(!popup.isDone && fixture.compositor.seat.grab != nil)
        fixture.disconnect(other)
        fixture.pump()
        #expect(fixture.compositor.seat.grab == nil && fixture.compositor.scene.nodes.allSatisfy { !($0 is Popup) })
    }

    // MARK: Errors

    private func error(_ body: (TestClient, TestWindow) -> Void) -> String? {
        let client = fixture.connect()
        body(client, window(client, at: 0, 0))
        client.roundTrip()
        return client.error
    }

    @Test func `rules that are broken are errors`() {
        // Below another one.
        #expect(
            error { client, window in
                let popup = TestPopup(client, on: window.shellSurface)
                _ = TestPopup(client, on: popup.shellSurface)
                popup.popup.destroy()
            } == "xdg_wm_base 2"
        )
        // Too late.
        #expect(
            error { client, window in
                let serial = press(client, at: 2, 2)
                TestPopup(client, on: window.shellSurface).popup.grab(seat: client.seat, serial: serial)
            } == "xdg_popup 0"
        )
        // On one without a grab.
        #expect(
            error { client, window in
                let serial = press(client, at: 2, 2)
                let popup = TestPopup(client, on: window.shellSurface)
                _ = TestPopup(client, on: popup.shellSurface, grab: serial)
            } == "xdg_wm_base 2"
        )
        // On nothing that has a role.
        #expect(
            error { client, _ in
                let bare = client.wmBase.getXdgSurface(surface: client.compositor.createSurface())
                _ = TestPopup(client, on: bare)
            } == "xdg_wm_base 3"
        )
        // In a ring.
        var errorBefore: String?
        let ring = error { client, window in
            let surfaces = (0..<2).map { _ in
                client.wmBase.getXdgSurface(surface: client.compositor.createSurface())
            }
            let positioner = TestPopup.positioner(client) { _ in }
            let lower = surfaces[0].getPopup(parent: window.shellSurface, positioner: positioner)
            surfaces[1].getPopup(parent: surfaces[0], positioner: positioner).destroy()
            surfaces[1].getPopup(parent: window.shellSurface, positioner: positioner)
            lower.destroy()
            surfaces[0].getPopup(parent: surfaces[1], positioner: positioner).destroy()
            client.roundTrip()
            errorBefore = client.error
            surfaces[0].getPopup(parent: surfaces[0], positioner: positioner)
        }
        #expect(errorBefore == nil && ring == "xdg_wm_base 3")
        // As high as that.
        #expect(
            error { client, window in
                var shellSurface = window.shellSurface
                for _ in 0..<65 {
                    let next = client.wmBase.getXdgSurface(surface: client.compositor.createSurface())
                    next.getPopup(parent: shellSurface, positioner: TestPopup.positioner(client) { _ in })
                    shellSurface = next
                }
            } == "wl_display 2"
        )
    }

    // MARK: Death

    /// Does something at random with windows, popups and grabs, as its user does with the pointer and fingers.
    private final class Reckless {
        let client: TestClient
        private let fixture: Fixture
        private var numbers: Numbers
        private var windows: [TestWindow] = []
        private var popups: [TestPopup] = []
        private var serial: UInt32 = 0
        private let pointer: WlPointer
        private let keyboard: WlKeyboard
        private let touch: WlTouch

        init(_ fixture: Fixture, seed: Int) {
            self.fixture = fixture
            client = fixture.connect()
            numbers = Numbers(seed: UInt64(seed))
            pointer = client.seat.getPointer()
            keyboard = client.seat.getKeyboard()
            touch = client.seat.getTouch()
            pointer.onButton = { [weak self] serial, _, _, _ in self?.serial = serial }
            addWindow()
        }

        private func addWindow() {
            let window = TestWindow(client)
            window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
            client.roundTrip()
            windows.append(window)
        }

        private var place: Position { Position(x: Double(numbers.next(200)), y: Double(numbers.next(100))) }

        private func send(_ event: InputEvent) { fixture.compositor.send(event) }

        func step() {
            guard client.error == nil, let window = windows.last else { return }
            let parent = popups.last?.shellSurface ?? window.shellSurface
            switch numbers.next(16) {
            case 0 where windows.count < 4: addWindow()
            case 1, 2:
                let grab = numbers.next(2) == 0 ? serial : nil
                popups.append(TestPopup(client, on: parent, grab: grab) { $0.setReactive() })
            case 3: popups.popLast()?.destroy()
            case 4: popups.last?.surface.destroy()
            case 5: window.show(nil)
            case 6: window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
            case 7: window.toplevel.move(seat: client.seat, serial: serial)
            case 8:
                let edges = XdgToplevel.ResizeEdge(rawValue: UInt32([1, 2, 4, 5, 6, 8, 9, 10][numbers.next(8)]))
                window.toplevel.resize(seat: client.seat, serial: serial, edges: edges)
            case 9, 10: send(.pointerButton(PopupTests.left, isPressed: numbers.next(2) == 0))
            case 11: send(.touchDown(Int32(numbers.next(3)), at: place))
            case 12: send(numbers.next(2) == 0 ? .touchUp(Int32(numbers.next(3))) : .touchCancel)
            case 13:
                let positioner = TestPopup.positioner(client) { $0.setOffset(x: .min, y: .max) }
                popups.last?.popup.reposition(positioner: positioner, token: 1)
            case 14: fixture.nextFrame()
            default: send(.pointerMotion(to: place))
            }
            if numbers.next(3) == 0 { client.roundTrip() }
        }
    }

    @Test func `a client that dies at any moment leaves nothing behind`() {
        let bystander = window(client, at: 100, 50)
        _ = Reckless(fixture, seed: 0)
        let descriptors = openDescriptorCount()
        let mappings = mappingCount(named: "signet-test")
        for seed in 1..<120 {
            let reckless = Reckless(fixture, seed: seed)
            for _ in 0..<seed { reckless.step() }
            fixture.disconnect(reckless.client)
            fixture.pump()
            let left = fixture.compositor.scene.nodes.filter { $0 is Popup || $0 is Window }
            #expect(left.count <= 2 && fixture.compositor.seat.grab == nil, "seed \(seed)")
            for event in [InputEvent.pointerButton(Self.left, isPressed: false), .touchCancel] {
                fixture.compositor.send(event)
            }
        }
        Disposal.drain()
        #expect(openDescriptorCount() == descriptors && mappingCount(named: "signet-test") <= mappings + 1)
        // The others go on.
        var hasEntered = false
        client.seat.getPointer().onEnter = { _, _, _, _ in hasEntered = true }
        client.roundTrip()
        fixture.compositor.send(.pointerMotion(to: Position(x: 110, y: 60)))
        #expect(client.roundTrip() && hasEntered)
        withExtendedLifetime(bystander) {}
    }
}
