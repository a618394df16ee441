import Reports
import SharedMemory
import SignetDriver

/// What clients hold, for programs: one line of JSON.
enum InventoryJSON {
    /// `commands` are the clients' command lines, in words.
    static func text(of inventory: Inventory, commands: [[String]]) -> String {
        let resources = inventory.resources
        return JSON.object([
            "clients": JSON.array(zip(inventory.clients, commands).map { text(of: $0, command: $1, resources) }),
            "resources": JSON.array(resources.map(text)),
        ]) + "\n"
    }

    private static func text(of resource: Inventory.Resource) -> String {
        JSON.object([
            "name": JSON.text(resource.name), "client_limit": "\(resource.clientLimit)",
            "total_limit": "\(resource.totalLimit)", "total": "\(resource.total)",
        ])
    }

    private static func text(
        of client: Inventory.Client,
        command: [String],
        _ resources: [Inventory.Resource]
    ) -> String {
        let usage = zip(resources, client.usage).map { "\(JSON.text($0.name)): \($1)" }.joined(separator: ", ")
        return JSON.object([
            "pid": "\(client.process)", "user": "\(client.user)", "name": JSON.text(client.name),
            "command": JSON.array(command.map(JSON.text)), "usage": "{\(usage)}",
            "surfaces": JSON.array(client.surfaces.map(text)), "buffers": JSON.array(client.buffers.map(text)),
        ])
    }

    private static func text(of surface: Inventory.Surface) -> String {
        JSON.object([
            "id": "\(surface.id)", "role": JSON.text(surface.role), "parent": "\(surface.parent)",
            "width": "\(surface.width)", "height": "\(surface.height)", "buffer": "\(surface.buffer)",
            "x": surface.place.map { "\($0.x)" } ?? "null", "y": surface.place.map { "\($0.y)" } ?? "null",
            "title": surface.title.map(JSON.text) ?? "null", "app_id": surface.application.map(JSON.text) ?? "null",
            "outputs": JSON.array(surface.outputs.map(JSON.text)),
        ])
    }

    private static func text(of buffer: Inventory.Buffer) -> String {
        JSON.object([
            "number": "\(buffer.number)", "id": "\(buffer.id)", "kind": JSON.text(buffer.kind),
            "width": "\(buffer.width)", "height": "\(buffer.height)",
            "format": JSON.text(buffer.fourcc == 0 ? "" : InventoryText.name(ofFormat: buffer.fourcc)),
            "bytes": "\(buffer.byteCount)", "held": "\(buffer.isHeld)", "reading": JSON.text(buffer.reading),
            "copies": "\(buffer.copies)", "memory": JSON.array(buffer.memories.map(text)),
        ])
    }

    private static func text(of memory: Inventory.Memory) -> String {
        JSON.object([
            "tier": JSON.text(memory.tier), "seals": JSON.text(memory.seals.description),
            "file_size": "\(memory.fileSize)", "offset": "\(memory.offset)", "stride": "\(memory.stride)",
            "device": "\(memory.device)", "inode": "\(memory.fileNumber)",
        ])
    }
}
