internal import Pixels
internal import WaylandServer

/// `wl_seat`: a pointer, a keyboard and a touch screen, and whom they are pointed at.
///
/// What it has never changes, whatever devices come and go: clients can rely on what they were told. Events come from
/// ``Compositor/send(_:)``.
final class Seat: WlSeat.Requests, Service {
    private unowned let display: Display
    private let windows: WindowManager
    /// There for as long as the seat.
    private(set) var pointer: Pointer!
    private(set) var touch: Touch!
    private(set) var keyboard: Keyboard?
    private var presses = PressSerials()
    private var sent = SentSerials()
    /// Is told whose client has the keyboard from now on, before that hears so.
    var onKeyboardClient: ((Client?) -> Void)?
    private let clock: () -> UInt32
    /// Whether somebody would have the keyboard who reads too slowly to be told so.
    private var isKeyboardPostponed = false
    /// The window that was the active one.
    private weak var lastActive: Window?
    /// Who has the input for a client alone.
    private(set) weak var grab: (any InputGrab)?

    /// `clock` tells the time in milliseconds.
    init(
        display: Display,
        scene: Scene,
        layout: OutputLayout,
        windows: WindowManager,
        keymap: Keymap?,
        hasShortcuts: Bool,
        clock: @escaping () -> UInt32
    ) {
        self.display = display
        self.clock = clock
        self.windows = windows
        pointer = Pointer(seat: self, scene: scene, layout: layout)
        touch = Touch(seat: self, scene: scene, layout: layout)
        keyboard = keymap.map { Keyboard($0) { [unowned self] in nextSerial($0, $1) } }
        keyboard?.takes = { [unowned self] in takes($0, isAltDown: $1, isShiftDown: $2, hasShortcuts: hasShortcuts) }
        windows.onActiveChange = { [unowned self] in activeWindowChanged() }
        windows.onMenuChange = { [unowned self] menu, isOpen in
            if isOpen { begin(menu) } else { grabChanged(menu, isOver: true) }
        }
        windows.onHide = { [unowned self] in windowIsGone($0) }
    }

    func bind(_ resource: WlSeat) {
        resource.handler = self
        resource.sendCapabilities(capabilities: keyboard == nil ? [.pointer, .touch] : [.pointer, .keyboard, .touch])
        resource.sendName(name: "seat0")
    }

    func getPointer(_ resource: WlSeat, id: WlPointer) throws(ProtocolError) {
        pointer.bound(id)
    }

    func getKeyboard(_ resource: WlSeat, id: WlKeyboard) throws(ProtocolError) {
        guard let keyboard else {
            throw ProtocolError(
                WlSeat.Error.missingCapability,
                "the seat has never had a keyboard; ask for one after wl_seat.capabilities announced it"
            )
        }
        keyboard.bound(id)
    }

    func getTouch(_ resource: WlSeat, id: WlTouch) throws(ProtocolError) { touch.bound(id) }

    // MARK: Events

    /// What those hold down who play its devices.
    var held = HeldInput()
    /// Who was told of events lately.
    private(set) var addressees = Addressees()

    /// Deals with an event of the seat's own devices, which is of now.
    func handle(_ event: InputEvent) { handle(event, of: ObjectIdentifier(self), keyboard: nil) }

    /// Deals with an event of somebody's who plays a device, which is of now; `keyboard` is whose keys are meant, the
    /// seat's own where it is nil.
    func handle(_ event: InputEvent, from source: InputSource, keyboard: KeyboardDevice?) {
        noteAddressees()
        // Who plays can do so faster than a client reads. What is up comes up all the same.
        let isRelease = HeldInput.Thing.of(event).map { !$0.isPressed } ?? false
        guard isRelease || addresseesKeepUp else { return }
        handle(event, of: ObjectIdentifier(source), keyboard: keyboard)
        noteAddressees()
    }

