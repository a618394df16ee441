import CLinux
import Glibc
import ProtocolRecorders
import ReferenceServer
import SharedMemory
import TestSupport
import WaylandServer

/// Bytes that a client sends in one piece, and the descriptors that go with them.
struct Piece {
    var bytes: [UInt8]
    var descriptors: [CInt] = []
}

/// What came of it at one of the servers.
struct Outcome: Equatable {
    /// All that was sent to the client.
    var bytes: [UInt8] = []
    /// The files that came with it.
    var files: [UInt64] = []
    var log = ""
    var hasEnded = false

    /// The last event, where it is wl_display.error: object, code and text.
    var error: (object: UInt32, code: UInt32, text: String)? {
        var at = 0
        var last: (Int, Int)?
        while at + 8 <= bytes.count {
            let size = Int(word(at + 4) >> 16)
            guard size >= 8, at + size <= bytes.count else { break }
            last = (at, size)
            at += size
        }
        guard let (start, size) = last, word(start) == 1, word(start + 4) & 0xffff == 0, size >= 20 else { return nil }
        let text = bytes[(start + 20)..<(start + size)].prefix { $0 != 0 }
        return (word(start + 8), word(start + 12), String(decoding: text, as: UTF8.self))
    }

    private func word(_ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32($1 * 8) }
    }

    /// The events, then what handlers heard, a line each.
    var lines: [String] {
        var lines: [String] = []
        var at = 0
        while at + 8 <= bytes.count {
            let size = max(8, Int(word(at + 4) >> 16))
            let words = stride(from: at + 8, to: min(at + size, bytes.count - 3), by: 4).map {
                String(word($0), radix: 16)
            }
            lines.append("\(word(at)).\(word(at + 4) & 0xffff) \(words.prefix(16).joined(separator: " "))")
            at += size
        }
        if let error { lines.append("error \(error)") }
        return lines + log.split(separator: "\n").map(String.init) + ["files \(files)", hasEnded ? "ended" : "goes on"]
    }
}

/// What is to happen besides what the client sends.
struct Plan {
    var action: (number: Int, action: Record.Action) = (0, .nothing)
    var hidden = -1
    /// After this many pieces the global is withdrawn.
    var withdrawn: (piece: Int, global: Int)?
    /// Whether the client hangs up in the end, and both servers are looked at afterwards.
    var hangsUp = false
    /// Whether it hangs up before the servers look at what it sent.
    var hangsUpAtOnce = false
    var replies = true
}

/// A client's end of a connection.
final class ClientEnd {
    private let socket: CInt
    private(set) var outcome = Outcome()

    /// Writing doesn't wait: a connection that was ended with an error isn't read any more.
    init(_ number: CInt) {
        socket = number
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
    }

    deinit { close(socket) }

    func hangUp() { shutdown(socket, CInt(SHUT_RDWR)) }

    func send(_ piece: Piece) {
        var list = DescriptorList()
        for number in piece.descriptors { list.append(Descriptor(owning: dup(number))) }
        let descriptor = Descriptor(owning: socket)
        if !piece.bytes.isEmpty { unsafe try? descriptor.send(piece.bytes.span.bytes, with: list) }
        _ = descriptor.relinquish()
    }

    func receive() {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var control = [UInt8](repeating: 0, count: 1_100)
        while true {
            var part = unsafe iovec()
            let count = unsafe chunk.withUnsafeMutableBytes { bytes in
                unsafe control.withUnsafeMutableBytes { control in
                    unsafe part.iov_base = bytes.baseAddress
                    unsafe part.iov_len = bytes.count
                    return unsafe withUnsafeMutablePointer(to: &part) { part in
                        var message = unsafe msghdr()
                        unsafe message.msg_iov = part
                        unsafe message.msg_iovlen = 1
                        unsafe message.msg_control = control.baseAddress
                        unsafe message.msg_controllen = control.count
                        let count = unsafe recvmsg(socket, &message, CInt(MSG_DONTWAIT))
                        if count > 0, let header = unsafe signet_cmsg_first(&message) {
                            for index in 0..<Int((unsafe header.pointee.cmsg_len - signet_cmsg_len(0)) / 4) {
                                let number = unsafe signet_cmsg_descriptors(header)[index]
                                var status = stat()
                                unsafe fstat(number, &status)
                                outcome.files.append(UInt64(status.st_ino))
                                close(number)
                            }
                        }
                        return count
                    }
                }
            }
            guard count > 0 else { return }
            outcome.bytes += chunk[..<count]
        }
    }
}

/// Plays a client to both servers.
enum Session {
    static func play(_ pieces: [Piece], _ plan: Plan) -> (reference: Outcome, ours: Outcome) {
        let record = Record(interfaces: Interfaces.all.map(\.name))
        return (playReference(pieces, plan, record), playOurs(pieces, plan, record))
    }

    private static func playReference(_ pieces: [Piece], _ plan: Plan, _ record: Record) -> Outcome {
        var numbers: (CInt, CInt) = (0, 0)
        SocketPair().take { numbers = ($0.relinquish(), $1.relinquish()) }
        let server = unsafe signet_reference_create(
            numbers.0,
            Interfaces.all.count,
            Interfaces.pointers,
            Interfaces.destructors,
            record.file.rawValue
        )!
        defer { unsafe signet_reference_destroy(server) }
        unsafe signet_reference_plan(server, Int32(plan.action.number), plan.action.action.rawValue)
        unsafe signet_reference_hide(server, Int32(plan.hidden))
        unsafe signet_reference_set_replies(server, plan.replies)
        var outcome = drive(ClientEnd(numbers.1), pieces, plan) {
            unsafe signet_reference_turn(server)
        } withdraw: {
            unsafe signet_reference_withdraw(server, Int32($0))
        }
        outcome.log = unsafe String(cString: signet_reference_log(server))
        outcome.hasEnded = unsafe signet_reference_has_ended(server)
        return outcome
    }

    private static func playOurs(_ pieces: [Piece], _ plan: Plan, _ record: Record) -> Outcome {
        ServerLog.setHandler { _ in }
        let display = Display()
        let withdrawals = Interfaces.all.map { $0.announce(display, record) }
        var number: CInt = 0
        SocketPair().take { server, client in
            _ = display.connect(server)
            number = client.relinquish()
        }
        record.plan = plan.action
        record.hidden = plan.hidden
        record.replies = plan.replies
        var outcome = drive(ClientEnd(number), pieces, plan) {
            display.loop.dispatch(timeout: 0)
            display.flushClients()
        } withdraw: {
            withdrawals[$0]()
        }
        outcome.log = record.log
        outcome.hasEnded = display.clientCount == 0
        return outcome
    }

    private static func drive(
        _ client: ClientEnd,
        _ pieces: [Piece],
        _ plan: Plan,
        turn: () -> Void,
        withdraw: (Int) -> Void
    ) -> Outcome {
        for (index, piece) in pieces.enumerated() {
            if let withdrawn = plan.withdrawn, withdrawn.piece == index { withdraw(withdrawn.global) }
            client.send(piece)
            if plan.hangsUpAtOnce { continue }
            for _ in 0..<1 + piece.bytes.count / 4_000 { turn() }
            client.receive()
        }
        for _ in 0..<10 where !plan.hangsUpAtOnce {
            turn()
            client.receive()
        }
        if plan.hangsUp || plan.hangsUpAtOnce {
            client.hangUp()
            for _ in 0..<10 { turn() }
        }
        return client.outcome
    }
}
