internal import Glibc
internal import WaylandServer

/// What stands behind a global.
protocol Service: AnyObject {
    associatedtype Bound: Resource
    /// A client has bound the global: takes over its object, and sends what comes first.
    func bind(_ resource: Bound) throws(ProtocolError)
}

/// Who finds a global in its registry, and can bind it.
enum Audience {
    case everybody
    /// Programs of the user who runs the compositor, and of root, who can see everything anyway.
    case owner

    func includes(_ client: Client) -> Bool {
        switch self {
        case .everybody: true
        case .owner: [geteuid(), 0].contains(client.credentials.user)
        }
    }
}

extension Compositor {
    /// What clients find in the registry, in which order, up to which version, and who does. Outputs are announced as
    /// they come.
    ///
    /// A version is the newest of which everything is served; the system's description may be older.
    func announceAll() {
        let limits = settings.limits
        announce(CompositorGlobal(scene: scene, scheduler: scheduler), upTo: 5)
        announce(SubcompositorGlobal(limits: limits), upTo: 1)
        announce(ShmGlobal(admission: admission), upTo: 1)
        announce(SealedBufferGlobal(admission: admission, limits: limits), upTo: 1)
        if let dmabufs { announce(dmabufs, upTo: dmabufs.version) }
        announce(SinglePixelBufferGlobal(), upTo: 1)
        announce(ViewporterGlobal(), upTo: 1)
        announce(PresentationGlobal(limits: limits), upTo: 1)
        announce(FractionalScaleGlobal(layout: layout), upTo: 1)
        announce(ContentTypeGlobal(), upTo: 1)
        announce(TearingControlGlobal(), upTo: 1)
        announce(IdleInhibitGlobal(), upTo: 1)
        announce(seat, upTo: 8)
        announce(CursorShapeGlobal(), upTo: 2)
        announce(PointerConstraintsGlobal(seat.pointer.constraints), upTo: 1)
        announce(RelativePointerGlobal(seat.pointer), upTo: 1)
        announce(XdgOutputGlobal(), upTo: 3)
        announce(ActivationGlobal(windows: windows, seat: seat, limits: limits), upTo: 1)
        // Version 6 has no message that 5 hasn't: only a window's state `suspended`.
        let base = WmBaseGlobal(display: display, windows: windows, popups: popups, clock: clock, settings: settings)
        announce(base, upTo: 6, likeVersion: 5)
        announce(DecorationGlobal(), upTo: 1)
        announce(DataDeviceManagerGlobal(devices: dataDevices, limits: limits), upTo: 3)
        announce(CaptureManagerGlobal(), upTo: 1, to: .owner)
        announce(ScreencopyManagerGlobal(captures), upTo: 3, to: .owner)
        announce(ImageCopyManager(captures), upTo: 1, to: .owner)
        announce(OutputImageSources(), upTo: 1, to: .owner)
        announce(WindowImageSources(), upTo: 1, to: .owner)
        announce(VirtualKeyboardManagerGlobal(seat: seat, admission: admission), upTo: 1, to: .owner)
        announce(VirtualPointerManagerGlobal(seat: seat, layout: layout), upTo: 2, to: .owner)
        let lists = WindowLists(windows: windows, loop: display.loop)
        announce(ToplevelListGlobal(lists), upTo: 1, to: .owner)
        announce(ControlManagerGlobal(compositor: self, bases: base, windowLists: lists), upTo: 1, to: .owner)
        announce(InspectManagerGlobal(compositor: self), upTo: 1, to: .owner)
    }

    /// Announces an output.
    func announce(_ output: OutputGlobal) -> Global<WlOutput>? { announce(output, upTo: 4) }

    /// Announces a service as far as the settings let it; nil where they hide it. Versions after `likeVersion` have the
    /// messages of that one.
    @discardableResult
    private func announce<S: Service>(
        _ service: @autoclosure () -> S,
        upTo newest: UInt32,
        likeVersion: UInt32? = nil,
        to audience: Audience = .everybody
    ) -> Global<S.Bound>? {
        let interface = S.Bound.interface
        globalNames.insert(interface.name)
        let described = likeVersion.map { interface.version >= $0 } == true ? newest : interface.version
        let version = min(newest, described, settings.globalVersions[interface.name] ?? newest)
        if version == 0 { return nil }
        let service = service()
        return Global<S.Bound>(
            on: display,
            version: version,
            isVisible: { audience.includes($0) },
            bind: { (resource) throws(ProtocolError) in try service.bind(resource) }
        )
    }
}
