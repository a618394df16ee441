@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Title bars, menus and keys, as somebody uses them with a mouse, a finger or a keyboard.
@Suite(.serialized) struct WindowFrameTests {
    private let fixture: Fixture
    private let client: TestClient
    private let window: DecorationTests.Undecided
    private let node: Window

    private static let left: UInt32 = 0x110
    private static let right: UInt32 = 0x111
    private static let alt: UInt32 = 56

    init() throws {
        let keymap = try Keymap()
        fixture = Fixture { $0.keymap = keymap }
        client = fixture.connect()
        window = DecorationTests.Undecided(client)
        client.bind(ZxdgDecorationManagerV1.self).getToplevelDecoration(toplevel: window.toplevel)
        window.show(client)
        node = fixture.compositor.windows.active!
        fixture.compositor.windows.move(node, to: Point(x: 20, y: 10))
        fixture.nextFrame()
    }

    private var windows: WindowManager { fixture.compositor.windows }

    private func send(_ events: InputEvent...) {
        for event in events { fixture.compositor.send(event) }
        fixture.nextFrame()
    }

    private func move(_ x: Double, _ y: Double) { send(.pointerMotion(to: Position(x: x, y: y))) }

    private func press(_ button: UInt32 = left) { send(.pointerButton(button, isPressed: true)) }

    private func release(_ button: UInt32 = left) { send(.pointerButton(button, isPressed: false)) }

    private func click(_ x: Double, _ y: Double, _ button: UInt32 = left) {
        move(x, y)
        press(button)
        release(button)
    }

    /// Presses a key while Alt is down, and Shift perhaps.
    private func alt(_ code: UInt32, shift: Bool = false) {
        if shift { send(.key(42, isPressed: true)) }
        send(.key(Self.alt, isPressed: true), .key(code, isPressed: true))
        send(.key(code, isPressed: false), .key(Self.alt, isPressed: false))
        if shift { send(.key(42, isPressed: false)) }
    }

    // The bar is 100 wide and begins at (20, 10): buttons are at 54, 76 and 98.
    private static let minimize = 65.0
    private static let maximize = 87.0
    private static let close = 109.0

    // MARK: Moving and resizing

    @Test func theTitleMovesTheWindow() {
        move(30, 25)
        press()
        move(50, 40)
        #expect(node.frame.origin == Point(x: 40, y: 25))
        release()
        move(0, 0)
        #expect(node.frame.origin == Point(x: 40, y: 25))
    }

    @Test func aFingerMovesItToo() {
        send(.touchDown(3, at: Position(x: 30, y: 25)))
        send(.touchMotion(3, to: Position(x: 50, y: 40)))
        #expect(node.frame.origin == Point(x: 40, y: 25))
        send(.touchUp(3))
        send(.touchDown(3, at: Position(x: 190, y: 90)), .touchMotion(3, to: Position(x: 0, y: 0)))
        #expect(node.frame.origin == Point(x: 40, y: 25))
    }

    @Test func aClientsFingerCanMoveItToo() {
        let touch = client.seat.getTouch()
        var heard: [String] = []
        var serial: UInt32 = 0
        touch.onDown = {
            serial = $0
            _ = ($1, $2, $3, $4, $5)
            heard.append("down")
        }
        touch.onMotion = { _, _, _, _ in heard.append("motion") }
        touch.onUp = { _, _, _ in heard.append("up") }
        touch.onCancel = { heard.append("cancel") }
        client.roundTrip()
        send(.touchDown(3, at: Position(x: 40, y: 50)))
        window.toplevel.move(seat: client.seat, serial: serial)
        client.roundTrip()
        send(.touchMotion(3, to: Position(x: 50, y: 55)), .touchUp(3))
        #expect(node.frame.origin == Point(x: 30, y: 15))
        #expect(heard == ["down", "cancel"])
        // What was good for one drag isn't for another.
        window.toplevel.move(seat: client.seat, serial: serial)
        client.roundTrip()
        send(.touchDown(3, at: Position(x: 40, y: 60)), .touchMotion(3, to: Position(x: 0, y: 0)), .touchUp(3))
        #expect(node.frame.origin == Point(x: 30, y: 15))
    }

