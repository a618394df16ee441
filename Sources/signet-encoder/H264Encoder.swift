import CX264
import Glibc
import VideoChannel

/// Makes H.264 of pictures in NV12, one by one: each comes out at once, and none refers to a later one.
///
/// Source: x264.h; ITU-T H.264, annex E, for what is said of colours.
@safe
final class H264Encoder {
    /// An encoded picture.
    struct Picture {
        /// Its NAL units: after their lengths, as MP4 has them, or after start codes.
        var bytes: [UInt8]
        /// Whether one can begin with it.
        var isKey: Bool
    }

    /// The sequence's parameter sets, without start codes or lengths.
    let parameterSets: (sequence: [UInt8], picture: [UInt8])
    private let encoder: OpaquePointer
    private let size: (width: Int, height: Int)
    /// Units of time in a second.
    private let timescale: Int

    /// `timescale` units of time are a second; between two pictures that one can begin with are `keyInterval` at most.
    init(_ order: VideoOrder, timescale: Int, keyInterval: Int, hasStartCodes: Bool) throws {
        var parameters = unsafe x264_param_t()
        guard unsafe x264_param_default_preset(&parameters, "ultrafast", "zerolatency") == 0 else {
            throw Failure("libx264 doesn't know its own presets")
        }
        unsafe parameters.i_log_level = signet_x264_log_error
        unsafe parameters.i_threads = 1
        unsafe parameters.i_csp = signet_x264_nv12
        unsafe parameters.i_width = Int32(order.width)
        unsafe parameters.i_height = Int32(order.height)
        unsafe parameters.i_fps_num = UInt32(order.rate)
        unsafe parameters.i_fps_den = 1_000
        unsafe parameters.i_timebase_num = 1
        unsafe parameters.i_timebase_den = UInt32(timescale)
        // Otherwise a picture would wait for the next one, which tells how long it is shown.
        unsafe parameters.b_vfr_input = 0
        unsafe parameters.i_keyint_max = Int32(keyInterval)
        unsafe parameters.rc.i_rc_method = signet_x264_constant_quality
        unsafe parameters.rc.f_rf_constant = Self.rateFactor(order.quality)
        // BT.709's colours in the range of 16 to 235, chroma in the middle of the pixels that share it. What programs
        // draw is sRGB, whose curve is IEC 61966-2-1's.
        unsafe parameters.vui.i_colmatrix = Int32(order.matrix.rawValue)
        unsafe parameters.vui.i_colorprim = 1
        unsafe parameters.vui.i_transfer = 13
        unsafe parameters.vui.b_fullrange = 0
        unsafe parameters.vui.i_chroma_loc = 1
        unsafe parameters.b_annexb = hasStartCodes ? 1 : 0
        unsafe parameters.b_repeat_headers = hasStartCodes ? 1 : 0
        unsafe parameters.b_aud = hasStartCodes ? 1 : 0
        guard unsafe x264_param_apply_profile(&parameters, "high") == 0,
            let encoder = unsafe signet_x264_open(&parameters)
        else { throw Failure("libx264 can't encode \(order.width)x\(order.height) pixels") }
        unsafe self.encoder = encoder
        self.timescale = timescale
        size = (order.width, order.height)
        parameterSets = try unsafe Self.parameterSets(encoder)
    }

    deinit {
        unsafe x264_encoder_close(encoder)
    }

    /// x264's rate factor: 51 for quality 0, 20 for 62. Below 1 it would be another profile, which no browser plays.
    private static func rateFactor(_ quality: Int) -> Float { 51 - Float(quality) / 2 }

    private static func parameterSets(_ encoder: OpaquePointer) throws -> ([UInt8], [UInt8]) {
        var units: UnsafeMutablePointer<x264_nal_t>?
        var count: Int32 = 0
        guard unsafe x264_encoder_headers(encoder, &units, &count) >= 0, let units = unsafe units else {
            throw Failure("libx264 says nothing of its parameters")
        }
        var sets: [Int32: [UInt8]] = [:]
        for index in 0..<Int(count) {
            let unit = unsafe units[index]
            // A length or a start code, of four bytes either.
            let bytes = unsafe Array(
                UnsafeBufferPointer(start: unit.p_payload, count: Int(unit.i_payload)).dropFirst(4)
            )
            unsafe sets[unit.i_type] = bytes
        }
        // NAL_SPS and NAL_PPS
        guard let sequence = sets[7], let picture = sets[8], sequence.count >= 4 else {
            throw Failure("libx264 made no parameter sets")
        }
        return (sequence, picture)
    }

    /// Encodes a picture that is shown from `time` on, in units of the timescale; times only grow.
    func encode(_ bytes: RawSpan, _ layout: PictureLayout, time: Int64, asKey: Bool) throws -> Picture {
        guard layout.format == .nv12, layout.width == size.width, layout.height == size.height else {
            throw Failure("libx264 takes pictures in NV12; what comes is of another format")
        }
        var (input, output) = unsafe (x264_picture_t(), x264_picture_t())
        unsafe x264_picture_init(&input)
        unsafe input.i_type = asKey ? signet_x264_idr : signet_x264_auto
        unsafe input.i_pts = time
        unsafe input.img.i_csp = signet_x264_nv12
        unsafe input.img.i_plane = 2
        unsafe input.img.i_stride.0 = Int32(layout.planes[0].stride)
        unsafe input.img.i_stride.1 = Int32(layout.planes[1].stride)
        let (luma, chroma) = (layout.range(ofPlane: 0), layout.range(ofPlane: 1))
        var units: UnsafeMutablePointer<x264_nal_t>?
        var count: Int32 = 0
        let length = unsafe bytes.withUnsafeBytes { bytes in
            // It only reads them, into a picture of its own.
            let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress!)
            unsafe input.img.plane.0 = (start + luma.lowerBound).assumingMemoryBound(to: UInt8.self)
            unsafe input.img.plane.1 = (start + chroma.lowerBound).assumingMemoryBound(to: UInt8.self)
            return unsafe x264_encoder_encode(encoder, &units, &count, &input, &output)
        }
        guard length > 0, let units = unsafe units else { throw Failure("libx264 didn't encode a picture") }
        // The units' bytes follow each other.
        let encoded = unsafe Array(UnsafeBufferPointer(start: units[0].p_payload, count: Int(length)))
        return Picture(bytes: encoded, isKey: unsafe output.b_keyframe != 0)
    }
}
