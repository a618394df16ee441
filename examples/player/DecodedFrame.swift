import CLibAV

/// A decoded picture: a reference to memory that the decoder won't write into as long as this object lives.
@safe
final class DecodedFrame: @unchecked Sendable {
    private var frame: UnsafeMutablePointer<AVFrame>?
    /// Where its pixels are.
    let memory: PictureMemory
    /// When it is to be shown, in nanoseconds since the video's start; nil for as soon as it comes.
    let time: Int64?

    /// Takes over a frame that was decoded into `memory`.
    init(owning frame: UnsafeMutablePointer<AVFrame>, memory: PictureMemory, time: Int64?) {
        unsafe self.frame = frame
        self.memory = memory
        self.time = time
    }

    deinit {
        unsafe av_frame_free(&frame)
    }

    /// Whether ``limitRange()`` was called.
    private(set) var isLimited = false

    /// The part of the picture that is to be seen, in pixels of the memory.
    struct Crop: Hashable {
        let left: Int
        let top: Int
        let width: Int
        let height: Int
    }

    var crop: Crop {
        // libavcodec has looked at these: something is left of the picture.
        let (left, right) = unsafe (Int(frame!.pointee.crop_left), Int(frame!.pointee.crop_right))
        let (top, bottom) = unsafe (Int(frame!.pointee.crop_top), Int(frame!.pointee.crop_bottom))
        return Crop(
            left: left,
            top: top,
            width: unsafe Int(frame!.pointee.width) - left - right,
            height: unsafe Int(frame!.pointee.height) - top - bottom
        )
    }

    /// How wide the picture is shown, as pixels of some videos aren't square.
    var shownWidth: Int {
        let (width, aspect) = (crop.width, unsafe frame!.pointee.sample_aspect_ratio)
        guard aspect.num > 0, aspect.den > 0 else { return width }
        let shown = (Double(width) * Double(aspect.num) / Double(aspect.den)).rounded()
        return (1.0...8_192).contains(shown) ? Int(shown) : width
    }

    /// Whether luma goes from 0 to 255 and not from 16 to 235.
    var isFullRange: Bool {
        let format = unsafe AVPixelFormat(frame!.pointee.format)
        return unsafe frame!.pointee.color_range == AVCOL_RANGE_JPEG
            || [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P].contains(format)
    }

    /// The matrix that the video names; nil where it names none.
    var matrix: String? {
        switch unsafe frame!.pointee.colorspace {
        case AVCOL_SPC_BT709: "BT.709"
        case AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M: "BT.601"
        case AVCOL_SPC_UNSPECIFIED: nil
        case let other: unsafe av_color_space_name(other).map { unsafe String(cString: $0) }
        }
    }

    /// Moves samples from full range to limited range, in place. Only for pictures that no other one refers to.
    func limitRange() {
        isLimited = true
        let (layout, height) = unsafe (memory.layout, Int(frame!.pointee.height))
        for plane in 0..<3 {
            // Luma's 219 steps above 16, chroma's 224 around 128; in 65,536ths.
            let (factor, base): (Int32, Int32) = plane == 0 ? (56_284, 16 << 16) : (57_569, (128 << 16) - 128 * 57_569)
            let rows = plane == 0 || layout.skipsChroma ? height : (height + 1) / 2
            let width = unsafe plane == 0 ? Int(frame!.pointee.width) : (Int(frame!.pointee.width) + 1) / 2
            for row in 0..<rows {
                let start = unsafe memory.start + layout.offsets[plane] + row * layout.decoderStrides[plane]
                for column in 0..<width {
                    unsafe start[column] = UInt8(
                        truncatingIfNeeded: (Int32(start[column]) &* factor &+ base &+ 32_768) &>> 16
                    )
                }
            }
        }
    }
}
