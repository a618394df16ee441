import ArgumentParser
import Glibc
import Pixels
import SharedMemory
import VideoChannel

/// What `signet record -` starts: writes the pictures that come over a channel, as they are.
///
/// Source: yuv4mpeg(5) of mjpegtools. Who writes waits for who reads, and this is nobody else.
struct WriteY4M: ParsableCommand {
    static let name = "write-y4m"
    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Writes pictures as they are, for signet record.",
        shouldDisplay: false
    )

    @Argument var channel: CInt

    func run() throws { try takePictures(channel, writing: "the pictures", write) }

    private func write(_ taker: VideoTaker) throws {
        guard let target = taker.takeTarget() else { throw Failure("there is nothing to write to") }
        let order = taker.order
        // As a fraction: 59.94 is 59940:1000.
        try writeAll(
            "YUV4MPEG2 W\(order.width) H\(order.height) F\(order.rate):1000 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n"
                .utf8,
            to: target.rawValue
        )
        guard let layout = NV12Layout(width: order.width, height: order.height) else { return }
        try? taker.begin()
        let head = Array("FRAME\n".utf8)
        var picture = [UInt8](repeating: 0, count: layout.i420ByteCount)
        var (pictures, bytes): (UInt64, UInt64) = (0, 0)
        while case .picture(let slot, _, _) = try taker.next() {
            try taker.withPicture(slot: slot) { source, found in
                guard found.planes.map(\.stride) == [layout.stride, layout.stride], found.planes[0].offset == 0,
                    found.planes[1].offset == layout.chromaOffset
                else { throw VideoChannelError.broken("has pictures that lie otherwise") }
                var span = picture.mutableSpan
                var bytes = unsafe span.mutableBytes
                try layout.copyAsI420(source, to: &bytes)
            }
            pictures += 1
            bytes += UInt64(head.count + picture.count)
            try? taker.done(slot: slot, pictures: pictures, bytes: bytes)
            try writeAll(head, to: target.rawValue)
            try writeAll(picture, to: target.rawValue)
        }
    }
}
