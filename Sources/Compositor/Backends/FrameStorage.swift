public import DirectRendering

/// What the memory of outputs' frames is.
public enum FrameStorage: Sendable {
    /// A memfd for each buffer, sealed against everybody; files that are copied for readers where the kernel has none.
    case files
    /// A dumb buffer of a graphics device's for each, which readers get as a dma-buf that is open for reading only: for
    /// devices that take dma-bufs and no mapped memory.
    ///
    /// The CPU draws into it and reads it again, so that a device is of use whose memory is ordinary memory, as vgem's.
    /// A reader that may open devices can have one of them write into a dma-buf; nobody can into a sealed file.
    case dumbBuffers(DRMDevice)
}
