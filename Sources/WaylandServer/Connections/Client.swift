internal import CLinux
internal import Glibc
internal import SharedMemory

/// One connection to the server.
///
/// Lives from ``Display/connect(_:)`` until the peer hangs up, breaks a rule, or ``disconnect()``; its objects go with
/// it, and its Swift value stays usable but inert.
public final class Client {
    /// Who is at the other end, as the kernel reported when the socket was connected.
    ///
    /// Source: socket(7), SO_PEERCRED. A process may hand its socket to another; the numbers stay the first one's.
    public struct Credentials: Hashable, Sendable {
        /// The process.
        public let process: Int32
        /// The effective user.
        public let user: UInt32
        /// The effective group.
        public let group: UInt32
        /// The same for all connections of a process, and another one for another: also where ``process`` is 0, as for
        /// those in a pid namespace that this process doesn't see into, if the kernel is Linux 6.9 or newer.
        public let processIdentity: Int64

        /// Those of the other end of `socket`; all zero where the kernel doesn't tell.
        init(of socket: borrowing Descriptor) {
            var credentials = signet_ucred()
            var length = socklen_t(MemoryLayout<signet_ucred>.size)
            unsafe getsockopt(socket.rawValue, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
            process = credentials.pid
            user = credentials.uid
            group = credentials.gid
            processIdentity = process > 0 ? Int64(process) : -Int64(Self.pidFileNumber(of: socket) ?? 0)
        }

        /// The inode of the peer's pidfd, which is its own since pidfs; socket(7), SO_PEERPIDFD.
        private static func pidFileNumber(of socket: borrowing Descriptor) -> UInt64? {
            var number: CInt = -1
            var length = socklen_t(MemoryLayout<CInt>.size)
            let result = unsafe getsockopt(socket.rawValue, SOL_SOCKET, SIGNET_SO_PEERPIDFD, &number, &length)
            guard result == 0, number >= 0 else { return nil }
            let descriptor = Descriptor(owning: number)
            var (status, system) = (stat(), statfs())
            guard unsafe fstatfs(descriptor.rawValue, &system) == 0, system.f_type == SIGNET_PIDFS_MAGIC,
                unsafe fstat(descriptor.rawValue, &status) == 0
            else { return nil }
            return UInt64(status.st_ino) & UInt64(Int64.max)
        }
    }

    private enum Phase {
        case open
        /// It is to end as soon as nobody is at work with it: nothing is read or sent any more.
        case ending
        case ended
    }

    /// Who is at the other end.
    public final let credentials: Credentials
    /// Why the connection ends, once that is the client's doing.
    public private(set) final var lastError: String?
    /// Whatever the server wants to know about each of its clients.
    public final var context: AnyObject?
    /// Who counts its objects; to be set before there are many.
    public final var objectLedger: (any ObjectLedger)?
    /// How many objects were taken from the ledger.
    private var takenObjects = 0
    /// How many are taken at a time.
    private static let objectBlock = 64
    /// Is called once, when the connection has ended. Its objects go right afterwards.
    public final var onDisconnect: (() -> Void)?

    /// Counts up, so that clients are in the order in which they connected.
    package let number: UInt64
    private(set) weak var display: Display?
    private let limits: ConnectionLimits
    /// Nil after the end.
    private var socket: ConnectionSocket?
    let socketNumber: CInt
    private let trace: MessageTrace?
    @safe @exclusivity(unchecked) private var phase = Phase.open
    @safe @exclusivity(unchecked) private var objects = ObjectTable()
    @safe @exclusivity(unchecked) private var output = OutputQueue()
    /// Beyond this many bytes of output it is tried to send them before the turn is over.
    private static let flushThreshold = 65_536
    private var descriptors: DescriptorQueue
    /// What was received and isn't handled.
    private var input = StoredInput()
    /// Whether the peer can't be sent anything any more, but perhaps has.
    private var outputIsBroken = false
    /// Whether the loop tells when the socket takes more.
    private var isWaiting = false
    /// What part of `output` is counted in the display's total.
    private var countedBytes = 0
    /// How many of `descriptors` are.
    private var countedDescriptors = 0
    /// Descriptors that went to the socket since it was last seen empty.
    private var unreadDescriptors = 0
    /// What part of them is counted in the display's total.
    private(set) final var undeliveredDescriptorCount = 0
    /// Since when there are unclaimed descriptors of which none was taken; 0 where there are none.
    private(set) final var unclaimedSince: UInt64 = 0
    private var claimsSeen = 0
    /// Objects that are still to be destroyed after the end.
    private var leftovers = ObjectTable.Cursor()
    /// How long they are destroyed right away, in nanoseconds.
    private static let firstClearingTime: UInt64 = 2_000_000
    var registries: [RegistryResource] = []

