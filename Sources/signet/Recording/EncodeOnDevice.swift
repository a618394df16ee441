import ArgumentParser
import DirectRendering
import Glibc
import SharedMemory
import VideoChannel

/// What `signet record --encoder /dev/videoN` starts: has a V4L2 device code the pictures that come over a channel, and
/// writes what it makes of them. The device imports their memory; nobody here looks at it.
struct EncodeOnDevice: ParsableCommand {
    static let name = "encode-on-device"
    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Has a device code pictures, for signet record.",
        shouldDisplay: false
    )

    @Argument var path: String
    @Argument var channel: CInt

    func run() throws {
        try takePictures(channel, writing: "the video") { taker in
            do { try encode(taker) } catch let error as VideoError { throw Failure("--encoder: \(error)") }
        }
    }

    private func encode(_ taker: VideoTaker) throws {
        guard let target = taker.takeTarget() else { throw Failure("there is nothing to write to") }
        let memories = try (0..<taker.order.slotCount).map { slot in
            guard let memory = try taker.deviceMemory(slot: slot) else {
                throw Failure("--encoder takes the pictures of a device; name one with --converter")
            }
            return memory
        }
        let layout = taker.layout
        let source = VideoQueue.Format(
            pixelFormat: layout.format.rawValue,
            width: layout.width,
            height: layout.height,
            planes: [
                VideoQueue.Format.Plane(stride: layout.planes[0].stride, size: memories.map(\.size).min() ?? 0)
            ]
        )
        let encoder = try VideoEncoder(
            path: path,
            source: source,
            codings: [FourCC.code("H264")!, FourCC.code("HEVC")!, FourCC.code("FWHT")!]
        )
        _ = ftruncate(target.rawValue, 0)
        try? taker.begin()
        var (pictures, bytes): (UInt64, UInt64) = (0, 0)
        func write(_ coded: [VideoEncoder.CodedPicture]) throws {
            for picture in coded {
                try writeAll(picture.bytes, to: target.rawValue)
                bytes += UInt64(picture.bytes.count)
                pictures += 1
            }
        }
        while case .picture(let slot, _, _) = try taker.next() {
            try write(try encoder.encode([memories[slot]], asKeyFrame: pictures == 0))
            try? taker.done(slot: slot, pictures: pictures, bytes: bytes)
        }
        try write(try encoder.finish())
    }
}
