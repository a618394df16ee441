import ArgumentParser
import SignetDriver

/// `signet type`: types a text.
struct TypeText: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "type",
        abstract: "Types a text into the active window.",
        discussion: """
            The text can have any characters: a keyboard of its own types it. A line break is Return. Returns when the \
            program has dealt with all of it; status 3 where it doesn't answer within 2 seconds.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowOption

    @Argument(help: "What to type.")
    var text: String

    func run() throws {
        try server.drive { driver in
            _ = try target.window(driver)
            try driver.type(text)
        }
    }
}

/// `signet key`: presses and releases keys.
struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Presses and releases keys, as Return, ctrl+s or alt+F4.",
        discussion: """
            Names are those of xkbcommon-keysyms.h without XKB_KEY_; ctrl, shift, alt, super and altgr too. Each waits \
            until the program has dealt with the one before; what opens a menu may take longer to show it, for which \
            there is 'signet wait --stable'.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowOption

    @Option(name: .customLong("repeat"), help: "How often each is pressed.")
    var times = 1

    @Argument(help: "Keys, each with those that are held meanwhile before it.")
    var keys: [String]

    func run() throws {
        try server.drive { driver in
            _ = try target.window(driver)
            for key in keys { try driver.key(key, times: times) }
        }
    }
}

/// `signet keydown`: presses keys, and leaves them held down.
struct KeyDown: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keydown",
        abstract: "Presses keys, which stay down until 'signet keyup'."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowOption

    @Argument(help: "Keys, as for 'signet key'.")
    var keys: [String]

    func run() throws {
        try server.drive { driver in
            _ = try target.window(driver)
            for key in keys { try driver.keyDown(key) }
            try driver.leaveHeld()
        }
    }
}

/// `signet keyup`: releases keys.
struct KeyUp: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "keyup", abstract: "Releases keys.")

    @OptionGroup var server: ServerOptions

    @Argument(help: "Keys, as for 'signet key'.")
    var keys: [String]

    func run() throws {
        try server.drive { driver in
            for key in keys { try driver.keyUp(key) }
        }
    }
}
