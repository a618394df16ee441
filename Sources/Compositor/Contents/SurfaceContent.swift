internal import Pixels

/// What a surface shows: what is left of a buffer after it was committed. It keeps the pixels as they are for as long
/// as somebody shows them.
///
/// There is a subclass for each way in which clients' pixels come to be drawn.
class SurfaceContent {
    /// In buffer pixels.
    final let size: Size
    /// Which of its client's buffers it was made of; 0 where it wasn't. For those who ask what clients have.
    final var bufferNumber: UInt64 = 0
    /// Whether nothing behind it ever shines through.
    final let isOpaque: Bool
    /// The pixels; nil until they can be drawn. Once they can, that stays so.
    final private(set) var source: (any PixelSource)?

    /// Pixels that are there for good.
    init(_ source: any PixelSource) {
        size = source.size
        isOpaque = source.isOpaque
        self.source = source
    }

    /// For subclasses: content that can't be drawn before ``becomeReady(_:)``.
    init(size: Size, isOpaque: Bool) {
        self.size = size
        self.isOpaque = isOpaque
    }

    // MARK: Readiness

    private var actions: [() -> Void] = []

    /// Whether it can be drawn.
    final var isReady: Bool { source != nil }

    /// For subclasses: the pixels, which can be drawn from now on. Later they may turn out to be elsewhere, and are
    /// given again; those before are still being drawn then.
    final func becomeReady(_ source: any PixelSource) {
        let isFirst = self.source == nil
        self.source = source
        if isFirst {
            let actions = actions
            self.actions = []
            for action in actions { action() }
        } else {
            for action in replacements { action() }
        }
    }

    private var replacements: [() -> Void] = []

    /// Calls `action` whenever the pixels are given again, from now on.
    final func whenReplaced(_ action: @escaping () -> Void) { replacements.append(action) }

    /// Calls `action` when it becomes ready, if it isn't.
    final func whenReady(_ action: @escaping () -> Void) {
        if !isReady { actions.append(action) }
    }

    // MARK: Drawing

    /// What keeps the source's pixels as they are, where the content alone doesn't: it may have others later. To be
    /// kept by whoever still draws these.
    var hold: AnyObject? { nil }

    /// It was drawn, from shared memory, which took that much trouble.
    func wasDrawn(_ trouble: DrawingTrouble) {}
}

/// What shared memory cost those who drew from it, beyond the drawing.
struct DrawingTrouble: Sendable {
    /// The threads' page faults.
    var faults = 0
    /// Pages that weren't there before, and were then, where they were counted.
    var filledPages = 0
    /// Whether it couldn't be looked at, and wasn't drawn.
    var isUnmappable = false
    /// How long threads slept, altogether, in nanoseconds.
    var sleep: UInt64 = 0

    static func + (left: DrawingTrouble, right: DrawingTrouble) -> DrawingTrouble {
        DrawingTrouble(
            faults: left.faults + right.faults,
            filledPages: left.filledPages + right.filledPages,
            isUnmappable: left.isUnmappable || right.isUnmappable,
            sleep: left.sleep + right.sleep
        )
    }
}
