import ArgumentParser
import Compositor
import Logging

/// Which keymap clients get; the names are those of setxkbmap(1).
struct KeyboardOptions: ParsableArguments {
    @Option(help: .init("Keyboard layouts, as 'us' or 'de,ru'.", valueName: "NAMES"))
    var xkbLayout: String?

    @Option(help: .init("Their variants, as 'nodeadkeys'.", valueName: "NAMES"))
    var xkbVariant: String?

    @Option(help: .init("The keyboard's model, as 'pc105'.", valueName: "NAME"))
    var xkbModel: String?

    @Option(help: .init("Options, as 'caps:escape'.", valueName: "NAMES"))
    var xkbOptions: String?

    /// The keymap; nil, and a line in the log, where none was asked for and the system has no keymaps.
    func keymap(_ log: Logger) throws -> Keymap? {
        var names = Keymap.Names()
        (names.layout, names.variant, names.model, names.options) = (xkbLayout, xkbVariant, xkbModel, xkbOptions)
        let isChosen = [xkbLayout, xkbVariant, xkbModel, xkbOptions].contains { $0 != nil }
        do throws(Keymap.Failure) {
            return try Keymap(names)
        } catch {
            if isChosen { throw Failure("\(error)") }
            log.notice("there is no keyboard: \(error)")
            return nil
        }
    }
}
