internal import Glibc
internal import WaylandServer

/// `xdg_activation_v1`: lets one client hand the attention it has to another, which then gets its window to the front.
///
/// As long as there is no input, there is no press to prove attention with: any token that was made here works, once.
final class ActivationGlobal: XdgActivationV1.Requests, Service {
    private let windows: WindowManager
    private let limits: Limits
    /// Those that wait to be used, oldest first.
    private var tokens: [String] = []

    init(windows: WindowManager, limits: Limits) {
        self.windows = windows
        self.limits = limits
    }

    func bind(_ resource: XdgActivationV1) { resource.handler = self }

    func getActivationToken(_ resource: XdgActivationV1, id: XdgActivationTokenV1) throws(ProtocolError) {
        id.handler = ActivationToken(self)
    }

    func activate(_ resource: XdgActivationV1, token: String, surface: WlSurface) throws(ProtocolError) {
        let surface = try Surface.of(surface)
        guard let index = tokens.firstIndex(of: token) else { return }
        tokens.remove(at: index)
        if let window = surface.node as? Window { windows.activate(window) }
    }

    fileprivate func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        let token = (0..<2).map { _ in String(UInt64.random(in: 0...UInt64.max, using: &generator), radix: 16) }
            .joined()
        tokens.append(token)
        if tokens.count > limits.activationTokens { tokens.removeFirst() }
        return token
    }
}

/// `xdg_activation_token_v1`: a token in the making.
private final class ActivationToken: XdgActivationTokenV1.Requests {
    private let activation: ActivationGlobal
    private var isUsed = false

    init(_ activation: ActivationGlobal) {
        self.activation = activation
    }

    func setSerial(_ resource: XdgActivationTokenV1, serial: UInt32, seat: WlSeat) throws(ProtocolError) {
        try checkUnused(resource)
    }

    func setAppId(_ resource: XdgActivationTokenV1, appId: String) throws(ProtocolError) {
        try checkUnused(resource)
    }

    func setSurface(_ resource: XdgActivationTokenV1, surface: WlSurface) throws(ProtocolError) {
        try checkUnused(resource)
    }

    func commit(_ resource: XdgActivationTokenV1) throws(ProtocolError) {
        try checkUnused(resource)
        isUsed = true
        resource.sendDone(token: activation.makeToken())
    }

    private func checkUnused(_ resource: XdgActivationTokenV1) throws(ProtocolError) {
        guard !isUsed else {
            throw ProtocolError(
                XdgActivationTokenV1.Error.alreadyUsed,
                "xdg_activation_token_v1@\(resource.id) was committed already; make another one"
            )
        }
    }
}
