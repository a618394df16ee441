import Glibc
import Pixels
import SharedMemory

/// What a client and its compositor have told each other, put together: its buffers, its surfaces, its windows.
///
/// It hears what the client sends, and of events what is delivered to it.
final class ClientModel {
    /// Seconds since the start.
    var time = 0.0
    /// Who is told of what happens.
    var onOccurrence: (Occurrence) -> Void = { _ in }
    let objects = ObjectMap()
    private var pools: [UInt32: Pool] = [:]
    private(set) var buffers: [UInt32: Buffer] = [:]
    private(set) var surfaces: [UInt32: Surface] = [:]
    private(set) var shells: [UInt32: ShellRecord] = [:]
    private(set) var regions: [UInt32: Region] = [:]
    /// The surfaces of wp_viewports, and the xdg_surfaces of xdg_toplevels.
    private var viewports: [UInt32: Surface] = [:]
    private var toplevels: [UInt32: ShellRecord] = [:]
    /// The surfaces of frame callbacks that haven't come.
    private var frames: [UInt32: ObjectIdentifier] = [:]
    /// argb8888 and xrgb8888 are always there.
    private var formats: Set<UInt32> = [0, 1]

    /// Whether a wl_callback is a frame's, which hasn't come.
    func isFrame(_ callback: WireObject) -> Bool { frames[callback.id] != nil }

    /// Frame callbacks that wait for their event.
    var waitingFrameCount: Int { frames.count }

    /// Those of one surface.
    func waitingFrameCount(of surface: Surface) -> Int {
        frames.values.count { $0 == ObjectIdentifier(surface) }
    }

    func hear(_ message: Message) {
        switch message.object.interface.name {
        case "wl_display": display(message)
        case "wl_shm", "wl_shm_pool": memory(message)
        case "wl_buffer": buffer(message)
        case "wl_compositor", "wl_region", "wl_subcompositor": region(message)
        case "wl_surface": surface(message)
        case "wl_callback":
            if frames.removeValue(forKey: message.object.id) != nil { tell(.frameDone(message.object)) }
        case "wp_viewporter", "wp_viewport": viewport(message)
        case "xdg_wm_base", "xdg_surface", "xdg_toplevel": shell(message)
        case "zwp_linux_buffer_params_v1", "wp_single_pixel_buffer_manager_v1":
            if let new = message.newObject, new.interface.name == "wl_buffer" {
                let isSized = message.name == "create_immed"
                let (width, height) = isSized ? (message.number(1), message.number(2)) : (0, 0)
                buffers[new.id] = Buffer(new, nil, width: width, height: height)
            }
        default: break
        }
        tell(.message(message))
    }

    func tell(_ occurrence: Occurrence) { onOccurrence(occurrence) }

    private func display(_ message: Message) {
        switch message.name {
        case "error":
            let id = message.id(0)
            if message.isInjected { break }
            tell(.error(object: objects[id]?.name ?? "object \(id)", text: message.values[2].text ?? ""))
        case "delete_id": forget(message.id(0))
        default: break
        }
    }

    private func forget(_ id: UInt32) {
        pools[id] = nil
        buffers[id] = nil
        surfaces[id] = nil
        shells[id] = nil
        regions[id] = nil
        viewports[id] = nil
        toplevels[id] = nil
        frames[id] = nil
    }

    private func memory(_ message: Message) {
        if message.name == "format" { formats.insert(message.id(0)) }
        guard let new = message.newObject else { return }
        if message.name == "create_pool", let number = message.descriptors.first {
            let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { return }
            let pool = Pool(new, Descriptor(owning: copy))
            pools[new.id] = pool
            tell(.poolCreated(pool))
        } else if message.name == "create_buffer", let pool = pools[message.object.id] {
            let place = Buffer.Place(
                pool: pool,
                offset: message.number(1),
                stride: message.number(4),
                format: UInt32(message.number(5))
            )
            buffers[new.id] = Buffer(new, place, width: message.number(2), height: message.number(3))
            if !formats.contains(place.format) { tell(.unknownFormat(new, place.format)) }
        }
    }

    private func buffer(_ message: Message) {
        guard message.name == "release", let buffer = buffers[message.object.id] else { return }
        tell(.released(buffer))
        buffer.isHeld = false
        buffer.committed = nil
    }

    private func region(_ message: Message) {
        if let new = message.newObject {
            if new.interface.name == "wl_surface" { surfaces[new.id] = Surface(new) }
            if new.interface.name == "wl_region" { regions[new.id] = Region() }
            if message.name == "get_subsurface" { surfaces[message.id(2)]?.hasSubsurfaces = true }
        } else if message.name == "add" || message.name == "subtract", message.object.interface.name == "wl_region" {
            let rectangle = Rectangle(message, 0)
            if message.name == "add" {
                regions[message.object.id]?.formUnion(rectangle)
            } else {
                regions[message.object.id]?.subtract(rectangle)
            }
            // What is promised to be opaque is judged as far as it is kept.
            regions[message.object.id] = regions[message.object.id]?.coarsenedInward(limit: Self.rectangleLimit)
        }
    }

