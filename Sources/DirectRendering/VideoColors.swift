internal import CLinux

/// What the numbers of pictures mean, as a V4L2 device says.
///
/// Source: linux/videodev2.h, and the kernel's userspace-api/media/v4l, "Colorspaces". 0 is the default of what comes
/// before it.
public struct VideoColors: Hashable, Sendable {
    /// How YUV is made of RGB.
    public enum Matrix: Sendable {
        case bt601, bt709, bt2020
        /// Another one, or none that is known.
        case other
    }

    /// v4l2_colorspace.
    public var colorSpace: UInt32
    /// v4l2_xfer_func.
    public var transfer: UInt32
    /// v4l2_ycbcr_encoding.
    public var encoding: UInt32
    /// v4l2_quantization.
    public var quantization: UInt32

    /// The numbers as given.
    public init(colorSpace: UInt32, transfer: UInt32 = 0, encoding: UInt32 = 0, quantization: UInt32 = 0) {
        self.colorSpace = colorSpace
        self.transfer = transfer
        self.encoding = encoding
        self.quantization = quantization
    }

    /// What screens show.
    public static let sRGB = VideoColors(colorSpace: V4L2_COLORSPACE_SRGB.rawValue)

    /// Of YUV. Source: V4L2_MAP_YCBCR_ENC_DEFAULT for what isn't told.
    public var matrix: Matrix {
        switch v4l2_ycbcr_encoding(encoding) {
        case V4L2_YCBCR_ENC_DEFAULT:
            switch v4l2_colorspace(colorSpace) {
            case V4L2_COLORSPACE_REC709, V4L2_COLORSPACE_DCI_P3: .bt709
            case V4L2_COLORSPACE_BT2020: .bt2020
            case V4L2_COLORSPACE_SMPTE240M: .other
            default: .bt601
            }
        case V4L2_YCBCR_ENC_601, V4L2_YCBCR_ENC_XV601: .bt601
        case V4L2_YCBCR_ENC_709, V4L2_YCBCR_ENC_XV709: .bt709
        case V4L2_YCBCR_ENC_BT2020: .bt2020
        default: .other
        }
    }

    /// Whether YUV takes all values from 0 to 255; otherwise luma is from 16 to 235. Source:
    /// V4L2_MAP_QUANTIZATION_DEFAULT for what isn't told.
    public var isFullRange: Bool {
        switch v4l2_quantization(quantization) {
        case V4L2_QUANTIZATION_FULL_RANGE: true
        case V4L2_QUANTIZATION_LIM_RANGE: false
        default: v4l2_colorspace(colorSpace) == V4L2_COLORSPACE_JPEG
        }
    }
}
