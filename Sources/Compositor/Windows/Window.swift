internal import Pixels

/// What a window is made of, and who is told what it should be like: an `xdg_toplevel`, say.
protocol WindowClient: AnyObject {
    /// What counts as the window, without shadows, in the client's surface coordinates.
    var geometry: Rectangle { get }
    /// What it shows, back to front, with the corner of its surface at a place in global coordinates.
    func items(at corner: Point) -> [PlacedItem]
    /// What of it hears of keys, where it is the active one.
    var keyboardFocus: Drawable? { get }
    /// The window should be like ``Window/wanted`` from now on.
    func configure()
}

/// A window: what is stacked, placed, decorated and made active. It knows no protocol.
final class Window: SceneNode {
    /// What the compositor tells a window about its state.
    struct Configuration: Equatable {
        /// The size that it should take, in window geometry coordinates; nil leaves it to the client.
        var size: Size?
        var isMaximized = false
        var isFullscreen = false
        var isActivated = false
        /// Whether the title bar is Signet's to draw.
        var isDecorated = false

        /// How much of the frame is title bar, in units of the scene's coordinates.
        var titleBarHeight: Int { isDecorated && !isFullscreen ? TitleBar.height : 0 }
    }

    /// Nil once it is gone, and the window with it.
    private weak var client: (any WindowClient)?
    private let manager: WindowManager
    /// As its client calls it.
    var title = "" {
        didSet { updateTitleBar() }
    }
    /// What the window should be like.
    private(set) var wanted = Configuration()
    /// What it has accepted to be like.
    private(set) var accepted = Configuration() {
        didSet {
            guard accepted.titleBarHeight != oldValue.titleBarHeight else { return }
            updateTitleBar()
            redrawTitleBar()
        }
    }
    /// The top left corner of the frame, in global coordinates.
    private(set) var position = Point(x: 0, y: 0)
    /// The output that it is to fill; nil leaves that to the window manager.
    private(set) weak var chosenOutput: Output?
    /// Whether there is something to show.
    private(set) var isMapped = false
    private let titleBar: TitleBar

    init(of client: any WindowClient, account: ClientAccount, manager: WindowManager) {
        self.client = client
        self.manager = manager
        titleBar = TitleBar(fonts: manager.fonts, account: account)
        titleBar.onChange = { [unowned self] in redrawTitleBar() }
    }

    // MARK: Place

    private var geometry: Rectangle { client?.geometry ?? Rectangle(x: 0, y: 0, width: 0, height: 0) }

    /// The window with its title bar, in global coordinates.
    var frame: Rectangle {
        let size = geometry.size
        return Rectangle(origin: position, size: Size(width: size.width, height: size.height + titleBarHeight))
    }

    /// Where the client's part of it begins, below the title bar, in global coordinates.
    var contentOrigin: Point { Point(x: position.x, y: position.y + titleBarHeight) }

    private var titleBarHeight: Int { accepted.titleBarHeight }

    /// For the window manager; see ``WindowManager/move(_:to:)``.
    func place(at position: Point) { self.position = position }

    /// Its content has moved by so much, and the window with it.
    func contentMoved(by offset: Point) {
        manager.move(self, to: position.translated(by: offset))
    }

    /// What hears of keys, where it is the active one.
    var keyboardFocus: Drawable? { client?.keyboardFocus }

    var items: [PlacedItem] {
        let geometry = geometry
        let corner = contentOrigin.translated(by: geometry.origin.negated)
        let content = client?.items(at: corner) ?? []
        guard titleBarHeight > 0, !content.isEmpty else { return content }
        return titleBar.items(at: position, width: geometry.width) + content
    }

    /// Has the title bar show what it should, where there is one.
    private func updateTitleBar() {
        if titleBarHeight == 0 || !isMapped { return }
        titleBar.show(TitleBar.Look(title: title, isActive: wanted.isActivated, scale: manager.scale))
    }

    private func redrawTitleBar() { manager.redraw(titleBar.drawables, of: self) }

    // MARK: Configuration

    /// Changes what the window should be like, and tells the client if that is new.
    func configure(_ change: (inout Configuration) -> Void) {
        let before = wanted
        change(&wanted)
        if wanted == before { return }
        client?.configure()
        updateTitleBar()
    }

    /// The client has accepted to be like that.
    func accept(_ configuration: Configuration) { accepted = configuration }

    /// Fills an output, or no longer. The client hears of it also where nothing changes.
    func fill(on output: Output?? = .none, _ change: (inout Configuration) -> Void) {
        if let output { chosenOutput = output }
        change(&wanted)
        updateSize()
        client?.configure()
    }

    /// Says whether the title bar is Signet's to draw. Where that is never to be again, an old configuration doesn't
    /// bring it back.
    func setDecorated(_ isDecorated: Bool, forGood: Bool) {
        wanted.isDecorated = isDecorated
        updateSize()
        if forGood { accepted.isDecorated = isDecorated }
        client?.configure()
        if isMapped { manager.didCommit(self) }
    }

    /// What there is to fill may have changed.
    func outputsChanged() {
        let size = wanted.size
        updateSize()
        if wanted.size != size { client?.configure() }
        updateTitleBar()
    }

    /// A window that fills the output leaves room for its title bar, if there is any: 0 would mean that the client
    /// chooses, and less than that nothing.
    private func updateSize() {
        let bounds = wanted.isMaximized || wanted.isFullscreen ? manager.bounds(for: self) : nil
        wanted.size = bounds.map { Size(width: $0.width, height: max(1, $0.height - wanted.titleBarHeight)) }
    }

    // MARK: Life

    /// There is something to show, or something new.
    func didCommit() {
        isMapped = true
        manager.didCommit(self)
        updateTitleBar()
    }

    /// There is nothing to show any more, and the window starts anew.
    func didUnmap() {
        isMapped = false
        wanted = Configuration(isDecorated: wanted.isDecorated)
        manager.didUnmap(self)
    }
}
