internal import SharedMemory

/// Events that wait until a client's socket takes them, with their descriptors.
struct OutputQueue {
    /// What became of a flush.
    enum Outcome {
        case done
        /// The socket takes no more for now.
        case blocked
        /// The kernel has no room; it doesn't tell when there is.
        case congested
        /// Nobody will read it any more.
        case broken
    }

    /// What a queue keeps to be filled again, in words.
    private static let keptCapacity = 1_024

    /// The events, whole ones from the start; some of the first bytes may be sent.
    private var words: [UInt32] = []
    private var sentBytes = 0
    /// Those that aren't sent, in the order of their positions.
    private var descriptors: [OutgoingDescriptor] = []

    /// How much waits.
    var byteCount: Int {
        @inline(__always) get { words.count * 4 - sentBytes }
    }

    var isEmpty: Bool { byteCount == 0 }

    /// How many descriptors wait.
    var descriptorCount: Int { descriptors.count }

    /// Whether they are as many as go with one message.
    var hasManyDescriptors: Bool {
        @inline(__always) get { descriptors.count >= MessageWriter.descriptorLimit }
    }

    /// Appends an event that `build` writes, unless something is in its way. Returns what that is, or nil.
    @inline(__always)
    mutating func append(
        _ opcode: UInt32,
        from id: UInt32,
        client: Client,
        _ build: (inout MessageWriter) -> Void
    ) -> Rejection? {
        let start = words.count
        // Moved, so that nobody else holds them.
        var taken: [UInt32] = []
        swap(&taken, &words)
        taken.append(id)
        taken.append(opcode)
        var writer = MessageWriter(after: taken, client: client)
        taken = []
        build(&writer)
        let size = (writer.words.count - start) * 4
        if writer.obstacle != nil || size > MessageWriter.limit || !writer.descriptors.isEmpty {
            if let rejection = settle(&writer, start: start, size: size) {
                words = writer.words
                words.removeSubrange(start...)
                return rejection
            }
        }
        writer.words[start + 1] = UInt32(size) << 16 | opcode
        words = writer.words
        return nil
    }

    /// Why an event isn't sent.
    enum Rejection {
        case obstacle(MessageWriter.Obstacle)
        case tooLong(bytes: Int)
    }

    @inline(never)
    private mutating func settle(_ writer: inout MessageWriter, start: Int, size: Int) -> Rejection? {
        if let obstacle = writer.obstacle { return .obstacle(obstacle) }
        let isTooLong = size > MessageWriter.limit || writer.descriptors.count > MessageWriter.descriptorLimit
        if isTooLong { return .tooLong(bytes: size) }
        for descriptor in writer.descriptors {
            descriptor.position = start * 4
            descriptors.append(descriptor)
        }
        return nil
    }

    /// The words of the newest event, which begins behind `count` words.
    func newest(after count: Int) -> ArraySlice<UInt32> { words[count...] }

    /// How many words there are, sent ones included.
    var wordCount: Int { words.count }

    /// Sends what the socket takes, and waits for nobody.
    mutating func flush(to socket: ConnectionSocket) -> Outcome {
        while !isEmpty {
            let (end, count) = nextPart()
            let sent = SocketTransfer.send(
                words,
                from: sentBytes,
                to: end,
                with: descriptors.prefix(count),
                over: socket
            )
            switch sent {
            case .bytes(let bytes):
                // Descriptors travel with the first byte.
                if count > 0 { descriptors.removeFirst(count) }
                sentBytes += bytes
                if sentBytes < end { return blocked() }
            case .blocked: return blocked()
            case .congested: return .congested
            case .broken: return .broken
            }
        }
        words.removeAll(keepingCapacity: words.capacity <= Self.keptCapacity)
        sentBytes = 0
        return .done
    }

    /// Up to which byte the next sendmsg(2) goes, and how many descriptors go with it: not more than a client can take
    /// at a time, and each before or with its event.
    private func nextPart() -> (end: Int, descriptors: Int) {
        guard descriptors.count > MessageWriter.descriptorLimit else { return (words.count * 4, descriptors.count) }
        var count = MessageWriter.descriptorLimit
        let end = descriptors[count].position
        // An event's descriptors stay together.
        while count > 0, descriptors[count - 1].position == end { count -= 1 }
        return (end, count)
    }

    /// Lets go of what is sent, once it is the larger part.
    private mutating func blocked() -> Outcome {
        let whole = sentBytes / 4
        if whole > words.count / 2 {
            words.removeFirst(whole)
            sentBytes -= whole * 4
            for descriptor in descriptors { descriptor.position -= whole * 4 }
        }
        return .blocked
    }
}
