import CSwscale
import Pixels

/// libswscale's conversion of the same pictures into the same layout.
@unsafe
struct Swscale {
    private let context: OpaquePointer
    private let layout: PixelLayout
    private let target: NV12Layout

    /// Nil where it can't.
    init?(_ layout: PixelLayout, _ target: NV12Layout, flags: Int32) {
        guard
            let context = unsafe sws_getContext(
                Int32(layout.size.width),
                Int32(layout.size.height),
                AV_PIX_FMT_BGR0,
                Int32(target.width),
                Int32(target.height),
                AV_PIX_FMT_NV12,
                flags,
                nil,
                nil,
                nil
            )
        else { return nil }
        // From all 256 levels to limited range; the last three leave brightness, contrast and saturation as they are.
        let matrix = unsafe sws_getCoefficients(SWS_CS_ITU709)
        let status = unsafe sws_setColorspaceDetails(context, matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16)
        guard status >= 0 else { return nil }
        unsafe self.context = context
        unsafe self.layout = layout
        unsafe self.target = target
    }

    func convert(_ frame: RawSpan, to picture: inout MutableRawSpan) {
        unsafe frame.withUnsafeBytes { frame in
            unsafe picture.withUnsafeMutableBytes { picture in
                let from = unsafe frame.baseAddress!.assumingMemoryBound(to: UInt8.self)
                let to = unsafe picture.baseAddress!.assumingMemoryBound(to: UInt8.self)
                let sources: [UnsafePointer<UInt8>?] = unsafe [from, nil, nil, nil]
                let targets: [UnsafeMutablePointer<UInt8>?] = unsafe [to, to + target.chromaOffset, nil, nil]
                _ = unsafe sws_scale(
                    context,
                    sources,
                    [Int32(layout.stride), 0, 0, 0],
                    0,
                    Int32(layout.size.height),
                    targets,
                    [Int32(target.stride), Int32(target.stride), 0, 0]
                )
            }
        }
    }
}