    var source: EventLoop.Source?
    /// Whether the display has it in its list of those that have something to be served, or to be sent.
    var isQueued = false
    var isUnflushed = false
    var isCongested = false
    /// Until when it stands behind others, as it has used a whole turn up.
    private var greedyUntil: UInt64 = 0
    /// For how long, in nanoseconds.
    private static let greedyTime: UInt64 = 500_000_000
    var isGreedy: Bool { greedyUntil > 0 && EventLoop.now < greedyUntil }

    init(_ socket: consuming Descriptor, number: UInt64, display: Display) {
        let credentials = Credentials(of: socket)
        self.credentials = credentials
        self.number = number
        self.display = display
        limits = display.limits
        trace = display.trace
        // Whoever is at the other end may have filled its queue with what takes long to close.
        socketNumber = socket.rawValue
        self.socket = ConnectionSocket(socket, of: credentials.user)
        descriptors = DescriptorQueue(user: credentials.user)
    }

    // MARK: State

    /// Whether the connection still stands.
    public final var isConnected: Bool { phase != .ended }

    /// How many objects it has.
    public final var objectCount: Int { objects.count }

    /// Descriptors that came and that no request has taken.
    public final var unclaimedDescriptorCount: Int { descriptors.count }

    /// Bytes of events that its socket hasn't taken.
    public final var unsentByteCount: Int { output.byteCount }

    /// Ends the connection, with all its objects; once the current request is done with, where it is this client's.
    public final func disconnect() {
        guard phase != .ended else { return }
        if objects.isBusy {
            phase = .ending
        } else {
            end()
            destroyObjects(until: UInt64.max)
        }
    }

    /// Ends the connection with `error`, for what came to light after the request; once the current request is done
    /// with, where it is this client's. An error on no object is one on `wl_display`.
    public final func end(with error: ProtocolError) { fail(error, receiver: nil) }

    /// Ends the connection with `error`, which the client will read.
    final func fail(_ error: ProtocolError, receiver: Resource?, opcode: UInt32? = nil) {
        guard phase == .open else { return }
        let target: UInt32
        var message = error.message
        switch error.target {
        case .receiver: target = receiver.flatMap { $0.isAlive ? $0.id : nil } ?? 1
        // An object that the client never had would end libwayland's clients before they read the code.
        case .object(let id): target = objects.object(id).map { $0.isAlive ? id : 1 } ?? 1
        case .display: target = 1
        case .arguments:
            target = 1
            if let receiver, let opcode {
                let interface = type(of: receiver).interface
                message =
                    "invalid arguments for \(interface.name)@\(receiver.id).\(interface.requests[Int(opcode)].name)"
            }
        }
        // A client's own words may be in it, and they may be long.
        let text = String(decoding: message.utf8.prefix(2_048), as: UTF8.self)
        lastError = text
        sendError(target, error.code, text)
        close()
    }

    /// Ends the connection, which can't be told why.
    final func abandon(_ reason: String) {
        guard phase == .open else { return }
        lastError = reason
        dropOutput()
        close()
    }

    private func close() {
        phase = .ending
        display?.finish(self)
    }

    /// Whether it is to be ended by whoever is at work with it.
    final var isEnding: Bool { phase == .ending }

    /// Whether a request of it is being handled.
    final var isBusy: Bool { objects.isBusy }

