import CLinux
import ClientToolkit
import Glibc
import SharedMemory
import WaylandClient

/// A window with children, and whatever else asks much of each frame, commit or request.
final class Scenes {
    let globals: Globals
    private let subcompositor: WlSubcompositor
    private let viewporter: WpViewporter
    private let pixel: WlBuffer
    private var windows: [ShellWindow] = []
    private var kept: [AnyObject] = []

    init(_ connection: Connection) throws {
        globals = try Globals(connection)
        subcompositor = try globals.bind(WlSubcompositor.self, upTo: 1)
        viewporter = try globals.bind(WpViewporter.self, upTo: 1)
        pixel = try globals.bind(WpSinglePixelBufferManagerV1.self, upTo: 1)
            .createU32RgbaBuffer(r: 0, g: 0, b: 0x8000_0000, a: 0x8000_0000)
    }

    var connection: Connection { globals.connection }

    /// A window of one pixel, shown at any size.
    func window(width: Int32 = 400, height: Int32 = 300, isMaximized: Bool = false) throws -> ShellWindow {
        let window = ShellWindow(globals, title: "hostile")
        if isMaximized { window.toplevel.setMaximized() }
        try connection.roundTrip()
        stretch(window.surface, width, height)
        window.surface.attach(buffer: pixel, x: 0, y: 0)
        window.surface.commit()
        windows.append(window)
        return window
    }

    func stretch(_ surface: WlSurface, _ width: Int32, _ height: Int32) {
        let viewport = viewporter.getViewport(surface: surface)
        viewport.setDestination(width: width, height: height)
        kept.append(viewport)
    }

    /// A child that shows the pixel, or something else, from the parent's next commit on.
    func child(
        of parent: WlSurface,
        at place: (x: Int32, y: Int32) = (0, 0),
        width: Int32 = 1,
        height: Int32 = 1,
        buffer: WlBuffer? = nil
    ) -> (surface: WlSurface, subsurface: WlSubsurface) {
        let surface = globals.compositor.createSurface()
        let subsurface = subcompositor.getSubsurface(surface: surface, parent: parent)
        subsurface.setPosition(x: place.x, y: place.y)
        if width != 1 || height != 1 { stretch(surface, width, height) }
        surface.attach(buffer: buffer ?? pixel, x: 0, y: 0)
        surface.damageBuffer(x: 0, y: 0, width: .max, height: .max)
        kept.append(subsurface)
        return (surface, subsurface)
    }

    /// Memory with a buffer in it whose pages are all there.
    func buffer(_ width: Int32, _ height: Int32, stride: Int32, format: WlShm.Format) throws -> WlBuffer {
        let size = Int(stride) * Int(height)
        let memory = try AnonymousFile.create(name: "hostile", size: size, seals: [.shrink])
        guard fallocate(memory.descriptor.rawValue, 0, 0, off_t(size)) == 0 else { exit(1) }
        let pool = globals.shm.createPool(fd: memory.descriptor, size: Int32(size))
        let buffer = pool.createBuffer(offset: 0, width: width, height: height, stride: stride, format: format)
        pool.destroy()
        return buffer
    }

    /// A checkerboard of so many rectangles, none beside another.
    func shattered(_ count: Int) -> WlRegion {
        let region = globals.compositor.createRegion()
        for index in 0..<Int32(count) {
            region.add(x: index % 30 * 13 + index / 30 % 2 * 6, y: index / 30 * 9, width: 6, height: 4)
        }
        return region
    }

    // MARK: Scenes

    /// Children one above the other, each of which covers what it can be taken to pieces with.
    func shatter(_ count: Int) throws {
        let window = try window()
        let region = shattered(900)
        for index in 0..<count {
            let child = child(of: window.surface, at: (Int32(index % 7), Int32(index % 5)), width: 400, height: 300)
            child.surface.setOpaqueRegion(region: region)
            child.surface.commit()
        }
        window.surface.commit()
        try keepChanging(window.surface)
    }

    /// Turned, scaled, translucent layers of ten bits a channel, each as large as the output.
    func layers(_ count: Int) throws {
        let window = try window(width: 480, height: 360)
        // WL_SHM_FORMAT_ARGB2101010
        let buffer = try buffer(360, 480, stride: 1_440, format: WlShm.Format(rawValue: 0x3033_5241))
        for _ in 0..<count {
            let child = child(of: window.surface, width: 481, height: 363, buffer: buffer)
            child.surface.setBufferTransform(transform: ._90)
            child.surface.commit()
        }
        window.surface.commit()
        try keepChanging(window.surface)
    }

    /// Images much larger than what is shown of them, with rows at odd addresses.
    func images(_ count: Int) throws {
        let window = try window()
        // WL_SHM_FORMAT_RGB888
        let format = WlShm.Format(rawValue: 0x3432_4752)
        for index in 0..<Int32(count) {
            let buffer = try buffer(8_192, 8_192, stride: 8_192 * 3 + 1, format: format)
            let child = child(of: window.surface, at: (index * 8, 0), width: 64, height: 64, buffer: buffer)
            child.surface.commit()
        }
        window.surface.commit()
        try keepChanging(window.surface)
    }

