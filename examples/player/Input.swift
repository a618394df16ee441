import CLibAV

/// A file, or an MPEG transport stream that comes by UDP, read with libavformat.
@safe
final class Input: PacketSource {
    let name: String
    let isLive: Bool
    private(set) var codec = AV_CODEC_ID_NONE
    private var context: UnsafeMutablePointer<AVFormatContext>?
    private let patience: Patience
    private var index: CInt = -1
    /// The time of the next frame that has none, in nanoseconds, and the time that a frame takes.
    private var nextTime: Int64 = 0
    private var duration: Int64 = 40_000_000

    /// Opens it; a stream is waited for.
    init(_ name: String, _ patience: Patience) throws {
        self.name = name
        self.patience = patience
        isLive = name.hasPrefix("udp://")
        let port = name.split(separator: ":").last.flatMap { UInt16($0.prefix { $0 != "?" }) }
        guard isLive ? port != nil : !name.contains("://") else {
            throw Failure("'\(name)' is neither a file nor a stream; streams are udp://HOST:PORT, in MPEG-TS")
        }
        unsafe context = avformat_alloc_context()
        guard let context = unsafe context else { throw Failure("there is no memory for a reader") }
        unsafe context.pointee.interrupt_callback = AVIOInterruptCB(
            callback: { unsafe Unmanaged<Patience>.fromOpaque($0!).takeUnretainedValue().isOver ? 1 : 0 },
            opaque: Unmanaged.passUnretained(patience).toOpaque()
        )
        // What is known of a stream soon is enough: the longer it is looked at, the later it is seen.
        if isLive {
            unsafe context.pointee.max_analyze_duration = 1_000_000
            unsafe context.pointee.fps_probe_size = 0
        }
        // A file that names others doesn't get at more than files, and a stream at nothing else.
        var options: OpaquePointer?
        defer { unsafe av_dict_free(&options) }
        unsafe av_dict_set(&options, "protocol_whitelist", isLive ? "udp" : "file", 0)
        unsafe av_dict_set(&options, "overrun_nonfatal", "1", 0)
        let format = unsafe isLive ? av_find_input_format("mpegts") : nil
        // libavformat frees the context where this fails.
        var error = unsafe avformat_open_input(&self.context, isLive ? name : "file:\(name)", format, &options)
        if error >= 0 { error = unsafe avformat_find_stream_info(self.context, nil) }
        guard error >= 0, let context = unsafe self.context else { throw failure(error) }
        index = unsafe av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, nil, 0)
        guard index >= 0 else {
            if patience.isOver { throw failure(SIGNET_AVERROR_INTERRUPTED) }
            throw Failure("\(name): there is no video in it")
        }
        unsafe codec = stream.pointee.codecpar.pointee.codec_id
        let rate = unsafe av_guess_frame_rate(context, stream, nil)
        if rate.num > 0, rate.den > 0 {
            duration = max(1_000_000, min(10_000_000_000, Int64(rate.den) * 1_000_000_000 / Int64(rate.num)))
        }
        // What else is in there isn't read.
        for other in unsafe 0..<CInt(context.pointee.nb_streams) where other != index {
            unsafe context.pointee.streams[Int(other)]!.pointee.discard = AVDISCARD_ALL
        }
        patience.renew()
    }

    deinit {
        unsafe avformat_close_input(&context)
    }

    private var stream: UnsafeMutablePointer<AVStream> { unsafe context!.pointee.streams[Int(index)]! }

    private func failure(_ error: CInt) -> Failure {
        guard error == SIGNET_AVERROR_INTERRUPTED || patience.isOver else {
            return Failure("\(name): \(describe(error))")
        }
        return Failure("\(name): no picture came for \(patience.seconds) s; --timeout says how long to wait")
    }

    func configure(_ context: UnsafeMutablePointer<AVCodecContext>) throws {
        let error = unsafe avcodec_parameters_to_context(context, stream.pointee.codecpar)
        guard error >= 0 else { throw Failure("\(name): \(describe(error))") }
        unsafe context.pointee.pkt_timebase = stream.pointee.time_base
    }

    func read(into packet: UnsafeMutablePointer<AVPacket>) throws -> Bool {
        // A file is waited for from now on, a stream since its last picture.
        if !isLive { patience.renew() }
        while true {
            let error = unsafe av_read_frame(context, packet)
            if error == SIGNET_AVERROR_END { return false }
            guard error >= 0 else {
                // Where a file is damaged, what could be read was read.
                if !isLive, !patience.isOver { return false }
                throw failure(error)
            }
            if unsafe packet.pointee.stream_index == index { return true }
            unsafe av_packet_unref(packet)
            if patience.isOver { throw failure(SIGNET_AVERROR_INTERRUPTED) }
        }
    }

    func time(of frame: UnsafeMutablePointer<AVFrame>) -> Int64? {
        if isLive { patience.renew() }
        let stamp = unsafe frame.pointee.best_effort_timestamp
        let nanoseconds = AVRational(num: 1, den: 1_000_000_000)
        let time =
            unsafe stamp == SIGNET_AV_NO_TIME
            ? nextTime : av_rescale_q(stamp, stream.pointee.time_base, nanoseconds)
        // Far from where sums overflow.
        let bounded = max(-(1 << 61), min(1 << 61, time))
        nextTime = bounded + duration
        return bounded
    }
}
