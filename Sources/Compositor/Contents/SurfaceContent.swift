internal import Pixels

/// What a surface shows: what is left of a buffer after it was committed. It keeps the pixels as they are for as long
/// as somebody shows them.
///
/// There is a subclass for each way in which clients' pixels come to be drawn.
class SurfaceContent {
    /// In buffer pixels.
    final let size: Size
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
        self.source = source
        let actions = actions
        self.actions = []
        for action in actions { action() }
    }

    /// Calls `action` when it becomes ready, if it isn't.
    final func whenReady(_ action: @escaping () -> Void) {
        if !isReady { actions.append(action) }
    }

    // MARK: Drawing

    /// Whether it can be drawn that way.
    final func canDraw(_ placement: Placement) -> Bool { source?.canDraw(placement) ?? false }

    /// It was drawn, from shared memory, which took that much trouble.
    func wasDrawn(_ trouble: DrawingTrouble) {}
}

/// What the owner of memory made of the thread that drew from it.
struct DrawingTrouble: Sendable {
    /// The thread's page faults.
    var faults = 0
    /// Pages that weren't there, where they were counted.
    var missingPages = 0
    /// How long the thread slept, in nanoseconds.
    var sleep: UInt64 = 0

    static func + (left: DrawingTrouble, right: DrawingTrouble) -> DrawingTrouble {
        DrawingTrouble(
            faults: left.faults + right.faults,
            missingPages: left.missingPages + right.missingPages,
            sleep: max(left.sleep, right.sleep)
        )
    }
}