    private func viewport(_ message: Message) {
        if message.name == "get_viewport", let new = message.newObject {
            viewports[new.id] = surfaces[message.id(1)]
            return
        }
        guard let surface = viewports[message.object.id] else { return }
        switch message.name {
        case "set_source":
            let all = (0..<4).map(message.number)
            surface.pending.source = all == [-256, -256, -256, -256] ? nil : all
        case "set_destination":
            let all = (0..<2).map(message.number)
            surface.pending.destination = all == [-1, -1] ? nil : all
        case "destroy": (surface.pending.source, surface.pending.destination) = (nil, nil)
        default: break
        }
    }

    /// Rectangles of a region that are kept: what clients send must not make it slower with each.
    fileprivate static let rectangleLimit = 256

    private func surface(_ message: Message) {
        guard let surface = surfaces[message.object.id] else { return }
        switch message.name {
        case "attach":
            surface.pending.attachment = buffers[message.id(0)].map { .buffer($0) } ?? .nothing
        case "damage": surface.pending.surfaceDamage.add(Rectangle(message, 0))
        case "damage_buffer": surface.pending.bufferDamage.add(Rectangle(message, 0))
        case "set_opaque_region": surface.pending.opaque = regions[message.id(0)] ?? Region()
        case "set_buffer_scale": surface.pending.scale = max(1, message.number(0))
        case "set_buffer_transform": surface.pending.transform = message.number(0)
        case "frame":
            if let new = message.newObject {
                frames[new.id] = ObjectIdentifier(surface)
                tell(.frameRequested(surface))
            }
        case "commit": commit(surface)
        default: break
        }
    }

    private func shell(_ message: Message) {
        switch (message.object.interface.name, message.name) {
        case ("xdg_wm_base", "get_xdg_surface"):
            guard let new = message.newObject, let surface = surfaces[message.id(1)] else { return }
            let shell = ShellRecord(new, surface)
            surface.shell = shell
            shells[new.id] = shell
        case ("xdg_wm_base", "ping"): tell(.ping(message.id(0)))
        case ("xdg_wm_base", "pong"): tell(.pong(message.id(0)))
        case ("xdg_surface", "get_toplevel"):
            guard let shell = shells[message.object.id], let new = message.newObject else { return }
            shell.toplevel = new
            toplevels[new.id] = shell
        case ("xdg_surface", "set_window_geometry"):
            shells[message.object.id]?.pendingGeometry = Rectangle(message, 0)
        case ("xdg_toplevel", "configure"):
            guard case .array(let bytes) = message.values[2] else { return }
            let states = stride(from: 0, to: bytes.count & ~3, by: 4).map { WireFormat.word(bytes[...], at: $0) }
            toplevels[message.object.id]?.announced = (message.number(0), message.number(1), Set(states))
        case ("xdg_toplevel", "set_min_size"):
            toplevels[message.object.id]?.minimum = Size(width: message.number(0), height: message.number(1))
        case ("xdg_toplevel", "set_max_size"):
            toplevels[message.object.id]?.maximum = Size(width: message.number(0), height: message.number(1))
        case ("xdg_surface", "configure"): configure(message)
        case ("xdg_surface", "ack_configure"): acknowledge(message)
        case ("xdg_surface", "destroy"): shells[message.object.id] = nil
        default: break
        }
    }

    private func configure(_ message: Message) {
        guard let shell = shells[message.object.id] else { return }
        let configure = ShellRecord.Configure(
            serial: message.id(0),
            time: time,
            width: shell.announced.width,
            height: shell.announced.height,
            states: shell.announced.states,
            isToplevel: shell.toplevel != nil
        )
        shell.open.append(configure)
        tell(.configured(shell, configure))
    }

    private func acknowledge(_ message: Message) {
        guard let shell = shells[message.object.id] else { return }
        // One that is acked stands for all before it.
        guard let index = shell.open.firstIndex(where: { $0.serial == message.id(0) }) else {
            tell(.acked(shell, nil))
            return
        }
        var configure = shell.open[index]
        configure.ackTime = time
        shell.open.removeFirst(index + 1)
        shell.acked = configure
        tell(.acked(shell, configure))
    }
}

extension Rectangle {
    /// Four numbers of a message: x, y, width, height.
    fileprivate init(_ message: Message, _ first: Int) {
        // What reaches further than any buffer is cut, so that no sum overflows.
        let limit = 1 << 24
        let (x, y) = (message.number(first), message.number(first + 1))
        let (right, bottom) = (x + message.number(first + 2), y + message.number(first + 3))
        let (left, top) = (min(max(x, -limit), limit), min(max(y, -limit), limit))
        self.init(x: left, y: top, width: max(0, min(right, limit) - left), height: max(0, min(bottom, limit) - top))
    }
}

extension Region {
    /// Adds damage; where there are many pieces, they become their bounds.
    fileprivate mutating func add(_ rectangle: Rectangle) {
        formUnion(rectangle)
        self = coarsenedOutward(limit: ClientModel.rectangleLimit)
    }
}
