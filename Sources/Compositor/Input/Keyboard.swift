internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// `wl_keyboard`: which keys are down, what that makes of the modifiers, and which surface hears of it.
///
/// The seat's keyboard may be several devices, each with its keymap. Clients see one: the one that was used last, whose
/// keymap they get before they hear of its keys.
final class Keyboard: WlKeyboard.Requests {
    /// The one with the seat's keymap.
    let main: KeyboardDevice
    /// The one that was used last.
    private var current: KeyboardDevice
    /// The number of the device whose keymap a client's object was sent last, where that isn't the main one. The device
    /// may be no more.
    private var sentKeymaps: [ObjectIdentifier: UInt64] = [:]
    private var lastNumber: UInt64 = 0
    private let nextSerial: (PressSerials.Kind, Surface?) -> UInt32
    private var resources = ResourcesByClient<WlKeyboard>()
    private(set) weak var focus: Surface?
    /// Those that are down, in the order in which they went down.
    private(set) var pressed: [UInt32] = []
    /// Those of them that are the compositor's own, and nobody hears of.
    private var taken: Set<UInt32> = []
    /// Is asked with each key that goes down whether it is the compositor's own, and with which modifiers.
    var takes: (_ code: UInt32, _ isAltDown: Bool, _ isShiftDown: Bool) -> Bool = { _, _, _ in false }

    /// No keyboard has more keys.
    private static let keyLimit = 256

    init(_ keymap: Keymap, nextSerial: @escaping (PressSerials.Kind, Surface?) -> UInt32) {
        main = KeyboardDevice(keymap)
        current = main
        self.nextSerial = nextSerial
    }

    func bound(_ resource: WlKeyboard) {
        resource.handler = self
        resources.insert(resource)
        send(main.keymap, to: resource)
        resource.sendRepeatInfo(rate: 25, delay: 600)
        // Who comes late hears what the others know.
        guard let focus, focus.resource.client === resource.client, resources.hears(resource) else { return }
        sendEnter(focus, to: resource, serial: nextSerial(.other, focus))
    }

    func destroyed(_ resource: WlKeyboard) {
        resources.remove(resource)
        sentKeymaps[ObjectIdentifier(resource)] = nil
    }

    private func send(_ keymap: Keymap, to resource: WlKeyboard) {
        resource.sendKeymap(format: .xkbV1, fd: keymap.descriptor, size: UInt32(keymap.size))
    }

    /// A client is about to hear of the current device's keys.
    private func updateKeymap(of resource: WlKeyboard) {
        guard isStale(resource) else { return }
        send(current.keymap, to: resource)
        sentKeymaps[ObjectIdentifier(resource)] = current === main ? nil : current.number
    }

    /// Whether it has another device's keymap.
    private func isStale(_ resource: WlKeyboard) -> Bool {
        current.number != sentKeymaps[ObjectIdentifier(resource)] ?? main.number
    }

    /// A number for another device.
    func makeNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// Whether a client can be told that it has the keyboard: it may have to get a keymap first, and takes no more
    /// descriptors before it has read those that it was sent.
    func canReach(_ client: Client) -> Bool {
        !resources.hearing(of: client).contains(where: isStale) || client.canTakeDescriptor()
    }

    /// Another surface hears of keys from now on, or none.
    func setFocus(_ surface: Surface?) {
        guard surface !== focus else { return }
        if let old = focus, old.resource.isAlive {
            let serial = nextSerial(.other, old)
            for resource in resources.hearing(of: old.resource.client) {
                resource.sendLeave(serial: serial, surface: old.resource)
            }
        }
        focus = surface
        guard let surface else { return }
        let serial = nextSerial(.other, surface)
        for resource in resources.hearing(of: surface.resource.client) {
            sendEnter(surface, to: resource, serial: serial)
        }
    }

    private func sendEnter(_ surface: Surface, to resource: WlKeyboard, serial: UInt32) {
        updateKeymap(of: resource)
        resource.sendEnter(
            serial: serial,
            surface: surface.resource,
            keys: WireArray(of: pressed.filter { !taken.contains($0) })
        )
        sendModifiers(to: resource, serial: serial)
    }

    private func sendModifiers(to resource: WlKeyboard, serial: UInt32) {
        let modifiers = current.modifiers
        resource.sendModifiers(
            serial: serial,
            modsDepressed: modifiers.depressed,
            modsLatched: modifiers.latched,
            modsLocked: modifiers.locked,
            group: modifiers.group
        )
    }

    /// A key of a device's goes down or comes up; what was so already is no news.
    func key(_ code: UInt32, isPressed: Bool, of device: KeyboardDevice, time: UInt32) {
        guard pressed.contains(code) != isPressed, pressed.count < Self.keyLimit || !isPressed else { return }
        if isPressed { pressed.append(code) } else { pressed.removeAll { $0 == code } }
        let haveChanged = device.key(code, isPressed: isPressed)
        if isPressed {
            // Before whatever comes of it: another surface may have the keyboard then.
            taken.insert(code)
            if takes(device.shortcutCode(of: code), device.isAltDown, device.isShiftDown) { return }
            taken.remove(code)
        } else if taken.remove(code) != nil {
            return
        }
        // Nobody hears of it where there is no room for its keymap, nor of its release.
        guard use(device) else {
            if isPressed { taken.insert(code) }
            return
        }
        guard let focus, focus.resource.isAlive else { return }
        let serial = nextSerial(isPressed ? .press : .release, focus)
        for resource in resources.hearing(of: focus.resource.client) {
            resource.sendKey(serial: serial, time: time, key: code, state: isPressed ? .pressed : .released)
            if haveChanged { sendModifiers(to: resource, serial: serial) }
        }
    }

    /// The modifiers of a device that a client plays are these.
    func setModifiers(_ modifiers: KeyboardState.Modifiers, of device: KeyboardDevice) {
        guard device.set(modifiers) else { return }
        let isAnother = current !== device
        if use(device), !isAnother { tellModifiers() }
    }

    /// What follows is of this device: whoever hears of it has its keymap, and knows of its modifiers. False where that
    /// client takes no more descriptors before it has read those that it was sent.
    private func use(_ device: KeyboardDevice) -> Bool {
        let before = current
        current = device
        guard let focus, focus.resource.isAlive else { return true }
        let hearing = resources.hearing(of: focus.resource.client)
        // The device before may be no more.
        let isStale = !(sentKeymaps.isEmpty && current === main) && hearing.contains(where: isStale)
        guard before !== device || isStale else { return true }
        guard !isStale || focus.resource.client.canTakeDescriptor() else {
            current = before
            return false
        }
        for resource in hearing { updateKeymap(of: resource) }
        tellModifiers()
        return true
    }

    private func tellModifiers() {
        guard let focus, focus.resource.isAlive else { return }
        let serial = nextSerial(.other, focus)
        for resource in resources.hearing(of: focus.resource.client) { sendModifiers(to: resource, serial: serial) }
    }

    /// A device is no more. Its keymap counts until another one's is needed.
    func remove(_ device: KeyboardDevice) {
        guard current === device else { return }
        if device.modifiers == main.modifiers || !use(main) { current = main }
    }
}
