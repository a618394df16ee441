import CLinux
import Glibc
import SharedMemory
import TestProtocolServer
import TestSupport
import WaylandServer
import WaylandWire

/// What a fuzzer plays: two clients of one server, whose bytes and descriptors come in pieces, and a server that does
/// things meanwhile.
///
/// The input is a row of steps, each a byte for its kind and what belongs to it; see ``Step``. Afterwards both clients
/// are gone, and so must everything else be.
public enum WireFuzzing {
    /// A step's kind is its byte modulo the number of kinds.
    private enum Step: UInt8, CaseIterable {
        /// A byte for the length in words; then the bytes.
        case send
        /// A byte for the length in bytes; then the bytes.
        case sendPart
        /// A byte for how many and of which kind; they travel with the next bytes.
        case descriptors
        /// A request of the right form: a byte for the object, one for the opcode, one for the number of words, which
        /// follow, a byte each.
        case request
        case turn
        case otherClient
        case read
        case hangUp
        case shutDownWriting
        /// A byte for what the server does.
        case server
    }

    /// Plays `input`. Traps where something is left behind, as a fuzzer wants it.
    public static func play(_ input: [UInt8]) {
        let before = openDescriptorCount()
        do {
            let session = Session()
            session.play(input[...])
            session.end()
        }
        let after = openDescriptorCount()
        precondition(after == before, "\(after - before) descriptors are left")
    }

    private final class Session {
        let handler = Handler()
        let display: Display
        let global: Global<TestV1>
        var peers: [Peer] = []
        var current = 0

        init() {
            ServerLog.setHandler { _ in }
            display = Display()
            display.limits.objects = 64
            display.limits.unsentBytes = 1 << 19
            display.limits.unclaimedDescriptors = 60
            display.limits.departures = 1
            global = Global(on: display) { [handler] resource in resource.handler = handler }
            Global<WlCompositor>(on: display, isVisible: { $0.objectCount < 20 }) { _ in }
            for _ in 0..<2 {
                let peer = Peer(display)
                peer.send(Peer.beginning)
                peers.append(peer)
            }
            turn()
        }

        func turn() {
            display.loop.dispatch(timeout: 0)
            display.flushClients()
        }

        func play(_ input: ArraySlice<UInt8>) {
            var rest = input
            func next() -> UInt8 { rest.popFirst() ?? 0 }
            func take(_ count: Int) -> [UInt8] {
                let taken = Array(rest.prefix(count))
                rest = rest.dropFirst(count)
                return taken
            }
            while let byte = rest.popFirst() {
                let peer = peers[current]
                switch Step(rawValue: byte % UInt8(Step.allCases.count))! {
                case .send: peer.send(take(Int(next()) * 4))
                case .sendPart: peer.send(take(Int(next())))
                case .descriptors: peer.collect(Int(next()))
                case .request:
                    let (object, opcode) = (next(), next())
                    peer.send(request(object, opcode, take(Int(next() % 12))))
                case .turn: turn()
                case .otherClient: current = 1 - current
                case .read: peer.read()
                case .hangUp: peer.close()
                case .shutDownWriting: peer.shutDownWriting()
                case .server: handler.act(next(), display: display)
                }
            }
        }

        /// Small numbers stand for themselves; the highest ones for objects of the server's.
        private func request(_ object: UInt8, _ opcode: UInt8, _ arguments: [UInt8]) -> [UInt8] {
            func word(_ byte: UInt8) -> UInt32 {
                byte >= 0xf0 ? 0xff00_0000 + UInt32(byte - 0xf0) : UInt32(byte)
            }
            let words = [word(object), UInt32(8 + arguments.count * 4) << 16 | UInt32(opcode)] + arguments.map(word)
            return unsafe words.withUnsafeBytes { unsafe Array($0) }
        }

        func end() {
            turn()
            for peer in peers { peer.close() }
            // What was sent before is still served.
            for _ in 0..<400 where display.clientCount > 0 { turn() }
            precondition(display.clientCount == 0, "a client is left")
            for client in peers.map(\.client) {
                precondition(client.objectCount == 0 && client.unsentByteCount == 0)
                precondition(client.unclaimedDescriptorCount == 0)
            }
            precondition(handler.resources.allSatisfy { !$0.isAlive })
        }
    }

    private final class Peer {
        let client: Client
        private var number: CInt
        private var descriptors: [CInt] = []

        init(_ display: Display) {
            var ends: (Client, CInt)?
            SocketPair().take { server, client in ends = (display.connect(server)!, client.relinquish()) }
            (client, number) = ends!
        }

        deinit { close() }

        static var beginning: [UInt8] {
            let words: [UInt32] = [
                1, 12 << 16 | 1, 2,
                2, 32 << 16, 1, 8, 0x7473_6574, 0x0031_765f, 3, 3,
                3, 16 << 16 | 5, 1, 4,
            ]
            return unsafe words.withUnsafeBytes { unsafe Array($0) }
        }

