internal import Glibc
public import SharedMemory

/// The server: its globals, its clients, its event loop.
///
/// Everything that hangs on it belongs to the thread that runs ``loop``. Clients come in by ``listen(on:connect:)``, or
/// as connected descriptors by ``connect(_:)``.
///
/// Each round of the loop calls the actions of other sources first. Then clients with requests have their turns, some
/// hundred requests or a millisecond each at most, as long as the round lasts: those who have just sent something
/// before those who are still at it, and of each kind one of each process by turns. In the end each client that has
/// events gets them, in one sendmsg(2).
public final class Display {
    /// Where clients' requests, timers and the server's own descriptors are waited for.
    public let loop = EventLoop()
    /// What clients may take of the runtime. Holds for those that connect from then on.
    public var limits = ConnectionLimits()
    /// The connected clients, in the order in which they connected.
    public private(set) var clients: [Client] = []
    /// The newest number that ``nextSerial()`` gave out.
    public private(set) var serial: UInt32 = 0

    private(set) var trace: MessageTrace?
    private var lastClientNumber: UInt64 = 0
    private var globals: [GlobalAnnouncement] = []
    /// Is called before a wl_display.sync is answered: what follows from all that the client did before is to be told
    /// of first. Where that takes longer, it gives back what is lifted then.
    public var onSync: (Client) -> SyncBarrier? = { _ in nil }
    private var lastGlobalName: UInt32 = 0
    private let buffer = ReceiveBuffer()
    private var margin = DescriptorMargin()
    private let roomForUnclaimed = DescriptorMargin.roomForUnclaimed
    /// Who has requests to be served: those that have just sent some, and those whose last turn wasn't enough.
    private var ready = TurnQueue<Int64, Client>()
    private var unfinished = TurnQueue<Int64, Client>()
    private var unflushed: [Client] = []
    /// Who is to be sent something when the kernel may have room again.
    private var congested: [Client] = []
    private var congestionTimer: EventLoop.Timer?
    private var ending: [Client] = []
    /// Who has ended and has objects left.
    private var leaving: [Client] = []
    private var departures: [Departure] = []
    private var doorkeepers: [Doorkeeper] = []
    private var unsentBytes = 0
    private var unclaimedDescriptors = 0
    private var undeliveredDescriptors = 0
    private var unclaimedTimer: EventLoop.Timer?
    private var clientsWithUnclaimed = 0
    private var isServing = false

    /// How long clients are served before other sources are looked at again, in nanoseconds.
    private static let roundTime: UInt64 = 2_000_000
    /// How long objects of clients that have ended are destroyed in each round.
    private static let clearingTime: UInt64 = 1_000_000

    /// Makes a server without globals. With WAYLAND_DEBUG=server in the environment, messages are written to the
    /// standard error stream.
    public init() {
        if MessageTrace.isWanted { trace = MessageTrace.onStandardError() }
        loop.afterEvents = { [unowned self] in serve() }
    }

    deinit {
        loop.afterEvents = nil
        for departure in departures { departure.end() }
        for client in clients {
            client.flush()
            client.disconnect()
        }
        for client in leaving { client.destroyObjects(until: UInt64.max) }
        loop.removeAllSources()
    }

    /// Where WAYLAND_DEBUG=server asks for messages: hands them to `output`, a line each, and not to the standard error
    /// stream. Holds for clients that connect from then on.
    public func redirectTrace(to output: @escaping (String) -> Void) {
        if trace != nil { trace = MessageTrace(output) }
    }

    // MARK: Clients

    /// How many clients are connected.
    public var clientCount: Int { clients.count }

    /// Ends all connections, and destroys what is left of those that have ended, however long that takes.
    public func disconnectAll() {
        for client in clients { client.disconnect() }
        let left = leaving
        leaving = []
        for client in left { client.destroyObjects(until: UInt64.max) }
    }

    /// Lets clients in at `socket` until the server ends. It doesn't spin when descriptors have run out: who can't be
    /// let in is turned away.
    ///
    /// `connect` serves who has come, and may turn them away; without one that is ``connect(_:)``.
    public func listen(
        on socket: consuming ListeningSocket,
        connect: ((consuming Descriptor) -> Client?)? = nil
    ) {
        let connect = connect ?? { [unowned self] in self.connect($0) }
        doorkeepers.append(Doorkeeper(socket, loop: loop, connect: connect))
    }

    /// Serves the client at the other end of `socket`, a connected stream socket.
    ///
    /// Returns nil, and closes the socket, where it can't be waited for: it is no socket, or there is no memory.
    public func connect(_ socket: consuming Descriptor) -> Client? {
        lastClientNumber += 1
        margin.note(socket.rawValue)
        let client = Client(socket, number: lastClientNumber, display: self)
        let source = loop.watchQuietly(client.socketNumber, for: .readable) {
            [unowned self, unowned client] readiness in
            if readiness.contains(.writable) { needsFlush(client) }
            if !readiness.isDisjoint(with: [.readable, .hangUp, .error]) { needsTurn(client) }
        }
        guard let source else { return nil }
        client.source = source
        do throws(ProtocolError) {
            _ = try DisplayResource(client: client, version: 1, id: 1)
        } catch {
            source.remove()
            return nil
        }
        clients.append(client)
        return client
    }

