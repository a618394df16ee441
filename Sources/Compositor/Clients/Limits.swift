/// How much one client may hold of everything that it can ask for.
///
/// A breach ends that client with a message, unless said otherwise; nobody else notices.
public struct Limits: Sendable {
    /// Descriptors kept for it: one a pool.
    public var descriptors = 512
    /// Bytes of pixels that were copied from it and are kept.
    public var copiedBytes = 256 << 20
    /// Bytes of mapped memory that buffers in use refer to. Pools alone aren't counted: some clients reserve hundreds
    /// of megabytes and use a few.
    public var mappedBytes = 2 << 30
    /// `wl_surface` objects.
    public var surfaces = 4_096
    /// `wl_buffer` objects.
    public var buffers = 16_384
    /// Levels of `wl_subsurface`.
    public var subsurfaceDepth = 64
    /// `wl_subsurface` objects of one parent.
    public var subsurfaces = 1_024
    /// Rectangles in a region before it is coarsened.
    public var regionRectangles = 1_024
    /// Damage rectangles in a commit before they become their bounding box.
    public var damageRectangles = 256
    /// Bytes of a title or an application's id, beyond which it is cut off.
    public var titleBytes = 4_096
    /// `wl_callback` objects that wait for a frame, for each surface; beyond that the oldest is answered.
    public var frameCallbacks = 256

    /// Commits of one surface that wait for their buffers.
    public var waitingCommits = 64

    /// Descriptors that a user's clients sent, that are let go, and that can't be closed so far, since their file
    /// systems or peers don't answer. Beyond that the user gets no new connection.
    public var unclosedDescriptors = 256

    /// Connections altogether.
    public var clients = 4_096
    /// Connections of one process.
    public var clientsPerProcess = 256

    /// The defaults.
    public init() {}
}
