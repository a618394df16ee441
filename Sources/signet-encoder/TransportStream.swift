import Glibc
import SharedMemory

/// An MPEG transport stream with one programme of one video, in datagrams to whoever listens, or to nobody.
///
/// Source: ISO/IEC 13818-1 (2.4.3 packets, 2.4.3.6 PES, 2.4.4 tables); annex A for the checksum.
final class TransportStream: Container {
    private static let packetSize = 188
    /// As many packets as fit into an Ethernet frame.
    private static let packetsInDatagram = 7
    private static let tableIdentifier: UInt16 = 0x1000
    private static let videoIdentifier: UInt16 = 0x100
    /// A picture is shown so long after its bytes were sent, in units of 90 kHz.
    private static let delay: UInt64 = 9_000

    private let socket: Descriptor
    private var counters: [UInt16: UInt8] = [:]
    private var datagram: [UInt8] = []
    private(set) var byteCount: UInt64 = 0

    init(_ socket: consuming Descriptor) { self.socket = socket }

    func write(_ picture: H264Encoder.Picture, time: UInt64) throws {
        // Each picture: they are few bytes, and who comes late needs them.
        writeTable(Self.programmes, on: 0)
        writeTable(Self.streams, on: Self.tableIdentifier)
        let clock = time / 100 * 9
        writePackets(Self.header(clock + Self.delay) + picture.bytes, clock: clock, isKey: picture.isKey)
        flush()
    }

    func note(dropped: UInt64) {}

    func finish(time: UInt64) {}

    /// The elementary stream packet's header; its length is left open, as that of video may be.
    private static func header(_ time: UInt64) -> [UInt8] {
        let time = time & 0x1_ffff_ffff
        return [
            0, 0, 1, 0xe0, 0, 0, 0x84, 0x80, 5,
            0x21 | UInt8(time >> 30) << 1, UInt8(truncatingIfNeeded: time >> 22),
            1 | UInt8(truncatingIfNeeded: (time >> 15) << 1), UInt8(truncatingIfNeeded: time >> 7),
            1 | UInt8(truncatingIfNeeded: time << 1),
        ]
    }

    // MARK: Tables

    /// One programme, number 1; 2.4.4.3.
    private static let programmes = table(0, [0, 1] + pair(0xe000 | tableIdentifier), on: 1)
    /// It is of one H.264 video, which has the clock too; 2.4.4.8.
    private static let streams = table(
        2,
        pair(0xe000 | videoIdentifier) + [0xf0, 0, 0x1b] + pair(0xe000 | videoIdentifier) + [0xf0, 0],
        on: 1
    )

    private static func pair(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] }

    private static func table(_ kind: UInt8, _ content: [UInt8], on number: UInt16) -> [UInt8] {
        let section = pair(number) + [0xc1, 0, 0] + content
        let bytes = [kind] + pair(0xb000 | UInt16(section.count + 4)) + section
        let checksum = checksum(bytes)
        return bytes + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> $0) }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte) << 24) { sum, _ in sum << 1 ^ (sum >> 31 == 1 ? 0x04c1_1db7 : 0) }
        }
    }

    // MARK: Packets

    private func counter(_ identifier: UInt16) -> UInt8 {
        let value = counters[identifier, default: 0]
        counters[identifier] = (value + 1) & 15
        return value
    }

    private func writeTable(_ table: [UInt8], on identifier: UInt16) {
        let head = [0x47] + Self.pair(0x4000 | identifier) + [0x10 | counter(identifier), 0]
        send(head + table + [UInt8](repeating: 0xff, count: Self.packetSize - head.count - table.count))
    }

    /// The first packet has the clock, the last one what fills it.
    private func writePackets(_ bytes: [UInt8], clock: UInt64, isKey: Bool) {
        var rest = bytes[...]
        var isFirst = true
        while !rest.isEmpty {
            var field: [UInt8] = []
            if isFirst {
                let base = clock & 0x1_ffff_ffff
                field = [isKey ? 0x50 : 0x10]
                field += [25, 17, 9, 1].map { UInt8(truncatingIfNeeded: base >> $0) }
                field += [UInt8(truncatingIfNeeded: base << 7) | 0x7e, 0]
            }
            // The field's length goes before it.
            var room = Self.packetSize - 4 - (field.isEmpty ? 0 : field.count + 1)
            if rest.count < room {
                let missing = room - rest.count
                if field.isEmpty {
                    // The length alone, or it, flags and filling.
                    field = missing == 1 ? [] : [0] + [UInt8](repeating: 0xff, count: missing - 2)
                    room = rest.count
                    emit(rest, field: field, hasField: true, isFirst: isFirst)
                    rest = []
                    continue
                }
                field += [UInt8](repeating: 0xff, count: missing)
                room = rest.count
            }
            emit(rest.prefix(room), field: field, hasField: !field.isEmpty, isFirst: isFirst)
            rest = rest.dropFirst(room)
            isFirst = false
        }
    }

    private func emit(_ content: ArraySlice<UInt8>, field: [UInt8], hasField: Bool, isFirst: Bool) {
        let flags: UInt8 = hasField ? 0x30 : 0x10
        var packet = [0x47] + Self.pair((isFirst ? 0x4000 : 0) | Self.videoIdentifier)
        packet.append(flags | counter(Self.videoIdentifier))
        if hasField { packet += [UInt8(field.count)] + field }
        send(packet + content)
    }

    private func send(_ packet: [UInt8]) {
        datagram += packet
        if datagram.count == Self.packetSize * Self.packetsInDatagram { flush() }
    }

    /// What can't be sent is lost, as it may be on any way: nobody listens, or there is no network.
    private func flush() {
        guard !datagram.isEmpty else { return }
        let count = unsafe Glibc.send(socket.rawValue, datagram, datagram.count, CInt(MSG_NOSIGNAL))
        if count > 0 { byteCount += UInt64(count) }
        datagram = []
    }
}