    /// Lets go of everything. What is left is the socket, and what is still to be sent; and objects, where there are
    /// many, for ``destroyObjects(until:)``.
    final func end() {
        guard phase != .ended else { return }
        let hasError = lastError != nil && !outputIsBroken
        phase = .ended
        source?.remove()
        source = nil
        display?.remove(self)
        let last = onDisconnect
        onDisconnect = nil
        last?()
        registries = []
        descriptors = DescriptorQueue(user: credentials.user)
        input = StoredInput()
        count(unsentBytes: 0)
        countDescriptors()
        setUnread(0)
        if let socket {
            display?.seeOff(socket, output, outputIsBroken ? .silent : hasError ? .withError : .plain)
        }
        socket = nil
        output = OutputQueue()
        destroyObjects(until: EventLoop.now + Self.firstClearingTime)
        if !leftovers.isAtEnd { display?.clearAway(self) }
    }

    /// After the end: destroys objects, at least one, until `time`. False where none are left.
    @discardableResult
    final func destroyObjects(until time: UInt64) -> Bool {
        while !leftovers.isAtEnd {
            objects.next(from: &leftovers)?.destroy()
            // One can take long, as a part of a large window.
            if EventLoop.now >= time { break }
        }
        if leftovers.isAtEnd { giveBackObjects() }
        return !leftovers.isAtEnd
    }

    // MARK: Objects

    /// The object with this number.
    @inline(__always)
    public final func object(_ id: UInt32) -> Resource? { objects.object(id) }

    @inline(__always)
    final func reserve(_ id: UInt32) -> Bool { objects.reserve(id) }

    final func makeServerID() -> UInt32? { objects.makeServerID() }

    final func insert(_ object: Resource) throws(ProtocolError) {
        if objects.count >= takenObjects, let objectLedger {
            try objectLedger.takeObjects(Self.objectBlock)
            takenObjects += Self.objectBlock
        }
        guard phase == .open, objects.count < limits.objects, objects.insert(object, at: object.id) else {
            throw cannotInsert(object)
        }
    }

    @inline(never)
    private func cannotInsert(_ object: Resource) -> ProtocolError {
        let name = "\(type(of: object).interface.name)@\(object.id)"
        guard phase == .open else { return .noMemory("\(name) can't be made: its client is gone") }
        guard objects.count < limits.objects else {
            return .noMemory("\(name) would be one object too many; a client may have \(limits.objects)")
        }
        return .noMemory("\(name) can't be made: the number isn't free")
    }

    final func remove(_ object: Resource) {
        if object.id < ObjectTable.firstServerID { sendDeleteID(object.id) }
        if takenObjects - objects.count > 2 * Self.objectBlock { giveBackObjects() }
        // Its last reference, perhaps: nothing comes after this.
        if let reference = unsafe objects.remove(object) { unsafe reference.release() }
    }

    /// All that aren't needed for those that are there.
    @inline(never)
    private func giveBackObjects() {
        let needed = (objects.count + Self.objectBlock - 1) / Self.objectBlock * Self.objectBlock
        guard let objectLedger, needed < takenObjects else { return }
        objectLedger.giveBackObjects(takenObjects - needed)
        takenObjects = needed
    }

    final func takeDescriptor() -> Descriptor? { descriptors.takeFirst() }

    // MARK: Events

    /// Queues an event, to be sent at the end of the turn.
    @inline(__always)
    final func send(_ opcode: UInt32, from object: Resource, _ build: (inout MessageWriter) -> Void) {
        guard phase == .open, !outputIsBroken else { return }
        let start = output.wordCount
        let rejection = output.append(opcode, from: object.id, client: self, build)
        if let rejection { return reject(opcode, from: object, rejection) }
        queued(from: start, object)
    }

    /// `wl_display.delete_id`: the client may use the number again.
    private func sendDeleteID(_ id: UInt32) {
        guard phase == .open, !outputIsBroken else { return }
        let start = output.wordCount
        _ = output.append(1, from: 1, client: self) { $0.uint(id) }
        queued(from: start, nil)
    }

