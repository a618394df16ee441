internal import Pixels

/// What a surface shows: what is left of a buffer after it was committed.
///
/// There is a subclass for each way in which a picture can lie in memory.
class SurfaceContent {
    /// In buffer pixels.
    final let size: Size
    /// Whether nothing behind it ever shines through.
    final let isOpaque: Bool

    init(size: Size, isOpaque: Bool) {
        self.size = size
        self.isOpaque = isOpaque
    }

    // MARK: Readiness

    private var actions: [() -> Void] = []
    /// Whether it can be drawn. Once it can, that stays so.
    final private(set) var isReady = true

    /// For subclasses: it can't be drawn before ``becomeReady()``.
    final func becomeUnready() { isReady = false }

    /// For subclasses: it can be drawn from now on.
    final func becomeReady() {
        if isReady { return }
        isReady = true
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
    func canDraw(_ placement: Placement) -> Bool {
        preconditionFailure("each kind of content has its own")
    }

    /// Draws it onto a target of ``PixelFormat/xrgb8888``, whose pixels `clip` and `opaque` are in; see ``Painter``.
    func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) {
        preconditionFailure("each kind of content has its own")
    }
}
