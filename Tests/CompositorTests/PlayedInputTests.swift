@testable import Compositor
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Keyboards and pointers that clients play.
@Suite(.serialized) struct PlayedInputTests {
    private let fixture: Fixture
    private let client: TestClient
    private let party: TestClient
    private let ear: Ear
    private let window: TestWindow
    private let keymap: Keymap

    private static let text = """
        xkb_keymap {
        xkb_keycodes { minimum = 8; maximum = 255; <A> = 38; <B> = 39; <TAB> = 200; };
        xkb_types { type "ONE_LEVEL" { modifiers = none; level_name[Level1] = "Any"; }; };
        xkb_compatibility { };
        xkb_symbols { key <A> { [ U1F600 ] }; key <B> { [ b ] }; key <TAB> { [ Tab ] }; };
        };
        """

    init() throws {
        let keymap = try Keymap()
        self.keymap = keymap
        fixture = Fixture {
            $0.keymap = keymap
            $0.shmPolicy = .copy
        }
        client = fixture.connect()
        party = fixture.connect()
        window = TestWindow(client)
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        fixture.compositor.windows.active!.moveGeometry(to: Point(x: 10, y: 20))
        ear = Ear(client, [("it", window.surface)])
        ear.listenToKeyboard()
        ear.listenToPointer()
        _ = ear.take()
    }

    private func makeKeyboard(_ client: TestClient) -> ZwpVirtualKeyboardV1 {
        client.bind(ZwpVirtualKeyboardManagerV1.self).createVirtualKeyboard(seat: client.seat)
    }

    private func send(
        _ text: String,
        to keyboard: ZwpVirtualKeyboardV1,
        seals: Seals = .shrink,
        size: Int? = nil,
        format: UInt32 = 1
    ) {
        let bytes = Array(text.utf8) + [0]
        let file = TestFile.memfd(bytes.count, seals: seals)
        TestFile.write(bytes: bytes, to: file)
        keyboard.keymap(format: format, fd: file, size: UInt32(size ?? bytes.count))
    }

    // MARK: Keyboards

    @Test func `keys wait for their keymap, which comes before them`() throws {
        let keyboard = makeKeyboard(party)
        send(Self.text, to: keyboard)
        keyboard.key(time: 0, key: 30, state: 1)
        keyboard.key(time: 0, key: 30, state: 0)
        keyboard.modifiers(modsDepressed: 4, modsLatched: 0, modsLocked: 0, group: 0)
        // A sync is answered after all that.
        party.roundTrip()
        #expect(ear.take() == ["modifiers 0 0", "down 30", "up 30", "modifiers 4 0"])
        #expect(ear.keymapSizes.count == 2 && ear.keymapSizes[0] == keymap.size)
        // The seat's own key brings its own keymap back.
        fixture.compositor.send(.key(31, isPressed: true))
        fixture.compositor.send(.key(31, isPressed: false))
        #expect(ear.take() == ["modifiers 0 0", "down 31", "up 31"])
        #expect(ear.keymapSizes.count == 3 && ear.keymapSizes[2] == keymap.size)
        // Also where the keyboard that was played is no more.
        keyboard.modifiers(modsDepressed: 0, modsLatched: 0, modsLocked: 0, group: 0)
        keyboard.key(time: 0, key: 30, state: 1)
        keyboard.destroy()
        party.roundTrip()
        #expect(ear.keymapSizes.count == 4)
        fixture.compositor.send(.key(31, isPressed: true))
        _ = ear.take()
        #expect(ear.keymapSizes.count == 5 && ear.keymapSizes[4] == keymap.size)
    }

    @Test func `keys between keymaps belong to the one before`() {
        let keyboard = makeKeyboard(party)
        send(Self.text, to: keyboard)
        keyboard.key(time: 0, key: 30, state: 1)
        send(Self.text + "// longer", to: keyboard)
        keyboard.key(time: 0, key: 31, state: 1)
        party.roundTrip()
        // What was held by the first is released with it.
        #expect(ear.take() == ["modifiers 0 0", "down 30", "up 30", "modifiers 0 0", "down 31"])
        #expect(ear.keymapSizes.count == 3)
        fixture.disconnect(party)
        #expect(ear.take() == ["up 31"])
        // Nothing more is typed with it; who gets the keyboard gets the seat's keymap.
        let other = TestWindow(client)
        other.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        _ = ear.take()
        #expect(ear.keymapSizes.count == 4 && ear.keymapSizes[3] == keymap.size)
    }

