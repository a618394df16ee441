/// The layouts that there are. A client may leave the choice to the kernel; then it is taken to be linear too.
enum DmabufModifier {
    /// DRM_FORMAT_MOD_LINEAR: rows from the top down, pixels from left to right.
    static let linear: UInt64 = 0
    /// DRM_FORMAT_MOD_INVALID: the layout isn't told.
    static let unspecified: UInt64 = 0x00ff_ffff_ffff_ffff

    static let all = [linear, unspecified]
}
