import ArgumentParser
import SignetDriver

/// `signet click`: presses and releases a button.
struct Click: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Presses and releases a button of the pointer.",
        discussion: "Buttons are left, middle, right, back and forward, or their numbers 1, 2, 3, 8 and 9."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowOption

    @Option(help: .init("Where to; the pointer stays where it is by default.", valueName: "X,Y"))
    var at: PlaceArgument?

    @Option(name: .customLong("repeat"), help: "2 is a double click.")
    var times = 1

    @Argument(help: "The button.")
    var button = ButtonArgument.left

    func run() throws {
        try server.drive { driver in
            let window = try target.window(driver)
            try driver.click(button.button, at: at?.place(in: window), times: times)
        }
    }
}

/// `signet mousemove`: moves the pointer.
struct MouseMove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mousemove",
        abstract: "Moves the pointer to a place, or by so much.",
        discussion: "Numbers below 0 come after --, as in 'signet mousemove --relative -- -10 0'."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowOption

    @Flag(help: "The numbers are a way, and not a place.")
    var relative = false

    @Argument(help: "From the left, in units of the scene.")
    var x: Double

    @Argument(help: "From the top.")
    var y: Double

    func validate() throws {
        guard x.isReachable, y.isReachable else { throw ValidationError("no place is as far away as \(x),\(y)") }
    }

    func run() throws {
        try server.drive { driver in
            let window = try target.window(driver)
            if relative {
                try driver.moveMouse(dx: x, dy: y)
            } else {
                try driver.moveMouse(to: DriverPlace(x: x, y: y, in: window))
            }
        }
    }
}

/// `signet mousedown`: presses a button, and leaves it held down.
struct MouseDown: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mousedown",
        abstract: "Presses a button, which stays down until 'signet mouseup'."
    )

    @OptionGroup var server: ServerOptions

    @Argument(help: "The button.")
    var button = ButtonArgument.left

    func run() throws {
        try server.drive { driver in
            try driver.press(button.button)
            try driver.leaveHeld()
        }
    }
}

/// `signet mouseup`: releases a button.
struct MouseUp: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "mouseup", abstract: "Releases a button.")

    @OptionGroup var server: ServerOptions

    @Argument(help: "The button.")
    var button = ButtonArgument.left

    func run() throws { try server.drive { try $0.release(button.button) } }
}

/// `signet drag`: moves the pointer with a button held down.
struct DragCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drag",
        abstract: "Presses a button at one place, moves to another, and releases it there."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowOption

    @Option(help: "The button.")
    var button = ButtonArgument.left

    @Option(help: "In how many steps it is moved; programs deal with each before the next.")
    var steps = 10

    @Argument(help: .init("Where from.", valueName: "X,Y"))
    var start: PlaceArgument

    @Argument(help: .init("Where to.", valueName: "X,Y"))
    var end: PlaceArgument

    func validate() throws {
        guard (1...10_000).contains(steps) else { throw ValidationError("--steps is from 1 to 10000, not \(steps)") }
    }

    func run() throws {
        try server.drive { driver in
            let window = try target.window(driver)
            try driver.drag(button.button, from: start.place(in: window), to: end.place(in: window), steps: steps)
        }
    }
}

/// `signet scroll`: turns the wheel.
struct ScrollCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scroll",
        abstract: "Turns the wheel by so many steps: down, and up after -- where they are less than 0."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowOption

    @Option(help: .init("Where; the pointer stays where it is by default.", valueName: "X,Y"))
    var at: PlaceArgument?

    @Flag(help: "To the right, or to the left.")
    var horizontal = false

    @Argument(help: "How many steps.")
    var steps: Int

    func validate() throws {
        guard (-10_000...10_000).contains(steps) else { throw ValidationError("no wheel is turned by \(steps) steps") }
    }

    func run() throws {
        try server.drive { driver in
            let window = try target.window(driver)
            let place = at?.place(in: window)
            if horizontal {
                try driver.scroll(horizontal: steps, at: place)
            } else {
                try driver.scroll(vertical: steps, at: place)
            }
        }
    }
}

/// `signet touch`: a finger.
struct TouchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "touch",
        abstract: "Taps with a finger, or puts one down, moves or lifts it."
    )

    enum Action: String, EnumerableFlag {
        case tap, down, move, up

        static func help(for value: Action) -> ArgumentHelp? {
            switch value {
            case .tap: "Puts a finger down and lifts it."
            case .down: "Puts a finger down, which stays there."
            case .move: "Moves a finger that is down."
            case .up: "Lifts a finger; without a place."
            }
        }
    }

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowOption

    @Flag(exclusivity: .exclusive) var action = Action.tap

    @Option(help: "Which of several fingers.")
    var finger = 0

    @Argument(help: .init("Where.", valueName: "X,Y"))
    var at: PlaceArgument?

    func validate() throws {
        guard action == .up || at != nil else {
            throw ValidationError("a finger is put somewhere: give a place, as 10,20")
        }
    }

    func run() throws {
        try server.drive { driver in
            let window = try target.window(driver)
            let place = at?.place(in: window) ?? DriverPlace(x: 0, y: 0)
            switch action {
            case .tap:
                try driver.touchDown(finger, at: place)
                try driver.touchUp(finger)
            case .down: try driver.touchDown(finger, at: place)
            case .move: try driver.touchMove(finger, to: place)
            case .up: try driver.touchUp(finger)
            }
            try driver.leaveHeld()
        }
    }
}
