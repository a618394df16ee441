internal import Glibc
internal import WaylandServer

/// `xdg_activation_v1`: lets one client hand the attention it has to another, which then gets its window to the front.
///
/// Attention is proved by something that was pressed for the client that asks for the token, or by its window being the
/// active one. Any other token does nothing. Each works once.
final class ActivationGlobal: XdgActivationV1.Requests, Service {
    private let windows: WindowManager
    private let seat: Seat
    private let limits: Limits
    /// Tokens of ours have fewer.
    private static let tokenBytes = 64
    /// Those that wait to be used, oldest first.
    private var tokens: [String] = []

    init(windows: WindowManager, seat: Seat, limits: Limits) {
        self.windows = windows
        self.seat = seat
        self.limits = limits
    }

    func bind(_ resource: XdgActivationV1) { resource.handler = self }

    func getActivationToken(_ resource: XdgActivationV1, id: XdgActivationTokenV1) throws(ProtocolError) {
        id.handler = ActivationToken(self)
    }

    func activate(_ resource: XdgActivationV1, token: String, surface: WlSurface) throws(ProtocolError) {
        let surface = try Surface.of(surface)
        // Tokens are short, and a text that isn't can take long to compare.
        guard token.utf8.count <= Self.tokenBytes, let index = tokens.firstIndex(of: token) else { return }
        tokens.remove(at: index)
        if let window = surface.node as? Window { windows.activate(window) }
    }

    /// A token for a client, with a serial that proves attention, if it has one.
    fileprivate func makeToken(for client: Client, serial: UInt32?) -> String {
        var generator = SystemRandomNumberGenerator()
        let token = (0..<2).map { _ in String(UInt64.random(in: 0...UInt64.max, using: &generator), radix: 16) }
            .joined()
        guard seat.isInUse(client) || serial.map({ seat.wasPress($0, of: client) }) ?? false else { return token }
        tokens.append(token)
        if tokens.count > limits.activationTokens { tokens.removeFirst() }
        return token
    }
}

/// `xdg_activation_token_v1`: a token in the making.
private final class ActivationToken: XdgActivationTokenV1.Requests {
    private let activation: ActivationGlobal
    private var isUsed = false
    private var serial: UInt32?

    init(_ activation: ActivationGlobal) {
        self.activation = activation
    }

    func setSerial(_ resource: XdgActivationTokenV1, serial: UInt32, seat: WlSeat) throws(ProtocolError) {
        try checkUnused(resource)
        self.serial = serial
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
        resource.sendDone(token: activation.makeToken(for: resource.client, serial: serial))
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
