/// Somebody who plays devices of the seat's, and what is held down because of it.
///
/// What it holds is let go when it ends, unless somebody else has let go of it before, or it was left to whoever comes.
final class InputSource {
    private unowned let seat: Seat
    /// The keyboard that it plays; nil is the seat's own.
    private let keyboard: KeyboardDevice?

    init(_ seat: Seat, keyboard: KeyboardDevice? = nil) {
        self.seat = seat
        self.keyboard = keyboard
    }

    /// Does something with the seat's devices.
    func send(_ event: InputEvent) { seat.handle(event, from: self, keyboard: keyboard) }

    /// The modifiers of the keyboard that it plays are these.
    func setModifiers(_ modifiers: KeyboardState.Modifiers) {
        if let keyboard { seat.setModifiers(modifiers, of: keyboard) }
    }

    /// What it holds down stays so.
    func leave() { seat.held.forget(self) }

    /// It is no more.
    func end() {
        for thing in seat.held.things(of: self) { send(thing.release) }
        if let keyboard { seat.remove(keyboard) }
    }
}

/// What is held down, and by whom.
struct HeldInput {
    /// Something that can be held down.
    enum Thing: Hashable {
        case key(UInt32)
        case button(UInt32)
        case finger(Int32)

        /// What lets go of it.
        var release: InputEvent {
            switch self {
            case .key(let code): .key(code, isPressed: false)
            case .button(let code): .pointerButton(code, isPressed: false)
            case .finger(let number): .touchUp(number)
            }
        }

        /// What an event is about, and whether it presses that.
        static func of(_ event: InputEvent) -> (thing: Thing, isPressed: Bool)? {
            switch event {
            case .key(let code, let isPressed): (.key(code), isPressed)
            case .pointerButton(let code, let isPressed): (.button(code), isPressed)
            case .touchDown(let number, _): (.finger(number), true)
            case .touchUp(let number): (.finger(number), false)
            case .pointerMotion, .pointerStep, .pointerScroll, .touchMotion, .touchCancel: nil
            }
        }
    }

    private var holders = OrderedDictionary<Thing, (thing: Thing, source: ObjectIdentifier)>()

    /// A source has pressed something that was up.
    mutating func pressed(_ thing: Thing, by source: InputSource) { holders[thing] = (thing, ObjectIdentifier(source)) }

    /// Something is up, or somebody holds it who never ends.
    mutating func forget(_ thing: Thing) { holders[thing] = nil }

    /// What a source holds, in the order in which it was pressed.
    func things(of source: InputSource) -> [Thing] {
        holders.values.filter { $0.source == ObjectIdentifier(source) }.map(\.thing)
    }

    /// A source's are nobody's from now on.
    mutating func forget(_ source: InputSource) {
        for thing in things(of: source) { forget(thing) }
    }
}
