internal import CWLCS
internal import CWaylandClient
internal import Compositor
internal import Pixels
internal import WaylandServer

// What the runner calls: C structures of functions, each the first part of something of ours.

@unsafe
private struct ServerBox {
    var functions: signet_wlcs_server
    let server: Unmanaged<Server>
    var descriptor = UnsafeMutablePointer<signet_wlcs_descriptor>.allocate(capacity: 1)

    /// The server behind what the runner has.
    static func server(_ pointer: UnsafeRawPointer?) -> Server {
        unsafe pointer!.assumingMemoryBound(to: ServerBox.self).pointee.server.takeUnretainedValue()
    }
}

@unsafe
private struct DeviceBox<Functions> {
    var functions: Functions
    let server: Unmanaged<Server>

    static func server(_ pointer: UnsafeRawPointer?) -> Server {
        unsafe pointer!.assumingMemoryBound(to: Self.self).pointee.server.takeUnretainedValue()
    }

    /// Memory that ``destroy(_:)`` frees.
    static func make(_ functions: Functions, _ server: Server) -> UnsafeMutableRawPointer {
        let box = UnsafeMutablePointer<Self>.allocate(capacity: 1)
        unsafe box.initialize(to: Self(functions: functions, server: .passRetained(server)))
        return UnsafeMutableRawPointer(box)
    }

    static func destroy(_ pointer: UnsafeMutableRawPointer?) {
        let box = unsafe pointer!.assumingMemoryBound(to: Self.self)
        unsafe box.pointee.server.release()
        unsafe box.deinitialize(count: 1)
        unsafe box.deallocate()
    }
}

private typealias PointerBox = DeviceBox<signet_wlcs_pointer>
private typealias TouchBox = DeviceBox<signet_wlcs_touch>

/// Makes a server; see `wlcs_server_integration`.
@c(signet_wlcs_create_server)
public func createServer(
    _ count: CInt,
    _ arguments: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> UnsafeMutableRawPointer? {
    let server = Server()
    let functions = unsafe signet_wlcs_server(
        version: 2,
        // It runs already.
        start: { _ in },
        stop: { unsafe ServerBox.server($0).stop() },
        create_client_socket: { unsafe ServerBox.server($0).connect() },
        position_window: { server, display, surface, x, y in
            let connection = unsafe wl_display_get_fd(OpaquePointer(display))
            let id = unsafe wl_proxy_get_id(OpaquePointer(surface))
            unsafe ServerBox.server(server).place(id, of: connection, at: Point(x: Int(x), y: Int(y)))
        },
        create_pointer: { unsafe makePointer(ServerBox.server($0)) },
        create_touch: { unsafe makeTouch(ServerBox.server($0)) },
        get_descriptor: { unsafe UnsafePointer($0!.assumingMemoryBound(to: ServerBox.self).pointee.descriptor) }
    )
    let box = UnsafeMutablePointer<ServerBox>.allocate(capacity: 1)
    unsafe box.initialize(to: ServerBox(functions: functions, server: .passRetained(server)))
    unsafe box.pointee.descriptor.initialize(to: makeDescriptor(server))
    return UnsafeMutableRawPointer(box)
}

/// Ends one.
@c(signet_wlcs_destroy_server)
public func destroyServer(_ pointer: UnsafeMutableRawPointer?) {
    let box = unsafe pointer!.assumingMemoryBound(to: ServerBox.self)
    unsafe ServerBox.server(box).stop()
    let descriptor = unsafe box.pointee.descriptor
    for index in 0..<(unsafe descriptor.pointee.count) {
        unsafe UnsafeMutablePointer(mutating: descriptor.pointee.extensions[index].name).deallocate()
    }
    unsafe UnsafeMutablePointer(mutating: descriptor.pointee.extensions).deallocate()
    unsafe descriptor.deallocate()
    unsafe box.pointee.server.release()
    unsafe box.deallocate()
}

/// The globals that there really are.
private func makeDescriptor(_ server: Server) -> signet_wlcs_descriptor {
    let globals = server.run { $0.display.announcements.map { (name: $0.interface, version: $0.version) } } ?? []
    let extensions = UnsafeMutablePointer<signet_wlcs_extension>.allocate(capacity: max(1, globals.count))
    for (index, global) in globals.enumerated() {
        let bytes = Array(global.name.utf8CString)
        let name = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        unsafe name.initialize(from: bytes, count: bytes.count)
        unsafe (extensions + index).initialize(to: signet_wlcs_extension(name: name, version: global.version))
    }
    return unsafe signet_wlcs_descriptor(version: 1, count: globals.count, extensions: extensions)
}

private func makePointer(_ server: Server) -> UnsafeMutableRawPointer {
    let functions = unsafe signet_wlcs_pointer(
        version: 1,
        move_absolute: { unsafe PointerBox.server($0).send(.pointerMotion(to: position($1, $2, unit: 256))) },
        move_relative: {
            let step = position($1, $2, unit: 256)
            unsafe PointerBox.server($0).send(.pointerStep(dx: step.x, dy: step.y))
        },
        button_up: {
            unsafe PointerBox.server($0).send(.pointerButton(UInt32(bitPattern: $1), isPressed: false))
        },
        button_down: {
            unsafe PointerBox.server($0).send(.pointerButton(UInt32(bitPattern: $1), isPressed: true))
        },
        destroy: { unsafe PointerBox.destroy($0) }
    )
    return unsafe PointerBox.make(functions, server)
}

private func makeTouch(_ server: Server) -> UnsafeMutableRawPointer {
    let functions = unsafe signet_wlcs_touch(
        version: 1,
        down: { unsafe TouchBox.server($0).send(.touchDown(0, at: position($1, $2, unit: 1))) },
        move: { unsafe TouchBox.server($0).send(.touchMotion(0, to: position($1, $2, unit: 1))) },
        up: { unsafe TouchBox.server($0).send(.touchUp(0)) },
        destroy: { unsafe TouchBox.destroy($0) }
    )
    return unsafe TouchBox.make(functions, server)
}

private func position(_ x: Int32, _ y: Int32, unit: Double) -> Position {
    Position(x: Double(x) / unit, y: Double(y) / unit)
}
