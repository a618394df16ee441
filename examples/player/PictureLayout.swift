import CLibAV
import ClientToolkit

/// How a decoder writes a picture into memory, so that a compositor can show those very bytes.
///
/// wl_shm tells one stride, and planes follow each other: chroma starts after as many rows of luma as the buffer is
/// high. So the buffer is as high as the decoder needs it, and a viewport crops it. 4:2:2 is shown as 4:2:0 without its
/// odd rows of chroma: rows of luma are as far apart as the decoder's rows of chroma times four, and the compositor
/// takes strides that are twice the decoder's.
struct PictureLayout: Hashable, Sendable {
    /// The format that the compositor is told, as wl_shm and DRM name it.
    static let fourcc = DRMFormat.code("YU12")
    static let formatName = "YUV420"

    /// Whether every other row of chroma isn't shown.
    let skipsChroma: Bool
    /// Rows of luma, an even number.
    let rows: Int
    /// Bytes from one row of luma to the next.
    let stride: Int
    /// Bytes, in whole pages.
    let byteCount: Int

    /// The layout that a decoder needs for pictures of `width` by `height`; nil where no layout shows the format.
    init?(_ context: UnsafeMutablePointer<AVCodecContext>, format: AVPixelFormat, width: CInt, height: CInt) {
        switch format {
        case AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P: skipsChroma = false
        case AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUVJ422P: skipsChroma = true
        default: return nil
        }
        var (columns, lines) = (width, height)
        var alignments = [CInt](repeating: 1, count: Int(AV_NUM_DATA_POINTERS))
        unsafe avcodec_align_dimensions2(context, &columns, &lines, &alignments)
        // For some decoders these are a multiple of 32 and two rows that are read and never written; those may lie in
        // the next plane, or in the bytes that are left at the end. A buffer that is no higher than it has to be keeps
        // to the side of 576 rows that the video is on, by which compositors choose the matrix of its colours.
        rows = max(Int(lines) / 32 * 32, (Int(height) + 1) / 2 * 2)
        let alignment = 2 * Int(alignments.prefix(3).max()!)
        let row = (Int(columns) + alignment - 1) / alignment * alignment
        stride = skipsChroma ? row * 2 : row
        let page = 4_096
        byteCount = (stride * (rows + rows / 2) + 4 * stride + page - 1) / page * page
    }

    /// Where the planes start, in bytes: of luma, Cb and Cr.
    var offsets: [Int] { [0, stride * rows, stride * rows + stride * rows / 4] }

    /// Bytes from one row to the next, as the compositor is told.
    var shownStrides: [Int] { [stride, stride / 2, stride / 2] }

    /// Bytes from one row to the next, as the decoder is told.
    var decoderStrides: [Int] { skipsChroma ? [stride, stride / 4, stride / 4] : shownStrides }
}
