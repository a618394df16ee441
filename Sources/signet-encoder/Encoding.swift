import Glibc
import SharedMemory
import VideoChannel

/// Why no video can be made: one line.
struct Failure: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// What the encoded pictures are packed in.
protocol Container: AnyObject {
    /// Writes a picture that is shown from `time` on, in microseconds.
    func write(_ picture: H264Encoder.Picture, time: UInt64) throws
    /// Notes how many pictures were left out.
    func note(dropped: UInt64) throws
    /// Writes what belongs to the end: the last picture is shown until `time`.
    func finish(time: UInt64) throws
    /// What was written, in bytes.
    var byteCount: UInt64 { get }
}

/// One video, from the order to the end.
final class Encoding {
    /// Units of time in a second.
    static let timescale = 1_000_000

    private let taker: VideoTaker
    private let encoder: H264Encoder
    private let container: any Container
    private let isStream: Bool
    /// The time of the picture that came last, in units of the timescale.
    private var lastTime: UInt64?
    private var lastKeyTime: UInt64 = 0
    private var pictures: UInt64 = 0
    /// Between two pictures at which a receiver of a stream can begin, in units of the timescale.
    private static let streamKeyInterval: UInt64 = 2_000_000

    init(over socket: consuming Descriptor) throws {
        taker = try VideoTaker(over: socket)
        let order = taker.order
        guard let target = taker.takeTarget() else { throw Failure("there is nothing to write to") }
        isStream = order.container == .transportStream
        // A file is finished also where who ordered it is gone. A pipe's reader may stay away for ever; TERM comes
        // then.
        if lseek(target.rawValue, 0, SEEK_CUR) < 0 { signal(SIGTERM, SIG_DFL) }
        encoder = try H264Encoder(order, timescale: Self.timescale, keyInterval: 250, hasStartCodes: isStream)
        switch order.container {
        case .mp4: container = try MP4File(target, order, encoder.parameterSets, timescale: Self.timescale)
        case .transportStream: container = TransportStream(target)
        case .y4m, .elementaryStream: throw Failure("nothing but MP4 and transport streams is made here")
        }
    }

    func run() throws {
        // Nobody waits for that any more where it fails.
        try? taker.begin()
        while let event = try taker.next() {
            switch event {
            case .picture(let slot, let time, let dropped):
                try container.note(dropped: dropped)
                try encode(slot, at: time / 1_000)
                try answer(slot)
            case .end(let time, let dropped):
                try container.note(dropped: dropped)
                return try container.finish(time: max(time / 1_000, (lastTime ?? 0) + 1))
            }
        }
        // The other end was killed: what is there is whole.
        if let lastTime { try container.finish(time: lastTime + 1_000_000 * 1_000 / UInt64(taker.order.rate)) }
    }

    private func encode(_ slot: Int, at wanted: UInt64) throws {
        // Two pictures never have one time.
        let time = max(wanted, lastTime.map { $0 + 1 } ?? 0)
        let isKey = lastTime == nil || isStream && time >= lastKeyTime + Self.streamKeyInterval
        let picture = try taker.withPicture(slot: slot) { bytes, layout in
            try encoder.encode(bytes, layout, time: Int64(clamping: time), asKey: isKey)
        }
        if picture.isKey { lastKeyTime = time }
        lastTime = time
        pictures += 1
        try container.write(picture, time: time)
    }

    private func answer(_ slot: Int) throws {
        do throws(VideoChannelError) {
            try taker.done(slot: slot, pictures: pictures, bytes: container.byteCount)
        } catch {
            // What comes over the channel tells.
            guard error == .closed else { throw error }
        }
    }
}