    /// `wl_callback.done` of a callback that needs no object here, as it is gone at once.
    final func sendDone(_ id: UInt32, data: UInt32) {
        guard phase == .open, !outputIsBroken else { return }
        let start = output.wordCount
        _ = output.append(0, from: id, client: self) { $0.uint(data) }
        if let trace { trace.write(event: output.newest(after: start), of: WlCallback.interface, to: self) }
        sendDeleteID(id)
    }

    /// `wl_display.error`.
    private func sendError(_ target: UInt32, _ code: UInt32, _ message: String) {
        guard !outputIsBroken else { return }
        let start = output.wordCount
        _ = output.append(0, from: 1, client: self) { event in
            event.uint(target)
            event.uint(code)
            event.string(message)
        }
        queued(from: start, nil)
    }

    @inline(__always)
    private func queued(from start: Int, _ object: Resource?) {
        if let trace { traceEvent(trace, from: start, object) }
        if !isUnflushed {
            isUnflushed = true
            display?.needsFlush(self)
        }
        if output.byteCount >= Self.flushThreshold || output.hasManyDescriptors { sendEarly() }
    }

    @inline(never)
    private func traceEvent(_ trace: MessageTrace, from start: Int, _ object: Resource?) {
        let interface = object.map { type(of: $0).interface } ?? DisplayResource.interface
        trace.write(event: output.newest(after: start), of: interface, to: self)
    }

    @inline(never)
    private func reject(_ opcode: UInt32, from object: Resource, _ rejection: OutputQueue.Rejection) {
        let interface = type(of: object).interface
        let name = "\(interface.name)@\(object.id).\(interface.events[Int(opcode)].name)"
        switch rejection {
        // Who sends it can't always know, and nobody is missing it.
        case .obstacle(.missingObject): break
        case .obstacle(.foreignObject):
            ServerLog.write("\(name) isn't sent: an object in it belongs to another client")
        case .obstacle(.noDescriptor(let error)):
            fail(.noMemory("a descriptor of \(name) can't be duplicated: \(error)"), receiver: nil)
        case .tooLong(let bytes):
            ServerLog.write("\(name) isn't sent: it has \(bytes) bytes, and \(MessageWriter.limit) are the limit")
        }
    }

    /// Sends before the turn is over; a socket that takes no more isn't asked for each event.
    @inline(never)
    private func sendEarly() {
        if isWaiting { checkUnsent() } else { flush() }
    }

    private func checkUnsent() {
        if output.byteCount > limits.unsentBytes {
            return abandon("\(output.byteCount) bytes of events wait for it; \(limits.unsentBytes) are the limit")
        }
        guard output.descriptorCount + unreadDescriptors > 0 || undeliveredDescriptorCount > 0 else { return }
        setUnread(unreadDescriptors)
        guard undeliveredDescriptorCount > limits.undeliveredDescriptors else { return }
        abandon(
            "\(undeliveredDescriptorCount) descriptors of events wait for it to be read; "
                + "\(limits.undeliveredDescriptors) are the limit"
        )
    }

    /// Looks whether the peer has read everything that the socket took.
    final func lookWhatIsRead() {
        guard unreadDescriptors > 0, let socket, SocketTransfer.isAllRead(socket) else { return }
        setUnread(0)
    }

    /// Whether one more descriptor can be sent to it on another client's behalf: this one must not end because of what
    /// others do. Not where it has left half of those unread that end it, nor where the process has no number for it.
    public final func canTakeDescriptor() -> Bool {
        guard phase == .open, !outputIsBroken else { return false }
        let most = limits.undeliveredDescriptors / 2
        if unreadDescriptors + output.descriptorCount >= most { lookWhatIsRead() }
        guard unreadDescriptors + output.descriptorCount < most else { return false }
        let copy = fcntl(socketNumber, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return false }
        _ = Glibc.close(copy)
        return true
    }

    private func setUnread(_ count: Int) {
        unreadDescriptors = count
        let total = phase == .ended ? 0 : count + output.descriptorCount
        let change = total - undeliveredDescriptorCount
        undeliveredDescriptorCount = total
        if change != 0 { display?.undeliveredDescriptorsChanged(by: change) }
    }