    @Test func theUpperEdgeAndItsCornersPull() {
        for (x, size) in [(60.0, "size 100x45"), (22, "size 110x45"), (118, "size 90x45")] {
            window.forget()
            move(x, 11)
            press()
            move(x - 10, 6)
            client.roundTrip()
            #expect(window.heard.filter { $0.hasPrefix("size") }.last == size)
            release()
            fixture.compositor.windows.move(node, to: Point(x: 20, y: 10))
        }
    }

    @Test func aWindowThatIsGoneIsMovedNoMore() {
        move(30, 25)
        press()
        window.surface.attach(buffer: nil, x: 0, y: 0)
        window.surface.commit()
        client.roundTrip()
        move(60, 60)
        release()
        send(.touchDown(1, at: Position(x: 0, y: 0)))
        #expect(fixture.compositor.windows.windows.isEmpty && client.roundTrip())
    }

    // MARK: Buttons

    @Test func buttonsDoWhatTheyShow() {
        window.forget()
        click(Self.maximize, 25)
        client.roundTrip()
        #expect(window.heard.contains("size 200x78") && node.wanted.isMaximized)
        node.fill { $0.isMaximized = false }
        client.roundTrip()
        click(Self.close, 25)
        client.roundTrip()
        #expect(window.heard.last == "close")
        click(Self.minimize, 25)
        #expect(windows.minimized.count == 1 && windows.windows.isEmpty)
    }

    @Test func aButtonIsLeftAlone() {
        move(Self.minimize, 25)
        press()
        #expect(fixture.picture()[10..<32].contains { $0[54..<76].contains(0xebcb8b) })
        move(Self.minimize, 60)
        #expect(!fixture.picture()[10..<32].contains { $0[54..<76].contains(0xebcb8b) })
        release()
        #expect(windows.windows.count == 1)
        // The right one opens the menu instead.
        move(Self.minimize, 25)
        press(Self.right)
        #expect(windows.windows.count == 1 && windows.menu != nil)
    }

    @Test func twoPressesOnTheTitleMaximize() {
        click(30, 25)
        click(31, 25)
        #expect(node.wanted.isMaximized)
        client.roundTrip()
        node.fill { $0.isMaximized = false }
        click(30, 25)
        fixture.clock.advance(by: 500_000_000)
        click(30, 25)
        #expect(!node.wanted.isMaximized)
    }

    @Test func pressingABarBringsItsWindowToTheFront() {
        let other = TestWindow(client)
        other.show(TestPool(client, size: 400).buffer(10, 10, color: 0xff))
        client.roundTrip()
        #expect(windows.active !== node)
        click(30, 25)
        #expect(windows.active === node)
    }

    @Test func narrowBarsHaveFewButtonsAndHugeOnesAll() {
        let bar = TitleBar(fonts: Fonts(), icons: FrameIcons(), account: fixture.compositor.accounts[0])
        func buttons(_ width: Int) -> Int {
            Set((0..<min(width, 20_000)).map { "\(bar.part(at: Point(x: width - 1 - $0, y: 10), width: width))" })
                .count { $0.contains("button") }
        }
        #expect([0, 1, 43, 44, 66, 88, 100_000].map(buttons) == [0, 0, 0, 1, 2, 3, 3])
        for width in [0, 1, 30, Int(Int32.max)] {
            #expect(bar.items(at: Point(x: 0, y: 0), width: width).count <= 5)
        }
    }

    // MARK: The menu

    @Test func theMenuIsChosenFrom() {
        click(30, 25, Self.right)
        let menu = windows.menu
        #expect(menu != nil && fixture.compositor.scene.nodes.last { $0.layer == .windows } === menu)
        // The third line, which is for the whole screen. There is room for the menu at 4 and above.
        click(40, 4 + 24 * 2 + 5)
        #expect(node.wanted.isFullscreen && windows.menu == nil)
        client.roundTrip()
    }

