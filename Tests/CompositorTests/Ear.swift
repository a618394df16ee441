import SharedMemory
import WaylandClient
import WaylandWire

/// What a client hears, with the names of its surfaces.
final class Ear {
    private let seat: WlSeat
    private let names: [ObjectIdentifier: String]
    private let client: TestClient
    var heard: [String] = []
    /// Of the keymaps that came.
    private(set) var keymapSizes: [Int] = []
    var serial: UInt32 = 0
    var pointer: WlPointer?
    var keyboard: WlKeyboard?
    var touch: WlTouch?

    init(_ client: TestClient, _ surfaces: [(String, WlSurface)]) {
        self.client = client
        seat = client.seat
        names = Dictionary(uniqueKeysWithValues: surfaces.map { (ObjectIdentifier($1), $0) })
    }

    private func name(_ surface: WlSurface?) -> String { surface.flatMap { names[ObjectIdentifier($0)] } ?? "?" }

    func listenToPointer() {
        let pointer = seat.getPointer()
        pointer.onEnter = { [unowned self] serial, surface, x, y in
            self.serial = serial
            heard.append("enter \(name(surface)) \(x) \(y)")
        }
        pointer.onLeave = { [unowned self] _, surface in heard.append("leave \(name(surface))") }
        pointer.onMotion = { [unowned self] _, x, y in heard.append("motion \(x) \(y)") }
        pointer.onButton = { [unowned self] serial, _, button, state in
            self.serial = serial
            heard.append("\(state == .pressed ? "press" : "release") \(button - 0x110)")
        }
        pointer.onAxisSource = { [unowned self] source in heard.append("source \(source.rawValue)") }
        pointer.onAxisDiscrete = { [unowned self] axis, steps in heard.append("steps \(axis.rawValue) \(steps)") }
        pointer.onAxisValue120 = { [unowned self] axis, part in heard.append("120ths \(axis.rawValue) \(part)") }
        pointer.onAxis = { [unowned self] _, axis, value in heard.append("axis \(axis.rawValue) \(value)") }
        pointer.onAxisStop = { [unowned self] _, axis in heard.append("stop \(axis.rawValue)") }
        pointer.onFrame = { [unowned self] in heard.append("|") }
        self.pointer = pointer
        client.roundTrip()
    }

    func listenToKeyboard() {
        let keyboard = seat.getKeyboard()
        keyboard.onKeymap = { [unowned self] _, descriptor, size in
            keymapSizes.append(Int(size))
            _ = descriptor.rawValue
        }
        keyboard.onEnter = { [unowned self] _, surface, keys in
            heard.append("focus \(name(surface)) \(keys.elements(as: UInt32.self))")
        }
        keyboard.onLeave = { [unowned self] _, surface in heard.append("unfocus \(name(surface))") }
        keyboard.onKey = { [unowned self] _, _, key, state in
            heard.append("\(state == .pressed ? "down" : "up") \(key)")
        }
        keyboard.onModifiers = { [unowned self] _, depressed, _, locked, _ in
            heard.append("modifiers \(depressed) \(locked)")
        }
        self.keyboard = keyboard
        client.roundTrip()
    }

    func listenToTouch() {
        let touch = seat.getTouch()
        touch.onDown = { [unowned self] _, _, surface, finger, x, y in
            heard.append("down \(name(surface)) \(finger) \(x) \(y)")
        }
        touch.onMotion = { [unowned self] _, finger, x, y in heard.append("motion \(finger) \(x) \(y)") }
        touch.onUp = { [unowned self] _, _, finger in heard.append("up \(finger)") }
        touch.onCancel = { [unowned self] in heard.append("cancel") }
        touch.onFrame = { [unowned self] in heard.append("|") }
        self.touch = touch
        client.roundTrip()
    }

    func take() -> [String] {
        client.roundTrip()
        defer { heard = [] }
        return heard
    }
}