    /// Closes a connected socket, in whose queue there may be anything, without waiting for that.
    public static func refuse(_ socket: consuming Descriptor) {
        let user = Client.Credentials(of: socket).user
        _ = ConnectionSocket(socket, of: user)
    }

    func remove(_ client: Client) {
        guard let index = clients.partitioningIndex(where: { $0.number >= client.number }), clients[index] === client
        else { return }
        clients.remove(at: index)
    }

    /// The first of those who connected after the client with a number.
    package func client(after number: UInt64) -> Client? {
        clients.partitioningIndex { $0.number > number }.map { clients[$0] }
    }

    // MARK: Turns

    private func needsTurn(_ client: Client) {
        guard !client.isQueued else { return }
        client.isQueued = true
        let process = client.credentials.processIdentity
        if client.isGreedy { unfinished.append(client, of: process) } else { ready.append(client, of: process) }
    }

    private func serve() {
        isServing = true
        endSome()
        let end = EventLoop.now + Self.roundTime
        // One that isn't done first, so that none waits for ever; then everybody who has just sent something, for a
        // short time each; then the others. One of each has its turn whatever the time: where this process has to
        // wait for its CPU again and again, those who have just come don't wait for all who aren't done.
        var served = 0
        while true {
            let newcomer = served == 0 ? nil : ready.popFirst()
            guard let client = newcomer ?? unfinished.popFirst() ?? ready.popFirst() else { break }
            let time = newcomer == nil ? TurnBudget.whole : TurnBudget.first
            client.isQueued = false
            guard client.isConnected, !client.isEnding else { continue }
            loop.turns.measure(client) {
                let hasMore = client.takeTurn(time, buffer, &margin)
                if client.isEnding {
                    client.end()
                } else if hasMore {
                    client.isQueued = true
                    unfinished.append(client, of: client.credentials.processIdentity)
                }
            }
            served += 1
            if served >= 2, EventLoop.now >= end { break }
        }
        clearAway()
        isServing = false
        flushClients()
        let hasMore = !ready.isEmpty || !unfinished.isEmpty || !leaving.isEmpty || !ending.isEmpty
        if hasMore { loop.wakeUp() }
    }

    /// Destroys what is left of a client that has ended, by and by: others don't wait for all of it.
    func clearAway(_ client: Client) {
        leaving.append(client)
        if !isServing { loop.wakeUp() }
    }

    private func clearAway() {
        guard let client = leaving.first else { return }
        loop.turns.measure(client) {
            if !client.destroyObjects(until: EventLoop.now + Self.clearingTime) { leaving.removeFirst() }
        }
    }

    /// Ends `client` once nothing else goes on; at once where this is its own turn.
    func finish(_ client: Client) {
        guard !client.isBusy else { return }
        ending.append(client)
        if !isServing { loop.wakeUp() }
    }

    /// Ends those who wait for it; where they are many, the others in the next rounds.
    private func endSome() {
        let end = EventLoop.now + Self.clearingTime
        while !ending.isEmpty {
            let client = ending.removeFirst()
            loop.turns.measure(client) { client.end() }
            if EventLoop.now >= end { break }
        }
    }

    // MARK: Output

    func needsFlush(_ client: Client) {
        client.isUnflushed = true
        unflushed.append(client)
    }

    /// Sends what has been queued for all clients, as far as their sockets take it.
    public func flushClients() {
        while let client = unflushed.popLast() {
            client.isUnflushed = false
            client.flush()
        }
        if !isServing, !ending.isEmpty {
            endSome()
            if !ending.isEmpty { loop.wakeUp() }
        }
    }

    /// Tries again in a while.
    func flushLater(_ client: Client) {
        guard !client.isCongested else { return }
        client.isCongested = true
        congested.append(client)
        if congestionTimer == nil {
            congestionTimer = loop.makeTimer { [unowned self] in
                let clients = congested
                congested = []
                for client in clients {
                    client.isCongested = false
                    if !client.isUnflushed { needsFlush(client) }
                }
            }
        }
        congestionTimer?.set(at: EventLoop.now + 20_000_000)
    }

    func unsentBytesChanged(by change: Int) {
        unsentBytes += change
        guard change > 0, unsentBytes > limits.totalUnsentBytes else { return }
        // First go those who have left without reading.
        while unsentBytes > limits.totalUnsentBytes {
            let largest = departures.max { $0.countedBytes < $1.countedBytes }
            guard let largest, largest.countedBytes > 0 else { break }
            end(largest)
        }
        guard unsentBytes > limits.totalUnsentBytes else { return }
        worst(by: \.unsentByteCount)?.abandon(
            "\(unsentBytes) bytes of events wait for all clients, and most of them for this one"
        )
    }

    /// Of those who stay, the one with the most of something; nil where none has any, as those who are ending have it.
    private func worst(by count: (Client) -> Int) -> Client? {
        clients.filter { !$0.isEnding && count($0) > 0 }.max { count($0) < count($1) }
    }

