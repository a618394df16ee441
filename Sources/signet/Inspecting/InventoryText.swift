import SignetDriver
import WaylandServer

/// What clients hold, for people: a line for each client, surface and buffer.
struct InventoryText {
    private let inventory: Inventory
    private let commands: [[String]]
    /// Clients that have buffers in a file, by its numbers.
    private var owners: [FileKey: Set<Int>] = [:]

    private struct FileKey: Hashable {
        let device: UInt64
        let file: UInt64

        init(_ memory: Inventory.Memory) { (device, file) = (memory.device, memory.fileNumber) }
    }

    /// `commands` are the clients' command lines, in words.
    init(_ inventory: Inventory, commands: [[String]]) {
        self.inventory = inventory
        self.commands = commands
        for (index, client) in inventory.clients.enumerated() {
            for memory in client.buffers.lazy.flatMap(\.memories) where memory.tier != "unknown" {
                owners[FileKey(memory), default: []].insert(index)
            }
        }
    }

    var text: String {
        var lines: [String] = []
        for (index, client) in inventory.clients.enumerated() {
            let command = commands[index].isEmpty ? client.name : commands[index].joined(separator: " ")
            lines.append("\(client.process) \(command.printable) (user \(client.user))")
            for surface in client.surfaces { lines.append("  \(line(of: surface))") }
            for buffer in client.buffers { lines.append("  \(line(of: buffer, index))") }
            lines.append("  used: \(usage(of: client))")
        }
        let totals = inventory.resources.filter { $0.total > 0 }.map { "\($0.name) \($0.total)/\($0.totalLimit)" }
        lines.append("all \(inventory.clients.count) clients use: \(totals.joined(separator: ", "))")
        return lines.joined(separator: "\n") + "\n"
    }

    private func line(of surface: Inventory.Surface) -> String {
        var parts = ["surface \(surface.id)", surface.role]
        if surface.parent != 0 { parts.append("of surface \(surface.parent)") }
        parts.append(surface.width > 0 ? "\(surface.width)x\(surface.height)" : "empty")
        if let place = surface.place { parts.append("at \(place.x),\(place.y)") }
        if !surface.outputs.isEmpty { parts.append("on \(surface.outputs.map(\.printable).joined(separator: ","))") }
        if surface.buffer != 0 { parts.append("shows buffer \(surface.buffer)") }
        if let title = surface.title { parts.append("'\(title.printable)'") }
        if let application = surface.application, !application.isEmpty { parts.append("(\(application.printable))") }
        return parts.joined(separator: " ")
    }

    private func line(of buffer: Inventory.Buffer, _ client: Int) -> String {
        var text = "buffer \(buffer.number) \(buffer.kind) \(buffer.width)x\(buffer.height)"
        if buffer.fourcc != 0 { text += " \(Self.name(ofFormat: buffer.fourcc)) \(buffer.byteCount) bytes" }
        if !buffer.memories.isEmpty { text += ", \(buffer.reading)" }
        if buffer.copies > 0 { text += " \(buffer.copies) times" }
        if buffer.isHeld { text += ", held" }
        if buffer.id == 0 { text += ", destroyed" }
        // Planes of the same file are told of once.
        var told: Set<FileKey> = []
        for memory in buffer.memories where told.insert(FileKey(memory)).inserted {
            text += "; \(Self.text(of: memory))"
            let others = (owners[FileKey(memory)] ?? []).subtracting([client]).sorted()
            if !others.isEmpty {
                text += ", shared with \(others.map { "\(inventory.clients[$0].process)" }.joined(separator: ","))"
            }
        }
        return text
    }

    private static func text(of memory: Inventory.Memory) -> String {
        if memory.tier == "unknown" { return "being looked at" }
        let seals = memory.tier == "dma-buf" ? "" : ", seals \(memory.seals)"
        return "\(memory.tier) file \(number(ofDevice: memory.device)):\(memory.fileNumber)\(seals), "
            + "\(memory.fileSize) bytes, from \(memory.offset), stride \(memory.stride)"
    }

    private func usage(of client: Inventory.Client) -> String {
        zip(inventory.resources, client.usage).filter { $1 > 0 }.map { "\($0.name) \($1)/\($0.clientLimit)" }
            .joined(separator: ", ")
    }

    /// As `XR24`, or in digits where it isn't of letters.
    static func name(ofFormat fourcc: UInt32) -> String {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: fourcc >> ($0 * 8)) }
        guard bytes.allSatisfy({ (0x21...0x7e).contains($0) || $0 == 0x20 }) else {
            return "0x" + String(fourcc, radix: 16)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As `0:25`; makedev(3).
    private static func number(ofDevice device: UInt64) -> String {
        let major = (device >> 32 & 0xffff_f000) | (device >> 8 & 0xfff)
        let minor = (device >> 12 & 0xffff_ff00) | (device & 0xff)
        return "\(major):\(minor)"
    }
}