    /// Sends what has been queued for this client, as far as its socket takes it.
    public final func flush() {
        guard let socket, !outputIsBroken else { return }
        let descriptorsBefore = output.descriptorCount
        // Before more comes that can't be read yet.
        if descriptorsBefore > 0, unreadDescriptors > limits.undeliveredDescriptors / 2 { lookWhatIsRead() }
        let outcome = output.flush(to: socket)
        unreadDescriptors += descriptorsBefore - output.descriptorCount
        switch outcome {
        case .done: count(unsentBytes: 0)
        case .blocked: count(unsentBytes: output.byteCount)
        case .congested:
            count(unsentBytes: output.byteCount)
            display?.flushLater(self)
        case .broken:
            // What it sent before it went is still read.
            dropOutput()
        }
        let mustWait = outcome == .blocked
        if mustWait != isWaiting {
            isWaiting = mustWait
            source?.update(mustWait ? [.readable, .writable] : .readable)
        }
        checkUnsent()
    }

    private func dropOutput() {
        outputIsBroken = true
        output = OutputQueue()
        count(unsentBytes: 0)
        setUnread(0)
    }

    private func count(unsentBytes bytes: Int) {
        guard bytes != countedBytes else { return }
        let change = bytes - countedBytes
        countedBytes = bytes
        display?.unsentBytesChanged(by: change)
    }

    private func countDescriptors() {
        if descriptors.count == 0 {
            if unclaimedSince > 0 { display?.unclaimedAreGone() }
            unclaimedSince = 0
        } else if unclaimedSince == 0 || descriptors.takenCount != claimsSeen {
            claimsSeen = descriptors.takenCount
            if unclaimedSince == 0 { display?.watchUnclaimed() }
            unclaimedSince = EventLoop.now
        }
        guard descriptors.count != countedDescriptors else { return }
        let change = descriptors.count - countedDescriptors
        countedDescriptors = descriptors.count
        display?.unclaimedDescriptorsChanged(by: change)
    }

    // MARK: Requests

    /// Serves requests until the turn's budget is spent or nothing is left. True where there may be more: what was
    /// received and not served, of which no event of the loop will tell, or what wasn't received.
    final func takeTurn(_ time: UInt64, _ buffer: ReceiveBuffer, _ margin: inout DescriptorMargin) -> Bool {
        var budget = TurnBudget(time)
        while phase == .open, !budget.isSpent {
            if input.hasWholeMessage {
                handleStored(&budget)
            } else if !receive(buffer, &margin, &budget) {
                break
            }
        }
        countDescriptors()
        if budget.isSpent, time == TurnBudget.whole { greedyUntil = EventLoop.now + Self.greedyTime }
        return phase == .open && (budget.isSpent || input.hasWholeMessage)
    }

    private func handleStored(_ budget: inout TurnBudget) {
        var stored = input.takeAll()
        let used = unsafe stored.withWords { words, count in unsafe handle(words, count: count, &budget) }
        stored.removeFirst(words: used)
        input = stored
    }