    @Test(arguments: [ShmPolicy.strict, .seal, .copy])
    func `keymaps are admitted as any shared memory is`(_ policy: ShmPolicy) throws {
        let keymap = try Keymap()
        let fixture = Fixture {
            $0.keymap = keymap
            $0.shmPolicy = policy
        }
        let bytes = Array(Self.text.utf8) + [0]
        func accepts(_ file: borrowing Descriptor) -> Bool {
            TestFile.write(bytes: bytes, to: file)
            let client = fixture.connect()
            let keyboard = makeKeyboard(client)
            keyboard.keymap(format: 1, fd: file, size: UInt32(bytes.count))
            keyboard.key(time: 0, key: 30, state: 1)
            let isAlive = client.roundTrip()
            #expect(isAlive || client.error == "zwp_virtual_keyboard_v1 0")
            fixture.disconnect(client)
            return isAlive
        }
        let isSealedTaken = accepts(TestFile.memfd(bytes.count, seals: .shrink))
        let isSealableTaken = accepts(TestFile.memfd(bytes.count))
        let isPosixTaken = accepts(TestFile.posix(bytes.count))
        let isUnsealableTaken = accepts(TestFile.memfd(bytes.count, allowSealing: false))
        #expect(isSealedTaken)
        #expect(isSealableTaken == (policy != .strict))
        #expect(isPosixTaken == (policy == .copy))
        #expect(isUnsealableTaken == (policy == .copy))
    }

    @Test func `what isn't a keymap ends its client, and nobody else`() {
        let count = openDescriptorCount()
        func error(_ body: (ZwpVirtualKeyboardV1) -> Void) -> String? {
            let client = fixture.connect()
            body(makeKeyboard(client))
            client.roundTrip()
            defer { fixture.disconnect(client) }
            return client.error
        }
        let noKeymap = "zwp_virtual_keyboard_v1 0"
        #expect(error { $0.key(time: 0, key: 1, state: 1) } == noKeymap)
        #expect(error { $0.modifiers(modsDepressed: 1, modsLatched: 0, modsLocked: 0, group: 0) } == noKeymap)
        #expect(error { send("xkb_keymap { nonsense };", to: $0) } == noKeymap)
        #expect(error { send(Self.text, to: $0, size: 1 << 30) } == noKeymap)
        #expect(error { send(Self.text, to: $0, size: 0) } == noKeymap)
        #expect(error { send(Self.text, to: $0, size: 100_000) } == noKeymap)
        #expect(error { send(Self.text, to: $0, format: 0) } == noKeymap)
        #expect(error { $0.keymap(format: 1, fd: TestFile.pipe(), size: 10) } == noKeymap)
        let endless = error { keyboard in
            send(Self.text, to: keyboard)
            for code in 0..<5_000 { keyboard.key(time: 0, key: UInt32(code), state: 1) }
        }
        #expect(endless == nil || endless == "wl_display 2")
        #expect(ear.take().allSatisfy { $0 != "focus" })
        #expect(client.roundTrip())
        #expect(openDescriptorCount() == count)
    }

