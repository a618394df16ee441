import CLinux
import Glibc
import SharedMemory
import TestProtocolServer
import TestSupport
import WaylandServer
import WaylandWire

/// A server that announces test_v1, and a client of it that speaks in bytes.
final class RawPeer {
    /// An event as it came.
    struct Event: Equatable {
        let object: UInt32
        let opcode: UInt32
        let words: [UInt32]

        /// The text that begins at the word with this index.
        func text(at index: Int) -> String {
            let bytes = words[(index + 1)...].flatMap { word in (0..<4).map { UInt8(word >> ($0 * 8) & 255) } }
            return String(decoding: bytes.prefix(Int(words[index]) - 1), as: UTF8.self)
        }
    }

    let display: Display
    let client: Client
    /// The client's end.
    private(set) var socket: OwnedSocket?
    private var received: [UInt8] = []
    /// How many descriptors each message that came had with it, where there were any.
    private(set) var descriptorCounts: [Int] = []

    /// The client's first objects.
    static let (registry, test): (UInt32, UInt32) = (2, 3)

    init(on display: Display) {
        self.display = display
        var ends: (Client, CInt)?
        SocketPair().take { server, client in
            ends = (display.connect(server)!, client.relinquish())
        }
        client = ends!.0
        socket = OwnedSocket(Descriptor(owning: ends!.1))
    }

    /// A request's words.
    static func request(_ object: UInt32, _ opcode: UInt32, _ arguments: [UInt32] = []) -> [UInt32] {
        [object, UInt32(8 + arguments.count * 4) << 16 | opcode] + arguments
    }

    /// A string argument's words.
    static func text(_ text: String) -> [UInt32] {
        var bytes = Array(text.utf8) + [0]
        let count = UInt32(bytes.count)
        while bytes.count % 4 != 0 { bytes.append(0) }
        return [count]
            + stride(from: 0, to: bytes.count, by: 4).map { start in
                (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32($1 * 8) }
            }
    }

    /// wl_display.get_registry, and wl_registry.bind of the only global.
    static var beginning: [UInt32] {
        request(1, 1, [registry]) + request(registry, 0, [1] + text("test_v1") + [3, test])
    }

    /// Sends words, with descriptors; false where the socket takes no more or is closed.
    @discardableResult
    func send(_ words: [UInt32], with descriptors: borrowing DescriptorList = DescriptorList()) -> Bool {
        unsafe words.withUnsafeBytes { buffer in
            guard descriptors.count == 0 else {
                return unsafe (try? socket!.descriptor.send(buffer.bytes, with: descriptors)) != nil
            }
            let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
            return unsafe Glibc.send(socket!.descriptor.rawValue, buffer.baseAddress, buffer.count, flags)
                == buffer.count
        }
    }

    func send(bytes: [UInt8]) {
        _ = unsafe Glibc.send(socket!.descriptor.rawValue, bytes, bytes.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
    }

    /// One round of the server's.
    func round() {
        display.loop.dispatch(timeout: 0)
        display.flushClients()
    }

    /// Some rounds: a turn may end early where this process has to wait for a CPU.
    func turn() {
        for _ in 0..<5 { round() }
    }

    /// Takes in everything that has come; false once the connection is closed or broken.
    @discardableResult
    func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var control = [UInt8](repeating: 0, count: 1_100)
        while true {
            var count = 0
            unsafe chunk.withUnsafeMutableBytes { bytes in
                var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                unsafe control.withUnsafeMutableBytes { control in
                    unsafe withUnsafeMutablePointer(to: &part) { part in
                        var message = unsafe msghdr()
                        unsafe message.msg_iov = part
                        unsafe message.msg_iovlen = 1
                        unsafe message.msg_control = control.baseAddress
                        unsafe message.msg_controllen = control.count
                        count = unsafe recvmsg(socket!.descriptor.rawValue, &message, CInt(MSG_DONTWAIT))
                        guard count > 0, let header = unsafe signet_cmsg_first(&message) else { return }
                        let descriptors = unsafe (header.pointee.cmsg_len - signet_cmsg_len(0)) / 4
                        descriptorCounts.append(descriptors)
                        for index in 0..<descriptors {
                            _ = unsafe Descriptor(owning: signet_cmsg_descriptors(header)[index])
                        }
                    }
                }
            }
            if count == 0 { return false }
            if count < 0 { return errno == EAGAIN }
            received += chunk[..<count]
        }
    }

    /// The whole events that have come and weren't taken.
    func takeEvents() -> [Event] {
        receive()
        var events: [Event] = []
        var at = 0
        func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(received[offset + $1]) << UInt32($1 * 8) }
        }
        while received.count - at >= 8 {
            let size = Int(word(at + 4) >> 16)
            guard received.count - at >= size else { break }
            let words = stride(from: at + 8, to: at + size, by: 4).map(word)
            events.append(Event(object: word(at), opcode: word(at + 4) & 0xffff, words: words))
            at += size
        }
        received.removeFirst(at)
        return events
    }

    func close() { socket = nil }
}

/// A descriptor that optionals can hold.
final class OwnedSocket {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// Answers what is asked of a test_v1 by noting it, and by what the test wants.
final class Recorder: TestV1.Requests {
    var heard: [String] = []
    var bound: [TestV1] = []
    var children: [TestChildV1] = []
    var onRepeat: ((TestV1) throws(ProtocolError) -> Void)?

    /// A display with the global.
    func makeDisplay() -> Display {
        let display = Display()
        Global<TestV1>(on: display) { [unowned self] resource in
            resource.handler = self
            bound.append(resource)
        }
        return display
    }

    func takeNumbers(
        _ resource: TestV1,
        int: Int32,
        uint: UInt32,
        fixed: Fixed,
        mode: TestV1.Mode,
        flags: TestV1.Flags
    ) { heard.append("numbers \(int)") }

    func takeTexts(_ resource: TestV1, text: String, `default`: String?, array: WireArray) {
        heard.append("texts \(text.utf8.count) \(array.bytes.count)")
    }

    func takeObjects(_ resource: TestV1, child: TestChildV1, other: TestChildV1?) { heard.append("objects") }

    func takeDescriptors(
        _ resource: TestV1,
        first: consuming Descriptor,
        tag: UInt32,
        second: consuming Descriptor
    ) { heard.append("descriptors \(tag)") }

    func makeChild(_ resource: TestV1, tag: UInt32, id: TestChildV1) {
        heard.append("child \(tag)")
        children.append(id)
    }

    func `repeat`(_ resource: TestV1) throws(ProtocolError) {
        heard.append("repeat")
        try onRepeat?(resource)
    }

    func newer(_ resource: TestV1, first: consuming Descriptor) { heard.append("newer") }

    func destroyed(_ resource: TestV1) { heard.append("destroyed") }
}
