package import SharedMemory

/// Requests of the core protocol, by the order in which wayland.xml has them.
extension RawClient {
    /// wl_shm.create_pool.
    package func createPool(_ shm: UInt32, _ descriptor: borrowing Descriptor, size: Int32) throws -> UInt32 {
        let pool = newObject("wl_shm_pool")
        try send(shm, 0, [pool, UInt32(bitPattern: size)], with: descriptor)
        return pool
    }

    /// wl_shm_pool.create_buffer.
    package func createBuffer(
        _ pool: UInt32,
        offset: Int32 = 0,
        width: Int32 = 16,
        height: Int32 = 16,
        stride: Int32? = nil,
        format: UInt32 = PixelFormat.xrgb
    ) -> UInt32 {
        let buffer = newObject("wl_buffer")
        let numbers = [offset, width, height, stride ?? width &* 4].map { UInt32(bitPattern: $0) }
        send(pool, 0, [buffer] + numbers + [format])
        return buffer
    }

    /// wl_shm_pool.resize.
    package func resize(_ pool: UInt32, to size: Int32) { send(pool, 2, [UInt32(bitPattern: size)]) }

    /// The request by which an object is destroyed, which isn't the first one of a few interfaces.
    package func destroy(_ object: UInt32) {
        switch interfaces[object] {
        case "wl_shm_pool", "wl_data_source": send(object, 1)
        default: send(object, 0)
        }
    }

    /// wl_compositor.create_surface.
    package func createSurface() throws -> UInt32 {
        let compositor = try compositor()
        let surface = newObject("wl_surface")
        send(compositor, 0, [surface])
        return surface
    }

    /// wl_compositor.create_region.
    package func createRegion() throws -> UInt32 {
        let compositor = try compositor()
        let region = newObject("wl_region")
        send(compositor, 1, [region])
        return region
    }

    /// wl_compositor, bound once.
    package func compositor() throws -> UInt32 { try bindOnce("wl_compositor", version: 4) }

    /// wl_shm, bound once.
    package func shm() throws -> UInt32 { try bindOnce("wl_shm") }

    /// wl_surface.attach; 0 is no buffer.
    package func attach(_ surface: UInt32, _ buffer: UInt32) { send(surface, 1, [buffer, 0, 0]) }

    /// wl_surface.damage, of everything.
    package func damage(_ surface: UInt32) { send(surface, 2, [0, 0, 0x7fff_ffff, 0x7fff_ffff]) }

    /// wl_surface.frame.
    package func frame(_ surface: UInt32) -> UInt32 {
        let callback = newObject("wl_callback")
        send(surface, 3, [callback])
        return callback
    }

    /// wl_surface.commit.
    package func commit(_ surface: UInt32) { send(surface, 6) }

    /// wl_surface.attach, damage and commit.
    package func show(_ surface: UInt32, _ buffer: UInt32) {
        attach(surface, buffer)
        damage(surface)
        commit(surface)
    }

    /// wl_subcompositor.get_subsurface.
    package func makeSubsurface(of surface: UInt32, parent: UInt32) throws -> UInt32 {
        let subcompositor = try bindOnce("wl_subcompositor")
        let subsurface = newObject("wl_subsurface")
        send(subcompositor, 1, [subsurface, surface, parent])
        return subsurface
    }
}

/// wl_shm.format.
package enum PixelFormat {
    package static let argb: UInt32 = 0
    package static let xrgb: UInt32 = 1
}