    /// Receives once, and handles what is whole. False where nothing more is to be had now.
    private func receive(_ buffer: ReceiveBuffer, _ margin: inout DescriptorMargin, _ budget: inout TurnBudget) -> Bool
    {
        guard let socket else { return false }
        var limit = ReceiveBuffer.chunk
        if margin.isTight {
            switch buffer.peek(over: socket) {
            case .blocked: return false
            // No further than that: behind them there may be some by now.
            case .plain(let count) where count > 0: limit = count
            case .plain: break
            case .descriptors:
                guard !margin.hasRoom(besides: socketNumber) else { break }
                fail(
                    .noMemory("the server has no room for the descriptors of this request; try again later"),
                    receiver: nil
                )
                return false
            }
        }
        // So that what follows the message whose beginning is stored, stands at a whole word.
        let missing = input.missingBytes
        let offset = missing == nil ? input.byteCount : input.byteCount % 4
        if missing == nil, !input.isEmpty {
            buffer.begin(with: input.bytes)
            input = StoredInput()
        }
        let before = descriptors.count
        let count: Int
        switch buffer.receive(at: offset, limit: limit, descriptors: &descriptors, over: socket) {
        case .bytes(let bytes): count = bytes
        case .blocked:
            if missing == nil, offset > 0 { unsafe buffer.withBytes(0..<offset) { unsafe input.append($0) } }
            return false
        case .end:
            phase = .ending
            return false
        case .truncated:
            fail(.noMemory("the server had no room for the descriptors of this request"), receiver: nil)
            return false
        }
        budget.use(bytes: count)
        if descriptors.count > before {
            margin.note(descriptors.highestNumber)
            guard descriptors.count <= limits.unclaimedDescriptors else {
                fail(
                    .noMemory("\(descriptors.count) descriptors came that no request has taken; send requests first"),
                    receiver: nil
                )
                return false
            }
        }
        if let missing {
            let first = min(missing, count)
            unsafe buffer.withBytes(offset..<offset + first) { unsafe input.append($0) }
            if first == missing { handleStored(&budget) }
            handle(buffer, offset + first..<offset + count, &budget)
        } else {
            handle(buffer, 0..<offset + count, &budget)
        }
        // A full buffer may not be all, and what comes with descriptors comes alone.
        return count == limit || descriptors.count != before
    }

    /// Handles what stands in the buffer, and stores what doesn't get its turn.
    private func handle(_ buffer: ReceiveBuffer, _ range: Range<Int>, _ budget: inout TurnBudget) {
        guard phase == .open, !range.isEmpty else { return }
        unsafe buffer.withBytes(range) { bytes in
            var used = 0
            if input.isEmpty, !budget.isSpent {
                let words = unsafe bytes.baseAddress!.assumingMemoryBound(to: UInt32.self)
                used = unsafe handle(words, count: bytes.count / 4, &budget) * 4
            }
            unsafe input.append(UnsafeRawBufferPointer(rebasing: bytes[used...]))
        }
    }

    /// Handles whole messages at `words`, in their order; returns how many words they take.
    private func handle(_ words: UnsafePointer<UInt32>, count: Int, _ budget: inout TurnBudget) -> Int {
        var at = 0
        objects.isBusy = true
        while count - at >= 2 {
            let (id, word) = unsafe (words[at], words[at + 1])
            let (size, opcode) = (Int(word >> 16), word & 0xffff)
            guard size >= 8, size & 3 == 0 else {
                failHeader(id, size: size)
                break
            }
            guard count - at >= size / 4 else { break }
            guard let object = unsafe objects.unretainedObject(id) else {
                fail(.invalidObject("invalid object \(id)"), receiver: nil)
                break
            }
            if let trace {
                let request = unsafe Array(UnsafeBufferPointer(start: words + at, count: size / 4))
                unsafe traceRequest(trace, request, object.takeUnretainedValue())
            }
            var reader = unsafe MessageReader(words + at + 2, count: size / 4 - 2, client: self)
            // The table's reference, or the graveyard's, holds the object; see ObjectTable.
            let error: ProtocolError? = unsafe object._withUnsafeGuaranteedRef { object in
                do throws(ProtocolError) {
                    try object.receive(opcode, &reader)
                    return nil
                } catch {
                    return error
                }
            }
            if let error { unsafe fail(error, receiver: object.takeUnretainedValue(), opcode: opcode) }
            at += size / 4
            while let grave = unsafe objects.takeGrave() { unsafe grave.release() }
            if phase != .open || budget.useRequest() { break }
        }
        objects.isBusy = false
        return at
    }

    @inline(never)
    private func failHeader(_ id: UInt32, size: Int) {
        let name = objects.object(id).map { "\(type(of: $0).interface.name)@\(id)" } ?? "object \(id)"
        fail(
            .invalidMethod("a request to \(name) says that it has \(size) bytes; 8 or more, in steps of 4, are right"),
            receiver: nil
        )
    }

    @inline(never)
    private func traceRequest(_ trace: MessageTrace, _ words: [UInt32], _ object: Resource) {
        trace.write(request: words, of: object, descriptors: Array(descriptors.numbers.prefix(28)))
    }
}