        func send(_ bytes: [UInt8]) {
            guard number >= 0, !bytes.isEmpty else { return }
            var list = DescriptorList()
            for descriptor in descriptors { list.append(Descriptor(owning: descriptor)) }
            descriptors = []
            // Never waits: what the socket doesn't take is lost.
            let socket = Descriptor(owning: number)
            try? socket.setNonBlocking()
            unsafe try? socket.send(bytes.span.bytes, with: list)
            _ = socket.relinquish()
        }

        /// Makes up to 29 descriptors: pipes, sockets, memory.
        func collect(_ byte: Int) {
            guard descriptors.count < 100 else { return }
            for index in 0..<byte % 30 {
                switch (byte + index) % 3 {
                case 0: descriptors.append(eventfd(0, CInt(EFD_CLOEXEC)))
                case 1: descriptors.append(socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0))
                default: descriptors.append(TestFile.memfd(1).relinquish())
                }
            }
        }

        func read() {
            guard number >= 0 else { return }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            // Descriptors that came are dropped by the kernel.
            while unsafe recv(number, &bytes, bytes.count, CInt(MSG_DONTWAIT)) > 0 {}
        }

        func shutDownWriting() {
            if number >= 0 { shutdown(number, CInt(SHUT_WR)) }
        }

        func close() {
            for descriptor in descriptors { Glibc.close(descriptor) }
            descriptors = []
            if number >= 0 { Glibc.close(number) }
            number = -1
        }
    }

    /// Answers requests, and does more than that.
    private final class Handler: TestV1.Requests, TestChildV1.Requests {
        var resources: [Resource] = []
        private var byte: UInt8 = 0

        private func note(_ resource: Resource) {
            if resources.count < 500 { resources.append(resource) }
        }

        func act(_ byte: UInt8, display: Display) {
            guard let resource = pick(byte) else { return }
            switch byte % 7 {
            case 0: resource.destroy()
            case 1: resource.client.disconnect()
            case 2: resource.post(.implementation("so"))
            case 3: (resource as? TestV1)?.sendRepeat()
            case 4:
                let text = String(repeating: "x", count: Int(byte) * 17)
                (resource as? TestV1)?.sendTexts(text: text, default: nil, array: WireArray(bytes: [byte]))
            case 5: makeChild(resource)
            default:
                let file = TestFile.memfd(1)
                for _ in 0..<byte % 40 { (resource as? TestV1)?.sendDescriptors(first: file, tag: 1, second: file) }
            }
        }

        private func pick(_ byte: UInt8) -> Resource? {
            resources.isEmpty ? nil : resources[Int(byte / 7) % resources.count]
        }

        private func makeChild(_ resource: Resource) {
            guard let child = try? TestChildV1(client: resource.client, version: resource.version, id: 0) else {
                return
            }
            child.handler = self
            note(child)
            (resource as? TestV1)?.sendChild(id: child)
        }

        func takeNumbers(
            _ resource: TestV1,
            int: Int32,
            uint: UInt32,
            fixed: Fixed,
            mode: TestV1.Mode,
            flags: TestV1.Flags
        ) throws(ProtocolError) {
            note(resource)
            let byte = UInt8(truncatingIfNeeded: int)
            if let picked = pick(UInt8(truncatingIfNeeded: uint)), byte % 11 == 10 { picked.destroy() }
            if let picked = pick(UInt8(truncatingIfNeeded: uint)), byte % 11 == 9 { picked.client.disconnect() }
            if byte % 11 == 8 { throw ProtocolError(TestV1.Error.askedFor, "so", on: pick(byte)) }
            if byte % 11 == 7 { makeChild(resource) }
            resource.sendNumbers(int: int, uint: uint, fixed: fixed, mode: mode, flags: flags)
        }

        func takeTexts(_ resource: TestV1, text: String, `default`: String?, array: WireArray) {
            resource.sendTexts(text: text, default: `default`, array: array)
        }

        func takeObjects(_ resource: TestV1, child: TestChildV1, other: TestChildV1?) {
            precondition(child.isAlive && child.client === resource.client && other?.isAlive != false)
            child.destroy()
            resource.sendObjects(child: child, other: other)
        }

        func takeDescriptors(
            _ resource: TestV1,
            first: consuming Descriptor,
            tag: UInt32,
            second: consuming Descriptor
        ) { resource.sendDescriptors(first: first, tag: tag, second: second) }

        func makeChild(_ resource: TestV1, tag: UInt32, id: TestChildV1) {
            note(resource)
            note(id)
            id.handler = self
            if tag == 2 { id.destroy() }
        }

        func `repeat`(_ resource: TestV1) { resource.sendRepeat() }

        func newer(_ resource: TestV1, first: consuming Descriptor) { resource.finishWithFinished(tag: 1) }

        func poke(_ resource: TestChildV1) {
            resource.sendPoked(tag: 1)
            // Others go with it.
            if resource.id % 3 == 0 { for other in resources.suffix(3) { other.destroy() } }
        }

        func destroyed(_ resource: TestV1) {
            if resource.id % 2 == 0 { resources.first?.destroy() }
        }

        func destroyed(_ resource: TestChildV1) { resource.sendPoked(tag: 2) }
    }
}
