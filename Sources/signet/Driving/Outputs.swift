import ArgumentParser
import Compositor
import SignetDriver

/// `signet output`: what outputs there are, and changing one.
struct ChangeOutput: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "output",
        abstract: "Lists the outputs, or changes one while programs run."
    )

    @OptionGroup var server: ServerOptions

    @Argument(help: "Its name, as HEADLESS-2; the first one by default.")
    var name: String?

    @Option(
        help: .init("Another size, and another rate where it is given.", valueName: "WxH[@HZ]"),
        transform: { text in
            guard !text.contains("*"), let mode = OutputMode(text) else {
                throw ValidationError("'\(text)' isn't a mode; write it as 1920x1080 or 1280x720@59.94")
            }
            return (mode, text.contains("@"))
        }
    )
    var mode: (mode: OutputMode, hasRate: Bool)?

    @Option(help: "Pixels for each unit of the scene, as 2 or 1.25.")
    var scale: Double?

    @Option(help: .init("Where its top left corner is in global coordinates.", valueName: "X,Y"))
    var at: PlaceArgument?

    func validate() throws {
        if let scale, !(1...8).contains(scale) { throw ValidationError("--scale is from 1 to 8, not \(scale)") }
    }

    func run() throws {
        try server.drive { driver in
            guard mode != nil || scale != nil || at != nil else {
                let chosen = name == nil ? driver.outputs : [try driver.output(name)]
                try Console.print(chosen.map(Self.line).joined())
                return
            }
            try driver.change(
                try driver.output(name),
                size: mode.map { ($0.mode.width, $0.mode.height) },
                refresh: mode.flatMap { $0.hasRate ? Double($0.mode.refresh) / 1_000 : nil },
                scale: scale,
                position: at.map { (Int($0.x), Int($0.y)) }
            )
        }
    }

    private static func line(_ output: DriverOutput) -> String {
        let scale = (output.scale * 100).rounded() / 100
        return
            "\(output.name)\t\(output.width)x\(output.height)@\(output.refresh)\t*\(scale)\t\(output.x),\(output.y)\n"
    }
}