    @Test func theMenuIsLeftByAPressElsewhereOrEscape() {
        var heard = 0
        let pointer = client.seat.getPointer()
        pointer.onButton = { _, _, _, _ in heard += 1 }
        client.roundTrip()
        click(30, 25, Self.right)
        // On the window, which hears nothing of it.
        click(21, 40)
        client.roundTrip()
        #expect(windows.menu == nil && heard == 0)
        click(30, 25, Self.right)
        send(.key(30, isPressed: true), .key(30, isPressed: false))
        #expect(windows.menu != nil)
        send(.key(Shortcut.escape, isPressed: true), .key(Shortcut.escape, isPressed: false))
        #expect(windows.menu == nil)
    }

    @Test func clientsOpenItForAPress() {
        let pointer = client.seat.getPointer()
        var serial: UInt32 = 0
        pointer.onButton = { number, _, _, state in if state == .pressed { serial = number } }
        client.roundTrip()
        window.toplevel.showWindowMenu(seat: client.seat, serial: 12, x: 0, y: 0)
        client.roundTrip()
        #expect(windows.menu == nil)
        move(60, 60)
        press(Self.right)
        window.toplevel.showWindowMenu(seat: client.seat, serial: serial, x: .max, y: .min)
        client.roundTrip()
        #expect(windows.menu != nil)
        release(Self.right)
        // Somebody wants out.
        click(190, 90)
        #expect(windows.menu == nil)
        window.toplevel.showWindowMenu(seat: client.seat, serial: serial, x: 0, y: 0)
        client.roundTrip()
        #expect(windows.menu == nil)
        move(60, 60)
        press(Self.right)
        window.shellSurface.setWindowGeometry(x: 5, y: 5, width: 80, height: 30)
        window.surface.commit()
        window.toplevel.showWindowMenu(seat: client.seat, serial: serial, x: -10, y: -40)
        client.roundTrip()
        // Below the title bar, seen from the surface's corner, as far as there is room.
        #expect(fixture.compositor.scene.nodes.last { $0 is WindowMenu }?.items.first?.bounds.origin.x == 5)
        release(Self.right)
        fixture.disconnect(client)
        #expect(windows.menu == nil)
        send(.pointerMotion(to: Position(x: 1, y: 1)), .pointerButton(Self.left, isPressed: true))
    }

    /// Its labels are drawn on the client's lane, and may come later than its end.
    @Test func aMenuMayBeGoneBeforeItIsDrawn() {
        let before = fixture.compositor.accounts[0].usage(of: .drawnBytes)
        for _ in 0..<20 {
            fixture.compositor.windows.showMenu(
                for: node,
                at: Point(x: 30, y: 30),
                account: fixture.compositor.accounts[0]
            )
            fixture.compositor.windows.closeMenu()
        }
        weak var menu: WindowMenu?
        fixture.compositor.windows.showMenu(for: node, at: Point(x: 30, y: 30), account: fixture.compositor.accounts[0])
        menu = windows.menu
        #expect(menu != nil)
        window.surface.attach(buffer: nil, x: 0, y: 0)
        window.surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        #expect(menu == nil && windows.menu == nil && client.roundTrip())
        #expect(fixture.compositor.accounts[0].usage(of: .drawnBytes) == before)
    }

    @Test func clientsHaveNoMenuBesideOurs() {
        let keyboard = client.seat.getKeyboard()
        var serial: UInt32 = 0
        keyboard.onKey = { number, _, _, _ in serial = number }
        client.roundTrip()
        alt(57)
        client.roundTrip()
        #expect(windows.menu != nil && serial != 0)
        let popup = PopupTests.TestPopup(client, on: window.shellSurface, grab: serial)
        #expect(popup.isDone)
        click(190, 90)
        #expect(windows.menu == nil)
        var keys = 0
        keyboard.onKey = { _, _, _, _ in keys += 1 }
        send(.key(30, isPressed: true), .key(30, isPressed: false))
        client.roundTrip()
        #expect(keys == 2)
    }

    @Test func aMenuTakesTheKeyboardAndGivesItBack() {
        let keyboard = client.seat.getKeyboard()
        var heard: [String] = []
        keyboard.onEnter = { _, _, keys in heard.append("enter \(keys.elements(as: UInt32.self))") }
        keyboard.onLeave = { _, _ in heard.append("leave") }
        keyboard.onKey = { _, _, key, state in heard.append("\(state) \(key)") }
        client.roundTrip()
        click(30, 25, Self.right)
        send(.key(30, isPressed: true))
        send(.key(Shortcut.escape, isPressed: true))
        client.roundTrip()
        #expect(heard.filter { !$0.hasPrefix("enter") && $0 != "leave" }.isEmpty, "\(heard)")
    }

