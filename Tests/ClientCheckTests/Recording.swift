import Glibc
import SharedMemory

@testable import ClientCheck

/// A client's conversation, told message by message to a model that one judgement listens to.
final class Recording {
    let model = ClientModel()
    private(set) var findings: [Finding] = []
    private var judgement: Judgement?
    /// What is drawn into.
    let file: Descriptor

    init(_ type: Judgement.Type, fileSize: Int = 65_536) throws {
        file = try AnonymousFile.create(name: "recording", size: fileSize).descriptor.duplicate()
        let judgement = type.init(model) { [unowned self] in findings.append($0) }
        self.judgement = judgement
        model.onOccurrence = { judgement.hear($0) }
        tick = { [unowned model] time in
            model.time = time
            judgement.tick()
        }
        end = { judgement.end() }
        request(1, "get_registry", .newObject(2))
    }

    /// What the client's process is said to have used, and to have waited for.
    func cpuTime(_ body: @escaping () -> Double) { (judgement as? IdleJudgement)?.cpuTime = body }

    func queueTime(_ body: @escaping () -> Double) { (judgement as? PingJudgement)?.queueTime = body }

    /// Lets the clock stand at `time`, and the judgement look.
    private(set) var tick: (_ time: Double) -> Void = { _ in }
    private(set) var end: () -> Void = {}

    func request(_ object: UInt32, _ name: String, _ values: WireValue...) {
        tell(object, name, values, isRequest: true)
    }

    func event(_ object: UInt32, _ name: String, _ values: WireValue...) {
        tell(object, name, values, isRequest: false)
    }

    private func tell(_ id: UInt32, _ name: String, _ values: [WireValue], isRequest: Bool) {
        guard let object = model.objects[id] else { fatalError("there is no object \(id)") }
        let messages = isRequest ? object.interface.requests : object.interface.events
        guard let opcode = messages.firstIndex(where: { $0.name == name }) else { fatalError("no \(name)") }
        let message = Message(
            object: object,
            isRequest: isRequest,
            wire: messages[opcode],
            opcode: opcode,
            values: values,
            newObject: model.objects.add(madeBy: messages[opcode], values, on: object),
            descriptors: values.contains(.descriptor) ? [file.rawValue] : []
        )
        model.hear(message)
        if messages[opcode].isDestructor { model.objects.end(object) }
        if message.is("wl_display", "delete_id") { model.objects.remove(message.id(0)) }
    }

    func bind(_ interface: String, as id: UInt32, version: UInt32 = 1) {
        request(2, "bind", .uint(1), .string(interface), .uint(version), .newObject(id))
    }

    /// wl_compositor 3, wl_shm 4, xdg_wm_base 5; the surface 6, its pool 7, and 8 x 8 buffers from 10 on.
    func makeSurface(buffers: UInt32 = 2, format: UInt32 = 0) {
        bind("wl_compositor", as: 3, version: 4)
        bind("wl_shm", as: 4)
        bind("xdg_wm_base", as: 5)
        for format: UInt32 in [0, 1] { event(4, "format", .uint(format)) }
        request(3, "create_surface", .newObject(6))
        request(4, "create_pool", .newObject(7), .descriptor, .int(4_096))
        for index in 0..<buffers { makeBuffer(10 + index, at: index * 256, format: format) }
    }

    func makeBuffer(_ id: UInt32, at offset: UInt32, format: UInt32) {
        request(7, "create_buffer", .newObject(id), .int(Int32(offset)), .int(8), .int(8), .int(32), .uint(format))
    }

    /// Makes the surface a window: xdg_surface 8, xdg_toplevel 9.
    func makeWindow() {
        request(5, "get_xdg_surface", .newObject(8), .object(6))
        request(8, "get_toplevel", .newObject(9))
    }

    /// An xdg_toplevel.configure and its xdg_surface.configure.
    func configure(_ serial: UInt32, _ width: Int32, _ height: Int32, states: [UInt8]) {
        event(9, "configure", .int(width), .int(height), .array(states.flatMap { [$0, 0, 0, 0] }))
        event(8, "configure", .uint(serial))
    }

    /// Commits a buffer, with damage in its pixels: x, y, width, height.
    func commit(_ buffer: UInt32, damage: [Int32]? = [0, 0, 8, 8]) {
        request(6, "attach", .object(buffer), .int(0), .int(0))
        if let damage {
            request(6, "damage_buffer", .int(damage[0]), .int(damage[1]), .int(damage[2]), .int(damage[3]))
        }
        request(6, "commit")
    }

    /// Sets a pixel of a buffer, by the buffer's number from 0 on.
    func draw(_ index: Int, _ x: Int, _ y: Int, _ pixel: UInt32) {
        var pixel = pixel.littleEndian
        _ = unsafe pwrite(file.rawValue, &pixel, 4, off_t(index * 256 + y * 32 + x * 4))
    }
}
