internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// `wl_keyboard`: which keys are down, what that makes of the modifiers, and which surface hears of it.
final class Keyboard: WlKeyboard.Requests {
    private let keymap: Keymap
    /// Made with the first key: it takes milliseconds, and nothing is held down before.
    private var state: KeyboardState?
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
        self.keymap = keymap
        self.nextSerial = nextSerial
    }

    func bound(_ resource: WlKeyboard) {
        resource.handler = self
        resources.insert(resource)
        resource.sendKeymap(format: .xkbV1, fd: keymap.descriptor, size: UInt32(keymap.size))
        resource.sendRepeatInfo(rate: 25, delay: 600)
        // Who comes late hears what the others know.
        guard let focus, focus.resource.client === resource.client, resources.hears(resource) else { return }
        sendEnter(focus, to: resource, serial: nextSerial(.other, focus))
    }

    func destroyed(_ resource: WlKeyboard) { resources.remove(resource) }

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
        resource.sendEnter(
            serial: serial,
            surface: surface.resource,
            keys: WireArray(of: pressed.filter { !taken.contains($0) })
        )
        sendModifiers(to: resource, serial: serial)
    }

    private func sendModifiers(to resource: WlKeyboard, serial: UInt32) {
        let modifiers = state?.modifiers ?? KeyboardState.Modifiers()
        resource.sendModifiers(
            serial: serial,
            modsDepressed: modifiers.depressed,
            modsLatched: modifiers.latched,
            modsLocked: modifiers.locked,
            group: modifiers.group
        )
    }

    /// A key goes down or comes up; what was so already is no news.
    func key(_ code: UInt32, isPressed: Bool, time: UInt32) {
        guard pressed.contains(code) != isPressed, pressed.count < Self.keyLimit || !isPressed else { return }
        if isPressed { pressed.append(code) } else { pressed.removeAll { $0 == code } }
        if state == nil { state = KeyboardState(keymap) }
        let haveChanged = state?.update(code, isPressed: isPressed) ?? false
        if isPressed {
            // Before whatever comes of it: another surface may have the keyboard then.
            taken.insert(code)
            if takes(code, state?.isAltDown ?? false, state?.isShiftDown ?? false) { return }
            taken.remove(code)
        } else if taken.remove(code) != nil {
            return
        }
        guard let focus, focus.resource.isAlive else { return }
        let serial = nextSerial(isPressed ? .press : .release, focus)
        for resource in resources.hearing(of: focus.resource.client) {
            resource.sendKey(serial: serial, time: time, key: code, state: isPressed ? .pressed : .released)
            if haveChanged { sendModifiers(to: resource, serial: serial) }
        }
    }
}
