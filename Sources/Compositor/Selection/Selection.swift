internal import SharedMemory
internal import WaylandServer

/// The clipboard: what the client that has the keyboard copied last, for the one that has it next.
///
/// Source: wl_data_device.set_selection and wl_data_device.selection.
final class Selection: DataSourceUser {
    private unowned let devices: DataDevices
    /// Who has the keyboard.
    private weak var focus: Client?
    private weak var source: DataSource?
    /// Of the event that it was last set because of.
    private var serial: UInt32?

    init(devices: DataDevices) {
        self.devices = devices
    }

    /// Another client is about to have the keyboard, or none.
    func focusChanged(to client: Client?) {
        guard client !== focus else { return }
        focus = client
        tellFocus()
    }

    /// A client sets it because of an event. Only the one with the keyboard can, because of what it was told itself,
    /// and not because of something before what set it last; any other source is cancelled.
    func set(_ new: DataSource?, serial: UInt32, by client: Client) {
        let isOlder = self.serial.map { Int32(bitPattern: serial &- $0) < 0 } ?? false
        guard client === focus, !isOlder, devices.seat.wasSent(serial, to: client) else {
            if new !== source { new?.cancelSelection() }
            return
        }
        self.serial = serial
        let old = source
        if new === old { return }
        source = new
        new?.use(for: .selection, by: self)
        old?.endUse()
        old?.cancelSelection()
        tellFocus()
    }

    func sourceDestroyed(_ source: DataSource) {
        guard self.source === source else { return }
        self.source = nil
        tellFocus()
    }

    private func tellFocus() {
        guard let focus else { return }
        for device in devices.hearing(of: focus) { tell(device) }
    }

    /// Tells a device what there is, if its client has the keyboard.
    func tell(_ device: WlDataDevice) {
        guard let focus, device.client === focus else { return }
        let offer = source.flatMap { source in
            devices.makeOffer(of: source, to: device) { _ in SelectionOffer(of: source, in: self) }
        }
        device.sendSelection(id: offer)
    }

    fileprivate func offers(_ source: DataSource) -> Bool { self.source === source }
}

/// `wl_data_offer` of a selection. It can be read for as long as its source is the selection: a client that began to
/// paste isn't cut off when somebody presses elsewhere meanwhile, and sees nothing newer.
private final class SelectionOffer: WlDataOffer.Requests {
    private weak var source: DataSource?
    private weak var selection: Selection?

    init(of source: DataSource, in selection: Selection) {
        self.source = source
        self.selection = selection
    }

    func accept(_ resource: WlDataOffer, serial: UInt32, mimeType: String?) throws(ProtocolError) {}

    func receive(
        _ resource: WlDataOffer,
        mimeType: String,
        fd: consuming Descriptor
    ) throws(ProtocolError) {
        guard let source, selection?.offers(source) == true else { return }
        source.send(mimeType, to: fd)
    }

    func finish(_ resource: WlDataOffer) throws(ProtocolError) {
        throw ProtocolError(
            WlDataOffer.Error.invalidFinish,
            "wl_data_offer@\(resource.id) is the selection's; only what was dropped is finished"
        )
    }

    func setActions(
        _ resource: WlDataOffer,
        dndActions: DragActions,
        preferredAction: DragActions
    ) throws(ProtocolError) {
        throw ProtocolError(
            WlDataOffer.Error.invalidOffer,
            "wl_data_offer@\(resource.id) is the selection's; actions are for what is dragged"
        )
    }
}
