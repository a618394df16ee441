internal import WaylandServer

/// `wl_data_device_manager`: a clipboard that forgets.
///
/// Many clients don't start without one. As there is no keyboard focus, no client is ever offered a selection, and no
/// drag can start.
final class DataDeviceManagerGlobal: WlDataDeviceManager.Requests, Service {
    func bind(_ resource: WlDataDeviceManager) { resource.handler = self }

    func createDataSource(_ resource: WlDataDeviceManager, id: WlDataSource) throws(ProtocolError) {
        id.handler = DataSource()
    }

    func getDataDevice(
        _ resource: WlDataDeviceManager,
        id: WlDataDevice,
        seat: WlSeat
    ) throws(ProtocolError) {
        id.handler = DataDevice()
    }
}

/// `wl_data_source`: what a client would offer.
private final class DataSource: WlDataSource.Requests {
    func offer(_ resource: WlDataSource, mimeType: String) throws(ProtocolError) {}

    func setActions(
        _ resource: WlDataSource,
        dndActions: WlDataDeviceManager.DndAction
    ) throws(ProtocolError) {
        guard dndActions.isSubset(of: .allNamed) else {
            throw ProtocolError(
                WlDataSource.Error.invalidActionMask,
                "\(dndActions.rawValue) has bits that are no wl_data_device_manager.dnd_action"
            )
        }
    }
}

/// `wl_data_device`: a client's view of the clipboard.
private final class DataDevice: WlDataDevice.Requests {
    func startDrag(
        _ resource: WlDataDevice,
        source: WlDataSource?,
        origin: WlSurface,
        icon: WlSurface?,
        serial: UInt32
    ) throws(ProtocolError) {
        // Without a pressed button or a touch there is nothing to drag with.
        source?.sendCancelled()
    }

    func setSelection(_ resource: WlDataDevice, source: WlDataSource?, serial: UInt32) throws(ProtocolError) {
        // Only the client with the keyboard focus may set it, and nobody has that.
        source?.sendCancelled()
    }
}
