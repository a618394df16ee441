internal import WaylandServer

/// `wl_data_device_manager`: how clients copy and paste, and drag and drop.
final class DataDeviceManagerGlobal: WlDataDeviceManager.Requests, Service {
    private let devices: DataDevices
    private let limits: Limits

    init(devices: DataDevices, limits: Limits) {
        self.devices = devices
        self.limits = limits
    }

    func bind(_ resource: WlDataDeviceManager) { resource.handler = self }

    func createDataSource(_ resource: WlDataDeviceManager, id: WlDataSource) throws(ProtocolError) {
        id.handler = DataSource(id, limits: limits)
    }

    func getDataDevice(_ resource: WlDataDeviceManager, id: WlDataDevice, seat: WlSeat) throws(ProtocolError) {
        devices.bound(id)
    }
}