    @Test func `text that would harm who compiles it isn't compiled`() throws {
        func check(_ text: String) -> KeymapText.Failure? {
            do throws(KeymapText.Failure) { try KeymapText.check(Array(text.utf8)) } catch { return error }
            return nil
        }
        #expect(check(Self.text) == nil)
        #expect(check(String(decoding: keymap.text, as: UTF8.self)) == nil)
        #expect(
            check("xkb_types { include \"complete\" }; xkb_symbols { include \"pc+us(intl)+inet(evdev)\" };") == nil
        )
        #expect(check("xkb_keycodes { <A> = 4095; };") == nil)
        for number in ["4096", "4000000000", "0x1000000", "99999999999999999999999"] {
            #expect(check("xkb_keycodes { <A> =// comment\n \(number); };") == .largeKeycode)
        }
        let sum = (0..<300).map { "\($0)" }.joined(separator: "+")
        #expect(check("xkb_types { virtual_modifiers M = \(sum); };") == .longExpression)
        #expect(check("x = " + String(repeating: "(", count: 50)) == .deepNesting)
        #expect(check("x = " + String(repeating: "!", count: 300)) == .longExpression)
        for name in ["../../tmp/x", "/tmp/x", "%H/x", "a.b"] {
            #expect(check("xkb_symbols { include \"\(name)\" };") == .includePath)
            #expect(check("xkb_symbols { Augment \"\(name)\" };") == .includePath)
        }
        #expect(check("xkb_symbols { \(String(repeating: "include \"us\" ", count: 65)) };") == .tooManyIncludes)
        let many = Array(repeating: "us", count: 65).joined(separator: "+")
        #expect(check("xkb_symbols { include \"\(many)\" };") == .tooManyIncludes)
        #expect(check("xkb_symbols { include \"us") == .unfinished)
        // And what passes is compiled, or an error.
        let keyboard = makeKeyboard(party)
        send("xkb_keymap { xkb_keycodes { <A> = 5000; }; };", to: keyboard)
        #expect(!party.roundTrip() && party.error == "zwp_virtual_keyboard_v1 0")
    }

    @Test func `who doesn't read isn't sent more keymaps than it can take, and goes on`() {
        let first = makeKeyboard(party)
        let second = makeKeyboard(party)
        send(Self.text, to: first)
        send(Self.text + "// another", to: second)
        party.roundTrip()
        // The window's client doesn't read meanwhile.
        for _ in 0..<150 {
            for keyboard in [first, second] {
                keyboard.key(time: 0, key: 30, state: 1)
                keyboard.key(time: 0, key: 30, state: 0)
            }
            party.connection.flush()
            fixture.compositor.dispatch(timeout: 0)
        }
        #expect(client.roundTrip())
        #expect(ear.keymapSizes.count > 2)
        _ = ear.take()
        first.key(time: 0, key: 30, state: 1)
        first.key(time: 0, key: 30, state: 0)
        party.roundTrip()
        #expect(ear.take().suffix(2) == ["down 30", "up 30"])
    }

    @Test func `each keyboard's keymap counts among what its client holds`() {
        let manager = party.bind(ZwpVirtualKeyboardManagerV1.self)
        let limit = fixture.compositor.settings.limits.descriptors
        for _ in 0..<limit + 10 {
            send(Self.text, to: manager.createVirtualKeyboard(seat: party.seat))
            if !party.roundTrip() { break }
        }
        #expect(party.error == "wl_display 2")
        #expect(client.roundTrip())
    }

    @Test func `the compositor's keys go by what they mean`() {
        let second = TestWindow(client)
        second.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        let front = fixture.compositor.windows.active
        let keyboard = makeKeyboard(party)
        send(Self.text, to: keyboard)
        // Mod1 is Alt.
        keyboard.modifiers(modsDepressed: 8, modsLatched: 0, modsLocked: 0, group: 0)
        keyboard.key(time: 0, key: 192, state: 1)
        keyboard.key(time: 0, key: 192, state: 0)
        party.roundTrip()
        #expect(fixture.compositor.windows.active !== front)
    }

    // MARK: Pointers

    @Test func `a pointer that is played moves the seat's, on all outputs or one`() {
        fixture.compositor.addOutput(OutputMode(width: 100, height: 100, refresh: 50_000))
        let manager = party.bind(ZwlrVirtualPointerManagerV1.self)
        let pointer = manager.createVirtualPointer(seat: nil)
        pointer.motionAbsolute(time: 0, x: 50, y: 30, xExtent: 300, yExtent: 100)
        pointer.frame()
        party.roundTrip()
        #expect(fixture.compositor.seat.pointer.position == Position(x: 50, y: 30))
        let second = manager.createVirtualPointerWithOutput(seat: nil, output: party.output)
        second.motionAbsolute(time: 0, x: 1, y: 1, xExtent: 2, yExtent: 2)
        second.motion(time: 0, dx: Fixed(1), dy: Fixed(-1))
        second.frame()
        party.roundTrip()
        #expect(fixture.compositor.seat.pointer.position == Position(x: 101, y: 49))
        // Which mean nothing.
        second.motionAbsolute(time: 0, x: 1, y: 1, xExtent: 0, yExtent: 0)
        second.motionAbsolute(time: 0, x: .max, y: .max, xExtent: 1, yExtent: 1)
        #expect(party.roundTrip())
    }

    @Test func `buttons are released with their device, and what scrolls is known at the frame`() {
        let pointer = party.bind(ZwlrVirtualPointerManagerV1.self).createVirtualPointer(seat: party.seat)
        pointer.motionAbsolute(time: 0, x: 15, y: 25, xExtent: 200, yExtent: 100)
        pointer.button(time: 0, button: 0x110, state: .pressed)
        pointer.axis(time: 0, axis: .horizontalScroll, value: Fixed(10))
        pointer.axisDiscrete(time: 0, axis: .verticalScroll, value: Fixed(15), discrete: 2)
        pointer.axisSource(axisSource: .wheel)
        party.roundTrip()
        #expect(ear.take() == ["enter it 5.0 5.0", "|", "press 0", "|"])
        pointer.frame()
        party.roundTrip()
        #expect(
            ear.take() == [
                "source 0", "axis 1 10.0", "|", "source 0", "120ths 0 240", "axis 0 15.0", "|",
            ]
        )
        pointer.axisStop(time: 0, axis: .verticalScroll)
        pointer.axisSource(axisSource: .finger)
        pointer.frame()
        pointer.destroy()
        party.roundTrip()
        #expect(ear.take() == ["source 1", "stop 0", "|", "release 0", "|"])
        let other = party.bind(ZwlrVirtualPointerManagerV1.self).createVirtualPointer(seat: nil)
        other.axis(time: 0, axis: .unrecognized(7), value: Fixed(1))
        #expect(!party.roundTrip() && party.error == "zwlr_virtual_pointer_v1 0")
    }
}
