import CLibAV

/// A message for the user, which ends the player.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What libav's functions return where they fail, as a sentence.
func describe(_ error: CInt) -> String {
    var text = [CChar](repeating: 0, count: Int(AV_ERROR_MAX_STRING_SIZE))
    unsafe av_strerror(error, &text, text.count)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// libavcodec's decoder of a video, which writes into memory of a pool.
///
/// Source: libavcodec/avcodec.h, AVCodecContext.get_buffer2 and AV_CODEC_CAP_DR1.
@safe
final class Decoder {
    private var context: UnsafeMutablePointer<AVCodecContext>?
    private let pool: MemoryPool
    private let sourceName: String
    private let isIntraOnly: Bool
    private var hasDecoded = false
    /// Packets that made no sense.
    private(set) var damaged = 0

    /// Opens the decoder of what `source` has.
    init(_ source: any PacketSource, into pool: MemoryPool) throws {
        self.pool = pool
        sourceName = source.name
        let identifier = source.codec
        let name = unsafe String(cString: avcodec_get_name(identifier))
        guard let codec = unsafe avcodec_find_decoder(identifier) else {
            throw Failure("\(source.name): libavcodec has no decoder for \(name)")
        }
        guard unsafe codec.pointee.capabilities & SIGNET_AV_DIRECT_RENDERING != 0 else {
            throw Failure("\(source.name): the decoder for \(name) can't write into memory that it is given (DR1)")
        }
        unsafe isIntraOnly =
            avcodec_descriptor_get(identifier).map {
                unsafe $0.pointee.props & AV_CODEC_PROP_INTRA_ONLY != 0
            } ?? false
        unsafe context = avcodec_alloc_context3(codec)
        guard let context = unsafe context else { throw Failure("there is no memory for a decoder") }
        try unsafe source.configure(context)
        // The callback is called on this thread.
        unsafe context.pointee.thread_count = 1
        unsafe context.pointee.opaque = Unmanaged.passUnretained(pool).toOpaque()
        unsafe context.pointee.get_buffer2 = getBuffer
        // Cropped pictures start at the memory's first byte: a viewport leaves out what isn't to be seen.
        unsafe context.pointee.apply_cropping = 0
        unsafe context.pointee.max_pixels = 8_192 * 8_192
        let error = unsafe avcodec_open2(context, codec, nil)
        guard error == 0 else { throw Failure("\(source.name): the decoder for \(name): \(describe(error))") }
    }

    deinit {
        unsafe avcodec_free_context(&context)
    }

    /// Where there was no memory for a picture, that ends the video; but one picture of a format that isn't known,
    /// after others, is damaged.
    private func checkRefusal() throws {
        guard let refusal = pool.refusal else { return }
        guard hasDecoded, case .format = refusal else { throw Failure("\(sourceName): \(refusal)") }
        pool.refusal = nil
    }

    /// Decodes a packet, or nil at the end, and hands on the pictures that this makes, until `body` says false. `time`
    /// tells when one is to be shown.
    func decode(
        _ packet: UnsafeMutablePointer<AVPacket>?,
        time: (UnsafeMutablePointer<AVFrame>) -> Int64?,
        _ body: (DecodedFrame) -> Bool
    ) throws -> Bool {
        let error = unsafe avcodec_send_packet(context, packet)
        try checkRefusal()
        if error == SIGNET_AVERROR_NO_MEMORY { throw Failure("there is no memory to decode into") }
        // Damaged packets are left out, as the next ones may be good again.
        if error < 0, error != SIGNET_AVERROR_END { damaged += 1 }
        var failures = 0
        while true {
            var frame = unsafe av_frame_alloc()
            let error = unsafe avcodec_receive_frame(context, frame)
            guard error == 0, let decoded = unsafe frame else {
                unsafe av_frame_free(&frame)
                try checkRefusal()
                if error == SIGNET_AVERROR_AGAIN || error == SIGNET_AVERROR_END { return true }
                damaged += 1
                // At the end each picture that the decoder still has may be damaged; they aren't many.
                failures += 1
                if unsafe packet != nil || failures > 64 { return true }
                continue
            }
            let loan = unsafe Unmanaged<Loan>.fromOpaque(av_buffer_get_opaque(decoded.pointee.buf.0)!)
            let memory = unsafe loan.takeUnretainedValue().memory
            let picture = unsafe DecodedFrame(owning: decoded, memory: memory, time: time(decoded))
            hasDecoded = true
            if isIntraOnly, picture.isFullRange { picture.limitRange() }
            if !body(picture) { return false }
        }
    }
}

/// Memory that the decoder, or a frame, has a reference to.
private final class Loan {
    let memory: PictureMemory
    let pool: MemoryPool

    init(_ memory: PictureMemory, from pool: MemoryPool) {
        self.memory = memory
        self.pool = pool
    }

    deinit {
        pool.giveBack(memory)
    }
}

/// AVCodecContext.get_buffer2: finds memory for a picture, and says where in it the planes are.
private func getBuffer(
    _ context: UnsafeMutablePointer<AVCodecContext>?,
    _ frame: UnsafeMutablePointer<AVFrame>?,
    _ flags: CInt
) -> CInt {
    guard let context = unsafe context, let frame = unsafe frame else { return SIGNET_AVERROR_INVALID }
    let pool = unsafe Unmanaged<MemoryPool>.fromOpaque(context.pointee.opaque).takeUnretainedValue()
    let (width, height) = unsafe (frame.pointee.width, frame.pointee.height)
    let format = unsafe AVPixelFormat(frame.pointee.format)
    guard let layout = unsafe PictureLayout(context, format: format, width: width, height: height) else {
        let name = unsafe av_get_pix_fmt_name(format).map { unsafe String(cString: $0) }
        pool.refusal = .format(name ?? "of a format without a name")
        return SIGNET_AVERROR_INVALID
    }
    let memory: PictureMemory
    do throws(MemoryPool.Refusal) {
        memory = try pool.take(layout, width: Int(width), height: Int(height))
    } catch {
        pool.refusal = error
        return SIGNET_AVERROR_NO_MEMORY
    }
    let loan = unsafe Unmanaged.passRetained(Loan(memory, from: pool))
    let free: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?) -> Void = { loan, _ in
        unsafe Unmanaged<Loan>.fromOpaque(loan!).release()
    }
    guard let buffer = unsafe av_buffer_create(memory.start, layout.byteCount, free, loan.toOpaque(), 0) else {
        unsafe loan.release()
        return SIGNET_AVERROR_NO_MEMORY
    }
    unsafe frame.pointee.buf.0 = buffer
    let (offsets, strides) = (layout.offsets, layout.decoderStrides)
    unsafe frame.pointee.data.0 = memory.start
    unsafe frame.pointee.data.1 = memory.start + offsets[1]
    unsafe frame.pointee.data.2 = memory.start + offsets[2]
    unsafe frame.pointee.linesize.0 = CInt(strides[0])
    unsafe frame.pointee.linesize.1 = CInt(strides[1])
    unsafe frame.pointee.linesize.2 = CInt(strides[2])
    unsafe frame.pointee.extended_data = UnsafeMutableRawPointer(frame).assumingMemoryBound(
        to: UnsafeMutablePointer<UInt8>?.self
    )
    return 0
}