    private func handle(_ event: InputEvent, of source: ObjectIdentifier, keyboard: KeyboardDevice?) {
        guard let (thing, isPressed) = HeldInput.Thing.of(event) else { return deal(with: event, keyboard: keyboard) }
        if isPressed {
            guard held.things(of: source).count < HeldInput.limit else { return }
            deal(with: event, keyboard: keyboard)
            // What there is no room for isn't held.
            if isDown(thing) { held.hold(thing, source) }
        } else {
            guard held.letGo(thing, source) else { return }
            deal(with: event, keyboard: keyboard)
        }
    }

    /// Whether those who hear of what is done now read what they were sent.
    private var addresseesKeepUp: Bool {
        let others = [pointer.focus, keyboard?.focus].compactMap { $0?.resource.client } + touch.clients
        return others.allSatisfy(\.hearsOfOthers)
    }

    private func isDown(_ thing: HeldInput.Thing) -> Bool {
        switch thing {
        case .key(let code): keyboard?.pressed.contains(code) ?? false
        case .button(let code): pointer.isDown(code)
        case .finger(let number): touch.isDown(number)
        }
    }

    /// Those who hear of what is done now.
    func noteAddressees() {
        if let client = pointer.focus?.resource.client { addressees.note(client) }
        if let client = keyboard?.focus?.resource.client { addressees.note(client) }
        for client in touch.clients { addressees.note(client) }
    }

    /// The modifiers of a keyboard that somebody plays are these.
    func setModifiers(_ modifiers: KeyboardState.Modifiers, of device: KeyboardDevice) {
        noteAddressees()
        if addresseesKeepUp { keyboard?.setModifiers(modifiers, of: device) }
    }

    /// A keyboard that somebody played is no more.
    func remove(_ device: KeyboardDevice) { keyboard?.remove(device) }

    private func deal(with event: InputEvent, keyboard device: KeyboardDevice?) {
        let time = clock()
        switch event {
        case .pointerMotion(let position): pointer.move(to: position, time: time)
        case .pointerStep(let dx, let dy): pointer.move(dx: dx, dy: dy, time: time)
        case .pointerButton(let code, let isPressed): pointer.button(code, isPressed: isPressed, time: time)
        case .pointerScroll(let scroll): pointer.scroll(scroll, time: time)
        case .key(let code, let isPressed):
            if let keyboard { keyboard.key(code, isPressed: isPressed, of: device ?? keyboard.main, time: time) }
        case .touchDown(let finger, let position): touch.down(finger, at: position, time: time)
        case .touchMotion(let finger, let position): touch.motion(finger, to: position, time: time)
        case .touchUp(let finger): touch.up(finger, time: time)
        case .touchCancel: touch.cancel()
        }
    }

    /// Something may have come, gone or moved under the pointer and fingers.
    func sceneChanged() {
        if isKeyboardPostponed { keyboardFocusChanged() }
        pointer.refocusIfNeeded(time: clock())
        touch.liftLost(time: clock())
    }

    /// A serial for an event that a surface hears of.
    func nextSerial(_ kind: PressSerials.Kind, _ surface: Surface?) -> UInt32 {
        let serial = display.nextSerial()
        sent.note(serial, sentTo: surface?.resource.client)
        if kind != .other { presses.note(serial, sentTo: surface?.resource.client) }
        return serial
    }

    /// Whether a client was sent this serial with something that was pressed.
    func wasPress(_ serial: UInt32, of client: Client) -> Bool { presses.contains(serial, of: client) }

    /// Whether a client was sent this serial lately, with any event.
    func wasSent(_ serial: UInt32, to client: Client) -> Bool { sent.contains(serial, of: client) }

    /// What a client was told with a serial was pressed for what it does now, and for nothing else.
    func use(_ serial: UInt32) { presses.use(serial) }

    /// Something was pressed that nobody hears of.
    private func notePressOnNothing() { presses.note(display.nextSerial(), sentTo: nil) }

    // MARK: Shortcuts

