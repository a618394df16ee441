internal import SharedMemory

/// A window with xdg-shell: a surface, its role, and buffers of sealed memory for it.
package final class Window {
    package let client: RawClient
    package let surface: UInt32
    package let shellSurface: UInt32
    package let toplevel: UInt32

    package static let (width, height): (Int32, Int32) = (64, 48)
    /// Bytes of a buffer of that size.
    package static let size = Int(width * height * 4)

    /// Makes the objects and commits; nothing is mapped.
    package init(_ client: RawClient) throws {
        self.client = client
        surface = try client.createSurface()
        shellSurface = try client.makeShellSurface(of: surface)
        toplevel = client.makeToplevel(of: shellSurface)
        client.commit(surface)
    }

    /// Waits for the first configure and acknowledges it. The window has its size then, if it wants one.
    package func configure() throws {
        guard client.wait(until: { !client.events(of: shellSurface, 0).isEmpty }) else {
            throw Unmet("xdg_surface.configure never came: \(client.answer().description)")
        }
        acknowledge()
    }

    /// Acknowledges the newest configure.
    package func acknowledge() {
        guard let serial = client.events(of: shellSurface, 0).last?.words.first else { return }
        client.send(shellSurface, 4, [serial])
    }

    /// A buffer of a sealed memfd with all pixels of one colour.
    package func makeBuffer(_ colour: UInt32 = 0xff20_4080) throws -> UInt32 {
        try client.makeBuffer(colour)
    }

    /// A window that is shown, as the server has said.
    package static func shown(_ client: RawClient) throws -> Window {
        let window = try Window(client)
        try window.configure()
        let frame = client.frame(window.surface)
        let buffer = try window.makeBuffer()
        client.show(window.surface, buffer)
        try client.awaitFrame(frame, or: buffer)
        return window
    }
}

extension RawClient {
    /// A buffer of a sealed memfd, of the size of a ``Window``, with all pixels of one colour.
    package func makeBuffer(_ colour: UInt32 = 0xff20_4080) throws -> UInt32 {
        let file = try AnonymousFile.create(name: "conformance", size: Window.size)
        var row = [UInt32](repeating: colour, count: Int(Window.width))
        for y in 0..<Int(Window.height) {
            try unsafe row.withUnsafeMutableBytes { bytes in
                try unsafe file.descriptor.pwrite(UnsafeRawBufferPointer(bytes).bytes, at: Int64(y * bytes.count))
            }
        }
        let pool = try createPool(shm(), file.descriptor, size: Int32(Window.size))
        let buffer = createBuffer(pool, width: Window.width, height: Window.height)
        destroy(pool)
        return buffer
    }

    /// xdg_wm_base, bound once.
    package func shell() throws -> UInt32 { try bindOnce("xdg_wm_base", version: 3) }

    /// xdg_wm_base.get_xdg_surface.
    package func makeShellSurface(of surface: UInt32) throws -> UInt32 {
        let shell = try shell()
        let shellSurface = newObject("xdg_surface")
        send(shell, 2, [shellSurface, surface])
        return shellSurface
    }

    /// xdg_surface.get_toplevel.
    package func makeToplevel(of shellSurface: UInt32) -> UInt32 {
        let toplevel = newObject("xdg_toplevel")
        send(shellSurface, 1, [toplevel])
        return toplevel
    }

    /// xdg_surface.get_popup, with a positioner of its own that is complete unless told otherwise.
    package func makePopup(of shellSurface: UInt32, parent: UInt32, isComplete: Bool = true) throws -> UInt32 {
        let shell = try shell()
        let positioner = newObject("xdg_positioner")
        send(shell, 1, [positioner])
        if isComplete {
            send(positioner, 1, [10, 10])
            send(positioner, 2, [0, 0, 10, 10])
        }
        let popup = newObject("xdg_popup")
        send(shellSurface, 2, [popup, parent, positioner])
        send(positioner, 0)
        return popup
    }
}