    /// So many objects for the output, that each of a thousand surfaces may enter and leave.
    func outputs(_ count: Int) throws {
        let output = globals.offered.first { $0.interface == "wl_output" }!
        for index in 0..<count {
            kept.append(globals.registry.bind(name: output.name, as: WlOutput.self, version: 3))
            if index % 500 == 0 { try connection.roundTrip() }
        }
        let window = try window()
        let children = (0..<1_000).map { child(of: window.surface, at: (Int32($0 % 100), Int32($0 / 100))) }
        for child in children { child.surface.commit() }
        // Each may be told of each presentation, too.
        let presentation = try globals.bind(WpPresentation.self, upTo: 1)
        for _ in 0..<8 {
            for child in children.prefix(64) {
                for _ in 0..<16 { kept.append(presentation.feedback(surface: child.surface)) }
                child.surface.commit()
            }
            // Out of the output and back.
            for place: Int32 in [100_000, 0] {
                for child in children { child.subsurface.setPosition(x: place, y: place) }
                window.surface.commit()
                try connection.roundTrip()
                usleep(30_000)
            }
        }
    }

    /// Commits of a window with many children, of which most mean nothing, in large batches.
    func commits(_ count: Int) throws {
        let window = try window(isMaximized: true)
        var parents = [window.surface]
        for parent in 0..<4 {
            for _ in 0..<1_000 {
                let child = child(of: parents[parent])
                child.subsurface.setDesync()
                child.surface.commit()
                if parents.count <= parent + 1 { parents.append(child.surface) }
            }
            parents[parent].commit()
            try connection.roundTrip()
        }
        for _ in 0..<count {
            for _ in 0..<512 { window.surface.commit() }
            try connection.roundTrip()
        }
    }

    /// Commits that are held for a parent that never commits, each with as much damage as it may have.
    func held(_ count: Int) throws {
        let window = try window()
        let child = child(of: window.surface, width: 400, height: 300)
        for index in 0..<Int32(count) {
            for piece in 0..<Int32(256) {
                child.surface.damage(
                    x: (piece * 7 + index * 3) % 399,
                    y: (piece * 11 + index * 5) % 299,
                    width: 1,
                    height: 1
                )
            }
            child.surface.commit()
            if index % 4 == 0 { try connection.roundTrip() }
        }
    }

    /// Sessions, all of them at once, which their client leaves behind.
    func sessions(_ count: Int) throws {
        let manager = try globals.bind(SignetSealedFrameManagerV1.self, upTo: 1)
        let output = try globals.bind(WlOutput.self, upTo: 1)
        for index in 0..<count {
            kept.append(manager.createSession(output: output))
            if index % 500 == 0 { try connection.roundTrip() }
        }
    }

    /// Readers that keep as many frames as each may, all different ones.
    func readers(_ count: Int) throws {
        let manager = try globals.bind(SignetSealedFrameManagerV1.self, upTo: 1)
        let output = try globals.bind(WlOutput.self, upTo: 1)
        let window = try window()
        for index in 0..<3 * count {
            // Something else to be seen each time.
            window.surface.attach(buffer: pixel, x: 0, y: 0)
            window.surface.damageBuffer(x: 0, y: 0, width: .max, height: .max)
            window.surface.commit()
            if index % 3 == 0 { kept.append(manager.createSession(output: output)) }
            guard let session = kept.last as? SignetSealedFrameSessionV1 else { return }
            let frame = session.nextFrame()
            var isAnswered = false
            frame.onReady = { _, _, _ in isAnswered = true }
            frame.onFailed = { _ in isAnswered = true }
            while !isAnswered { try connection.dispatch() }
            kept.insert(frame, at: 0)
        }
    }

    /// Offsets that add up as far as they can, of a window, a child and a cursor.
    func sums(_ count: Int) throws {
        let window = try window()
        let child = child(of: window.surface)
        child.surface.commit()
        window.surface.commit()
        let cursor = globals.compositor.createSurface()
        let seat = try globals.bind(WlSeat.self, upTo: 5)
        let pointer = seat.getPointer()
        kept.append(pointer)
        pointer.setCursor(serial: 0, surface: cursor, hotspotX: .min, hotspotY: .max)
        for index in 0..<count {
            for surface in [window.surface, child.surface, cursor] {
                surface.attach(buffer: pixel, x: index % 3 == 0 ? .max : .min, y: .min)
                surface.commit()
            }
            if index % 50 == 0 { try connection.roundTrip() }
        }
    }

    /// Commits now and then, so that there is something to draw.
    private func keepChanging(_ surface: WlSurface) throws {
        for _ in 0..<20 {
            surface.attach(buffer: pixel, x: 0, y: 0)
            surface.damageBuffer(x: 0, y: 0, width: .max, height: .max)
            surface.commit()
            try connection.roundTrip()
            usleep(20_000)
        }
    }
}