    /// Whether a key is the compositor's own, which does what it means then.
    private func takes(_ code: UInt32, isAltDown: Bool, isShiftDown: Bool, hasShortcuts: Bool) -> Bool {
        if let menu = windows.menu {
            switch code {
            case Shortcut.escape: menu.dismiss()
            case Shortcut.up: menu.step(down: false)
            case Shortcut.down: menu.step(down: true)
            case Shortcut.enter: menu.choose()
            default: break
            }
            return true
        }
        guard hasShortcuts, isAltDown, let shortcut = Shortcut(code, isShiftDown: isShiftDown) else { return false }
        switch shortcut {
        case .next: windows.activateNext(backwards: false)
        case .previous: windows.activateNext(backwards: true)
        case .window(let action): if let window = windows.active { windows.perform(action, on: window) }
        case .menu: if let window = windows.active { window.showMenu() }
        }
        return true
    }

    // MARK: Who hears

    /// Whether a surface may hear of the pointer and of fingers.
    func reaches(_ surface: Surface) -> Bool { grab.map { $0.client === surface.resource.client } ?? true }

    /// What becomes of something that was pressed.
    enum Press {
        /// Whoever's surface it was on hears of it.
        case heard
        case unheard
        /// All that follows goes there.
        case taken(any PointerGrab)
    }

    /// A button or a finger went down on what is at some place, in global coordinates.
    func pressed(_ hit: Scene.Hit?, with button: PressedButton, at position: Position, time: UInt32) -> Press {
        if let surface = hit?.drawable as? Surface, reaches(surface) {
            if grab == nil, let hit { windows.pressed(hit.node) }
            return .heard
        }
        notePressOnNothing()
        if let grab, hit?.node !== grab {
            grab.dismiss()
            return .unheard
        }
        guard let hit, let part = hit.drawable as? FramePart, let node = hit.node as? any PressableNode else {
            return .unheard
        }
        if grab == nil { windows.pressed(node) }
        return node.pressed(part, with: button, at: position, time: time).map(Press.taken) ?? .unheard
    }

    /// Whether a client has the window that is the active one.
    func isInUse(_ client: Client) -> Bool {
        (windows.active?.keyboardFocus as? Surface)?.resource.client === client
    }

    /// Has the input for a client alone, until it says otherwise.
    func begin(_ grab: any InputGrab) {
        if let old = self.grab, old !== grab { old.dismiss() }
        self.grab = grab
        keyboardFocusChanged()
        pointer.refocus(time: clock())
    }

    /// It is over, or who hears of keys is another one.
    func grabChanged(_ grab: any InputGrab, isOver: Bool) {
        guard self.grab === grab else { return }
        if isOver { self.grab = nil }
        keyboardFocusChanged()
        pointer.refocus(time: clock())
    }

    /// Has the pointer or a finger go to what `make` makes of its place, until it is lifted: if a client's surface has
    /// it because of the press that the client was told of with this serial.
    func drag(_ serial: UInt32, of client: Client, _ make: (Position) -> any PointerGrab) {
        if let position = pointer.dragStart(serial, of: client) {
            pointer.begin(make(position))
        } else if let (finger, position) = touch.dragStart(serial, of: client) {
            touch.begin(make(position), with: finger)
        }
    }

    private func windowIsGone(_ window: Window) {
        pointer.windowIsGone(window, time: clock())
        touch.windowIsGone(window)
        sceneChanged()
    }

    private func activeWindowChanged() {
        let isAnother = windows.active !== lastActive
        lastActive = windows.active
        // A menu is over when another window comes to the front.
        if isAnother { grab?.dismiss() }
        keyboardFocusChanged()
    }

    private func canHaveKeyboard(_ client: Client) -> Bool {
        client.hearsOfOthers && keyboard?.canReach(client) ?? true
    }

    private func keyboardFocusChanged() {
        // A menu of our own has the keyboard, and no surface.
        let isOurs = grab.map { $0.client == nil } ?? false
        let wanted = isOurs ? nil : (grab?.keyboardFocus ?? windows.active?.keyboardFocus) as? Surface
        isKeyboardPostponed = wanted.map { $0 !== keyboard?.focus && !canHaveKeyboard($0.resource.client) } ?? false
        // Nobody hears meanwhile what is typed for another.
        let focus = isKeyboardPostponed ? nil : wanted
        pointer.updateConstraints()
        onKeyboardClient?(focus?.resource.client)
        noteAddressees()
        keyboard?.setFocus(focus)
        noteAddressees()
    }
}
