internal import Pixels
internal import WaylandServer

/// `wl_data_device`: what clients hear of the selection, and of what is dragged over them.
///
/// The data itself goes from client to client: all that passes here is the descriptor that it is written to.
final class DataDevices: WlDataDevice.Requests {
    let seat: Seat
    let scene: Scene
    private let clock: () -> UInt32
    private var resources = ResourcesByClient<WlDataDevice>()
    private var selection: Selection!
    /// There is one at a time.
    private(set) var drag: Drag?

    /// `clock` tells the time in milliseconds.
    init(seat: Seat, scene: Scene, clock: @escaping () -> UInt32) {
        self.seat = seat
        self.scene = scene
        self.clock = clock
        selection = Selection(devices: self)
        seat.onKeyboardClient = { [unowned self] in selection.focusChanged(to: $0) }
    }

    /// In milliseconds.
    var time: UInt32 { clock() }

    func bound(_ resource: WlDataDevice) {
        resource.handler = self
        resources.insert(resource)
        // Who comes late hears what the others know.
        if resources.hears(resource) { selection.tell(resource) }
    }

    func destroyed(_ resource: WlDataDevice) { resources.remove(resource) }

    /// Those of a client's that hear of anything.
    func hearing(of client: Client) -> [WlDataDevice] { Array(resources.hearing(of: client)) }

    /// Introduces an offer of a source's data to a device, whose client asks `makeHandler`'s result for it. Nil where
    /// the client has no room for one more object, or hasn't read for long: then it hears that there is nothing.
    func makeOffer(
        of source: DataSource,
        to device: WlDataDevice,
        _ makeHandler: (WlDataOffer) -> any WlDataOffer.Requests
    ) -> WlDataOffer? {
        let client = device.client
        guard device.isAlive, client.hearsOfOthers else { return nil }
        do throws(ProtocolError) {
            let offer = try WlDataOffer(client: client, version: device.version, id: 0)
            offer.handler = makeHandler(offer)
            device.sendDataOffer(id: offer)
            for type in source.types { offer.sendOffer(mimeType: type) }
            return offer
        } catch {
            // It isn't the client that asked for it.
            return nil
        }
    }

    // MARK: Requests

    func setSelection(_ resource: WlDataDevice, source: WlDataSource?, serial: UInt32) throws(ProtocolError) {
        let source = try source.map(DataSource.of)
        try source?.checkUse(for: .selection)
        selection.set(source, serial: serial, by: resource.client)
    }

    func startDrag(
        _ resource: WlDataDevice,
        source: WlDataSource?,
        origin: WlSurface,
        icon: WlSurface?,
        serial: UInt32
    ) throws(ProtocolError) {
        let client = resource.client
        let source = try source.map(DataSource.of)
        try source?.checkUse(for: .drag)
        let picture = try icon.map(Surface.of)
        let role = try picture.map { surface throws(ProtocolError) in
            try surface.takeRole(.dragIcon, DragIcon(surface, scene: scene)) {
                ProtocolError(WlDataDevice.Error.role, $0, on: resource)
            }
        }
        if drag == nil {
            seat.drag(serial, of: client) { position in
                let drag = Drag(of: source, by: client, icon: role, at: position, devices: self)
                self.drag = drag
                return drag
            }
            if let drag { return drag.begin() }
        }
        // Another one is on its way, nothing is held down, or that was long ago.
        source?.cancelDrag()
    }

    /// It was dropped, or came to nothing.
    func ended(_ drag: Drag) {
        if self.drag === drag { self.drag = nil }
        seat.pointer.end(drag, time: time)
        seat.touch.end(drag)
    }
}
