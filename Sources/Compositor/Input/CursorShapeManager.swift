internal import WaylandServer

/// `wp_cursor_shape_manager_v1`: lets clients choose the pointer's looks by name.
final class CursorShapeGlobal: WpCursorShapeManagerV1.Requests, Service {
    func bind(_ resource: WpCursorShapeManagerV1) { resource.handler = self }

    func getPointer(
        _ resource: WpCursorShapeManagerV1,
        cursorShapeDevice: WpCursorShapeDeviceV1,
        pointer: WlPointer
    ) throws(ProtocolError) {
        cursorShapeDevice.handler = CursorShapeDevice(pointer.handler as? Pointer)
    }

    func getTabletToolV2(
        _ resource: WpCursorShapeManagerV1,
        cursorShapeDevice: WpCursorShapeDeviceV1,
        tabletTool: ZwpTabletToolV2
    ) throws(ProtocolError) {
        // There are none.
        cursorShapeDevice.handler = CursorShapeDevice(nil)
    }
}

/// `wp_cursor_shape_device_v1`: the looks of a client's pointer.
private final class CursorShapeDevice: WpCursorShapeDeviceV1.Requests {
    private weak var pointer: Pointer?

    init(_ pointer: Pointer?) { self.pointer = pointer }

    func setShape(
        _ resource: WpCursorShapeDeviceV1,
        serial: UInt32,
        shape: WpCursorShapeDeviceV1.Shape
    ) throws(ProtocolError) {
        guard let known = CursorShape(shape, version: resource.version) else {
            throw ProtocolError(
                WpCursorShapeDeviceV1.Error.invalidShape,
                "\(shape.rawValue) is no shape of wp_cursor_shape_device_v1 \(resource.version)"
            )
        }
        try pointer?.setShape(known, serial: serial, by: resource.client)
    }
}
