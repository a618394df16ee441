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
    func leave() { seat.held.leave(ObjectIdentifier(self)) }

    /// It is no more.
    func end() {
        for thing in seat.held.things(of: ObjectIdentifier(self)) { send(thing.release) }
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

    private var holders = OrderedDictionary<Thing, (thing: Thing, sources: [ObjectIdentifier])>()

    /// More isn't held by one source: others are to have room.
    static let limit = 64

    /// Somebody holds something that is down. What nobody holds was left so.
    mutating func hold(_ thing: Thing, _ source: ObjectIdentifier) {
        var sources = holders[thing]?.sources ?? []
        if !sources.contains(source) { sources.append(source) }
        holders[thing] = (thing, sources)
    }

    /// Somebody lets go of something. Whether it comes up: another may hold it.
    mutating func letGo(_ thing: Thing, _ source: ObjectIdentifier) -> Bool {
        guard var sources = holders[thing]?.sources else { return true }
        sources.removeAll { $0 == source }
        holders[thing] = sources.isEmpty ? nil : (thing, sources)
        return sources.isEmpty
    }

    /// Something is up.
    mutating func forget(_ thing: Thing) { holders[thing] = nil }

    /// What a source holds, in the order in which it was pressed.
    func things(of source: ObjectIdentifier) -> [Thing] {
        holders.values.filter { $0.sources.contains(source) }.map(\.thing)
    }

    /// A source's are nobody's from now on.
    mutating func leave(_ source: ObjectIdentifier) {
        for thing in things(of: source) { _ = letGo(thing, source) }
    }
}
