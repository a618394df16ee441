import ArgumentParser
import Glibc
import Reports
import SharedMemory
import SignetDriver
import WaylandServer

/// `signet inspect`: what clients hold, and how their buffers came.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists clients with their surfaces, buffers and limits, and how each buffer's memory came.",
        discussion: """
            Buffers in the same file have the same DEVICE:INODE, whichever clients they are of. What is said of a file \
            is what the compositor found when it took it.
            """
    )

    @OptionGroup var server: ServerOptions

    @Flag(help: "As a JSON object in one line.")
    var json = false

    @Flag(help: "Again each second where something has changed, until ^C.")
    var watch = false

    /// Seconds that the compositor may take.
    private static let patience = 30.0

    func run() throws {
        let connection = try server.connect(timeout: Self.patience)
        do {
            let inspector = try Inspector(connection, patience: .seconds(Self.patience))
            let commands = CommandLines()
            let redraws = watch && !json && isatty(STDOUT_FILENO) == 1
            var last = ""
            while true {
                let text = try text(inspector.inventory(), commands)
                if text != last { try Console.print(redraws ? "\u{1b}[H\u{1b}[2J\u{1b}[3J\(text)" : text) }
                last = text
                if !watch { return }
                sleep(1)
            }
        } catch let error as DriverError {
            throw Failure("\(error)")
        }
    }

    private func text(_ inventory: Inventory, _ commands: CommandLines) -> String {
        var inventory = inventory
        // This command itself.
        inventory.clients.removeAll { $0.process == Int(getpid()) }
        commands.keep(Set(inventory.clients.map(\.process)))
        let words = inventory.clients.map { commands.words(of: $0.process) }
        return json
            ? InventoryJSON.text(of: inventory, commands: words) : InventoryText(inventory, commands: words).text
    }
}
