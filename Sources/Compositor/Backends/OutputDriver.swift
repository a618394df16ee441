internal import Pixels
internal import SharedMemory

/// Where an output's frames go, and who says when there is to be one.
///
/// An ``Output`` has one for life, and nothing else knows of it: not what it is, nor where its buffers are.
protocol OutputDriver: AnyObject {
    /// What it is, as wl_output.geometry's model has it.
    var model: String { get }
    /// Is called when a frame that was asked for may be begun.
    var onFrame: ((Refresh) -> Void)? { get set }
    /// The newest refresh.
    var refresh: Refresh { get }
    /// The buffer with the newest frame; nil before the first, and while the next is drawn over it.
    var newest: FrameBuffer? { get }
    /// What differs between a frame and the newest, in output pixels; everything where that isn't known.
    func changes(since frame: UInt64?) -> Region
    /// How many buffers there are that readers hold at the output's expense.
    var heldBufferCount: Int { get }

    /// Whether the output could be like that; an error says why not.
    func test(_ state: OutputState) throws(OutputError)
    /// Makes the output so. Nothing has changed where that fails.
    func commit(_ state: OutputState) throws(OutputError)
    /// Makes memory for the first frame, so that want of it shows now.
    func reserve() throws(SystemError)

    /// Wants ``onFrame`` to be called, `delay` nanoseconds from now at the earliest.
    func requestFrame(after delay: UInt64)
    /// A buffer to draw into, and where what it holds differs from the newest frame. Readers may hold any number of
    /// others.
    func nextBuffer() throws(SystemError) -> (buffer: FrameBuffer, stale: Region)
    /// Shows a buffer that was drawn into, and differs by `damage` from the newest, for a frame that was begun at
    /// `refresh`.
    func submit(_ buffer: FrameBuffer, _ damage: Region, begunAt refresh: Refresh) -> SubmitResult
    /// Lets go of all buffers that no reader holds, the newest too: nobody looks.
    func releaseBuffers()
    /// Wants no frame any more.
    func stop()
}

/// A moment at which an output shows something new, if there is any.
struct Refresh {
    /// In nanoseconds of the clock.
    var time: UInt64
    /// How many there were before, whether anything was drawn or not.
    var count: UInt64
}

/// What became of a frame that was drawn.
enum SubmitResult {
    /// It is what the output shows since then.
    case shown(Refresh)
    /// Another one is shown instead.
    case skipped
    /// It can't be shown.
    case failed

    /// In a word.
    var name: String {
        switch self {
        case .shown: "shown"
        case .skipped: "skipped"
        case .failed: "failed"
        }
    }
}

/// Why an output can't be as it was asked to be.
struct OutputError: Error, Equatable, CustomStringConvertible {
    /// What stands in the way, and what can be done.
    let description: String
}