    @Test func aMenuIsChosenFromByOneLongPress() {
        move(30, 25)
        press(Self.right)
        // A plain press and release chooses nothing, nor does one with a tremble.
        move(31, 27)
        release(Self.right)
        #expect(windows.menu != nil)
        click(190, 98)
        #expect(windows.menu == nil)
        move(30, 25)
        press(Self.right)
        move(40, 4 + 24 + 5)
        #expect(fixture.pixel(32, 4 + 24 + 5) == 0x5e81ac)
        release(Self.right)
        #expect(windows.menu == nil && node.wanted.isMaximized)
    }

    @Test func aMenuIsChosenFromByKeys() {
        alt(57)
        for code in [Shortcut.down, Shortcut.up, Shortcut.up, Shortcut.up, Shortcut.down] {
            send(.key(code, isPressed: true), .key(code, isPressed: false))
        }
        // The first, the last, and three lines further.
        #expect(windows.menu != nil)
        send(.key(Shortcut.enter, isPressed: true), .key(Shortcut.enter, isPressed: false))
        #expect(windows.menu == nil && node.wanted.isFullscreen)
        // With nothing chosen nothing is done.
        alt(57)
        send(.key(Shortcut.enter, isPressed: true), .key(Shortcut.enter, isPressed: false))
        #expect(windows.menu != nil)
    }

    // MARK: Keys

    @Test func keysAreForWindows() {
        let other = TestWindow(client)
        other.show(TestPool(client, size: 400).buffer(10, 10, color: 0xff))
        client.roundTrip()
        let second = windows.active!
        alt(15)
        #expect(windows.active === node)
        alt(15, shift: true)
        #expect(windows.active === second)
        alt(68)
        #expect(second.wanted.isMaximized)
        alt(87)
        #expect(second.wanted.isFullscreen)
        alt(57)
        #expect(windows.menu?.window === second)
        send(.key(Shortcut.escape, isPressed: true), .key(Shortcut.escape, isPressed: false))
        alt(67)
        #expect(windows.minimized.first === second && windows.active === node)
        alt(15)
        #expect(windows.active === second)
        var closes = 0
        other.toplevel.onClose = { closes += 1 }
        alt(62)
        client.roundTrip()
        #expect(closes == 1)
    }

    @Test func clientsDoNotHearOfThem() {
        let keyboard = client.seat.getKeyboard()
        var heard: [String] = []
        keyboard.onKey = { _, _, key, state in heard.append("\(state) \(key)") }
        keyboard.onEnter = { _, _, keys in heard.append("enter \(keys.elements(as: UInt32.self))") }
        client.roundTrip()
        heard = []
        alt(68)
        client.roundTrip()
        #expect(heard == ["pressed 56", "released 56"])
        heard = []
        // Nor does who gets the keyboard meanwhile.
        let other = TestWindow(client)
        other.show(TestPool(client, size: 400).buffer(10, 10, color: 0xff))
        client.roundTrip()
        heard = []
        alt(15)
        client.roundTrip()
        #expect(heard == ["pressed 56", "enter [56]", "released 56"])
    }

    @Test func theyCanBeSwitchedOff() throws {
        let keymap = try Keymap()
        let fixture = Fixture {
            $0.keymap = keymap
            $0.hasShortcuts = false
        }
        let client = fixture.connect()
        let window = TestWindow(client)
        window.show(TestPool(client, size: 400).buffer(10, 10, color: 0xff))
        let keyboard = client.seat.getKeyboard()
        var heard: [UInt32] = []
        keyboard.onKey = { _, _, key, _ in heard.append(key) }
        client.roundTrip()
        for code: UInt32 in [Self.alt, 62] { fixture.compositor.send(.key(code, isPressed: true)) }
        client.roundTrip()
        #expect(heard == [Self.alt, 62])
    }
}
