internal import WaylandServer
internal import WaylandWire

/// `zwp_relative_pointer_manager_v1`: how far the pointer was moved, whether or not it could go there.
final class RelativePointerGlobal: ZwpRelativePointerManagerV1.Requests, Service {
    private let pointer: Pointer

    init(_ pointer: Pointer) { self.pointer = pointer }

    func bind(_ resource: ZwpRelativePointerManagerV1) { resource.handler = self }

    func getRelativePointer(
        _ resource: ZwpRelativePointerManagerV1,
        id: ZwpRelativePointerV1,
        pointer: WlPointer
    ) throws(ProtocolError) {
        id.handler = self.pointer.relatives
        self.pointer.relatives.add(id)
    }
}

/// All `zwp_relative_pointer_v1` objects.
final class RelativePointers: ZwpRelativePointerV1.Requests {
    private var resources = ResourcesByClient<ZwpRelativePointerV1>()

    fileprivate func add(_ resource: ZwpRelativePointerV1) { resources.insert(resource) }

    func destroyed(_ resource: ZwpRelativePointerV1) { resources.remove(resource) }

    /// Tells a client of a movement, in units of the scene's coordinates. `time` is in milliseconds.
    func send(_ dx: Double, _ dy: Double, to client: Client, time: UInt32) {
        let microseconds = UInt64(time) * 1_000
        for resource in resources.hearing(of: client) {
            resource.sendRelativeMotion(
                utimeHi: UInt32(microseconds >> 32),
                utimeLo: UInt32(truncatingIfNeeded: microseconds),
                dx: Fixed(dx),
                dy: Fixed(dy),
                dxUnaccel: Fixed(dx),
                dyUnaccel: Fixed(dy)
            )
        }
    }
}