    func unclaimedDescriptorsChanged(by change: Int) {
        unclaimedDescriptors += change
        let room = min(limits.totalUnclaimedDescriptors, roomForUnclaimed)
        guard change > 0, unclaimedDescriptors > room else { return }
        worst(by: \.unclaimedDescriptorCount)?.fail(
            .noMemory(
                "\(unclaimedDescriptors) descriptors came that no request has taken, most of them from this client"
            ),
            receiver: nil
        )
    }

    func undeliveredDescriptorsChanged(by change: Int) {
        undeliveredDescriptors += change
        guard change > 0, undeliveredDescriptors > limits.totalUndeliveredDescriptors else { return }
        // What is counted may have been read.
        for client in clients where client.undeliveredDescriptorCount > 0 { client.lookWhatIsRead() }
        guard undeliveredDescriptors > limits.totalUndeliveredDescriptors else { return }
        worst(by: \.undeliveredDescriptorCount)?.abandon(
            "\(undeliveredDescriptors) descriptors of events wait to be read, and most of them by this client"
        )
    }

    /// One more client has descriptors that lie unclaimed, which is looked after in a while.
    func watchUnclaimed() {
        clientsWithUnclaimed += 1
        guard clientsWithUnclaimed == 1 else { return }
        if unclaimedTimer == nil { unclaimedTimer = loop.makeTimer { [unowned self] in lookForUnclaimed() } }
        unclaimedTimer?.set(at: EventLoop.now + limits.unclaimedTime)
    }

    /// One less.
    func unclaimedAreGone() {
        clientsWithUnclaimed -= 1
        if clientsWithUnclaimed == 0 { unclaimedTimer?.cancel() }
    }

    private func lookForUnclaimed() {
        let now = EventLoop.now
        let oldest = clients.lazy.map(\.unclaimedSince).filter { $0 > 0 }.min()
        for client in clients where client.unclaimedSince > 0 && !client.isEnding {
            guard now - client.unclaimedSince >= limits.unclaimedTime else { continue }
            client.fail(
                .noMemory("descriptors came long ago, and no request has taken them; send them with their request"),
                receiver: nil
            )
        }
        // Those that were younger have the rest of their time, and half of it at least.
        let next = max((oldest ?? now) + limits.unclaimedTime, now + limits.unclaimedTime / 2)
        unclaimedTimer?.set(at: next)
    }

    /// How a client leaves.
    enum Farewell {
        /// It is to read an error.
        case withError
        case plain
        /// It can't be sent anything.
        case silent
    }

    /// Looks after a connection whose client is gone.
    func seeOff(_ socket: ConnectionSocket, _ output: OutputQueue, _ farewell: Farewell) {
        var output = output
        let outcome = farewell == .silent ? .broken : output.flush(to: socket)
        switch (farewell, outcome) {
        case (_, .broken), (.silent, _), (.plain, .done): return
        case (.withError, _), (.plain, .blocked), (.plain, .congested): break
        }
        let departure = Departure(socket, output, loop: loop) { [unowned self] in end($0) }
        guard let departure else { return }
        departures.append(departure)
        unsentBytes += departure.countedBytes
        while departures.count > limits.departures || unsentBytes > limits.totalUnsentBytes {
            guard let oldest = departures.first else { break }
            end(oldest)
        }
    }

    private func end(_ departure: Departure) {
        guard let index = departures.firstIndex(where: { $0 === departure }) else { return }
        departures.remove(at: index)
        unsentBytes -= departure.countedBytes
        departure.end()
    }

    // MARK: Globals

    /// A number for an event that a later request may refer to.
    public func nextSerial() -> UInt32 {
        serial &+= 1
        return serial
    }

    func makeGlobalName() -> UInt32 {
        lastGlobalName += 1
        return lastGlobalName
    }

    /// The globals that there are, in the order in which they came.
    public var announcements: [(interface: String, version: UInt32)] {
        globals.filter { !$0.isWithdrawn }.map { ($0.interface.name, $0.version) }
    }

    func add(_ global: GlobalAnnouncement) {
        globals.append(global)
        tellRegistries(of: global) { $0.announce(global) }
    }

    func global(_ name: UInt32) -> GlobalAnnouncement? {
        guard let index = globals.partitioningIndex(where: { $0.name >= name }), globals[index].name == name else {
            return nil
        }
        return globals[index]
    }

    func announceAll(to registry: RegistryResource) {
        for global in globals where !global.isWithdrawn && global.isVisible(registry.client) {
            registry.announce(global)
        }
    }

    func tellRegistries(of global: GlobalAnnouncement, _ tell: (RegistryResource) -> Void) {
        for client in clients where global.isVisible(client) {
            for registry in client.registries.reversed() { tell(registry) }
        }
    }
}

extension Array {
    /// The first index at which `belongsToSecondPart` holds, in an array where it holds from some index on; nil where
    /// it never does.
    fileprivate func partitioningIndex(where belongsToSecondPart: (Element) -> Bool) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongsToSecondPart(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low < count ? low : nil
    }
}
