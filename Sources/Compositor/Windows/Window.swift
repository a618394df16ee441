internal import Pixels

/// What a window is made of, and who is told what it should be like: an `xdg_toplevel`, say.
protocol WindowClient: AnyObject {
    /// What counts as the window, without shadows, in the client's surface coordinates.
    var geometry: Rectangle { get }
    /// Whether the client says what that is. Otherwise it is all that there is to be seen.
    var hasGeometry: Bool { get }
    /// What it shows, back to front, with the corner of its surface at a place in global coordinates.
    func items(at corner: Point) -> [PlacedItem]
    /// What of it hears of keys, where it is the active one.
    var keyboardFocus: Drawable? { get }
    /// How small and how large it can be, in window geometry coordinates.
    var sizeLimits: (least: Size, most: Size) { get }
    /// The window should be like ``Window/wanted`` from now on.
    func configure()
    /// The one that it belongs to and stays in front of, if that is mapped, or one that that belongs to.
    var parentWindow: Window? { get }
    /// Those that belong to it, without those that belong to them.
    var childWindows: [Window] { get }
    /// Whether the client's newest configure tells truly how large it can be.
    var knowsLargestSize: Bool { get }
    /// Whether it has answered lately, as far as it was asked.
    var isAnswering: Bool { get }
    /// Finds out whether it answers.
    func checkAnswers()
    /// Whether it has been asked for something that it hasn't shown yet.
    var isBehind: Bool { get }
    /// The window should go.
    func close()
    /// The window isn't to be seen any more, nor is what stands on it.
    func willHide()
}

/// Edges of a window; two of them are a corner.
struct WindowEdges: OptionSet {
    let rawValue: Int

    static let top = WindowEdges(rawValue: 1)
    static let bottom = WindowEdges(rawValue: 2)
    static let left = WindowEdges(rawValue: 4)
    static let right = WindowEdges(rawValue: 8)
}

/// A window: what is stacked, placed, decorated and made active. It knows no protocol.
final class Window: PressableNode {
    /// What the compositor tells a window about its state.
    struct Configuration: Equatable {
        /// The size that it should take, in window geometry coordinates; nil leaves it to the client.
        var size: Size?
        var isMaximized = false
        var isFullscreen = false
        var isActivated = false
        /// Whether nobody sees it, so that drawing is in vain.
        var isSuspended = false
        /// Whether somebody is pulling its edges.
        var isResizing = false
        /// Whether the title bar is Signet's to draw.
        var isDecorated = false

        /// Whether it fills an output.
        var isFilling: Bool { isMaximized || isFullscreen }

        /// How much of the frame is title bar, in units of the scene's coordinates.
        var titleBarHeight: Int { isDecorated && !isFullscreen ? TitleBar.height : 0 }
    }

    /// Nil once it is gone, and the window with it.
    private weak var client: (any WindowClient)?
    private let manager: WindowManager
    /// Stands for it, and for no other one, as long as there is something to show.
    private(set) var number: UInt64
    /// As its client calls it.
    var title = "" {
        didSet {
            updateTitleBar()
            manager.noteChange()
        }
    }
    /// What its client says which application it belongs to.
    var applicationID = "" {
        didSet { manager.noteChange() }
    }
    /// The process that it belongs to; 0 where that can't be seen.
    var process: Int32 { account.process }
    /// What the window should be like.
    private(set) var wanted = Configuration()
    /// What it has accepted to be like.
    private(set) var accepted = Configuration() {
        didSet {
            if accepted != oldValue { manager.noteChange() }
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
    /// Whether it is put away, until it is made the active one again. For the window manager.
    var isMinimized = false
    /// Whether it stands among the others.
    var isShown: Bool { isMapped && !isMinimized }
    private let account: ClientAccount
    private lazy var titleBar: TitleBar = {
        let bar = TitleBar(fonts: manager.fonts, icons: manager.icons, account: account)
        bar.onChange = { [unowned self] in redrawTitleBar() }
        return bar
    }()

    init(of client: any WindowClient, account: ClientAccount, manager: WindowManager) {
        self.client = client
        self.account = account
        self.manager = manager
        number = manager.nextNumber()
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

    /// What of the client's surface coordinates is there. Where the client doesn't say what counts as the window, it
    /// stays what it was when the window appeared: nothing jumps when things that stick out come and go.
    private var origin: Point { client?.hasGeometry == true ? geometry.origin : implicitOrigin }
    private var implicitOrigin = Point(x: 0, y: 0)

    /// Where its surface begins, in global coordinates.
    var surfaceOrigin: Point { contentOrigin.translated(by: origin.negated) }

    /// Its window geometry, in global coordinates.
    var geometryFrame: Rectangle { Rectangle(origin: geometryOrigin, size: geometry.size) }

    /// Where its window geometry begins, in global coordinates.
    var geometryOrigin: Point { surfaceOrigin.translated(by: geometry.origin) }

    private var titleBarHeight: Int { accepted.titleBarHeight }

    /// For the window manager; see ``WindowManager/move(_:to:)``.
    func place(at position: Point) {
        self.position = position
        wasPlaced = true
        manager.noteChange()
    }

    /// Where it was before it filled an output.
    var floatingPosition: Point?

    /// Whether it has been somewhere.
    private(set) var wasPlaced = false

    /// Its content has moved by so much, and the window with it.
    func contentMoved(by offset: Point) {
        manager.move(self, to: position.translated(by: offset))
    }

    /// What hears of keys, where it is the active one.
    var keyboardFocus: Drawable? { client?.keyboardFocus }

    var items: [PlacedItem] {
        let geometry = geometry
        let content = client?.items(at: surfaceOrigin) ?? []
        guard titleBarHeight > 0, !content.isEmpty else { return content }
        return titleBar.items(at: position, width: geometry.width) + content
    }

    /// Has the title bar show what it should, where there is one.
    func updateTitleBar() {
        if titleBarHeight == 0 || !isMapped { return }
        let text = !isAnswering ? "\(title) (not responding)" : title
        titleBar.show(TitleBar.Look(title: PlainText(string: text), isActive: wanted.isActivated, scale: manager.scale))
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
        if wanted.size != size || client?.knowsLargestSize == false { client?.configure() }
        updateTitleBar()
    }

    /// How large it can be where it is, in window geometry coordinates; nil where there is no output.
    ///
    /// A window that fills one leaves room for its title bar, if there is any: 0 would mean that the client chooses,
    /// and less than that nothing.
    var largestSize: Size? {
        manager.bounds(for: self).map { Size(width: $0.width, height: max(1, $0.height - wanted.titleBarHeight)) }
    }

    private func updateSize() { wanted.size = isFilling ? largestSize : nil }

    // MARK: Resizing by hand

    /// Edges that somebody pulls.
    private var pulledEdges: WindowEdges = []
    /// Where the right and the lower end of the content stay meanwhile, in global coordinates.
    private var anchor = Point(x: 0, y: 0)

    /// Of what counts as the window, without its title bar.
    var contentSize: Size { geometry.size }

    /// Somebody begins to pull edges of it. Those at the other side stay where they are.
    func beginResizing(_ edges: WindowEdges) {
        pulledEdges = edges
        anchor = contentOrigin.translated(by: Point(x: contentSize.width, y: contentSize.height))
        configure { $0.isResizing = true }
    }

    /// It should have this size, as far as it can.
    func resize(to size: Size) {
        // It may have been maximised meanwhile.
        guard !isFilling, let limits = client?.sizeLimits else { return }
        configure {
            $0.size = Size(
                width: max(limits.least.width, min(limits.most.width, size.width)),
                height: max(limits.least.height, min(limits.most.height, size.height))
            )
        }
    }

    /// It should have this size once, as far as it can, and fill no output.
    func ask(for size: Size) {
        if isFilling { fill { ($0.isMaximized, $0.isFullscreen) = (false, false) } }
        pulledEdges = [.right, .bottom]
        resize(to: size)
    }

    /// Nobody pulls any more.
    func endResizing() {
        configure { $0.isResizing = false }
        // Where the pointer left the edge, until the client has drawn: then the other edge is where it was.
        if let size = wanted.size { keepAnchored(as: size) }
    }

    /// Keeps the edges where they are that aren't pulled, for a size.
    private func keepAnchored(as size: Size) {
        var place = position
        if pulledEdges.contains(.left) { place.x = anchor.x - size.width }
        if pulledEdges.contains(.top) { place.y = anchor.y - size.height - titleBarHeight }
        manager.move(self, to: place)
    }

    /// The client has drawn.
    private func keepAnchored() {
        guard !pulledEdges.isEmpty else { return }
        keepAnchored(as: contentSize)
        // The client has done what it was asked for last.
        guard !wanted.isResizing, !accepted.isResizing, accepted.size == wanted.size else { return }
        pulledEdges = []
        // From now on the size is the client's own again.
        if !isFilling { wanted.size = nil }
    }

    // MARK: The title bar's parts

    /// When and where the title was pressed last, for what a second press soon after means.
    private var lastTitlePress: (time: UInt32, position: Position)?

    /// Milliseconds, and units of the scene's coordinates, between two presses that belong together.
    private static let doublePress: (time: UInt32, way: Double) = (400, 5)

    func pressed(_ part: FramePart, with button: PressedButton, at position: Position, time: UInt32)
        -> (any PointerGrab)?
    {
        let (corner, width) = (self.position, geometry.width)
        func part(at position: Position) -> TitleBar.Part? {
            let place = position.pixel.translated(by: corner.negated)
            let isInside = (0..<width).contains(place.x) && (0..<TitleBar.height).contains(place.y)
            return isInside ? titleBar.part(at: place, width: width) : nil
        }
        guard button != .other, let pressed = part(at: position) else { return nil }
        if button == .menu {
            manager.showMenu(for: self, at: position.pixel, account: account)
            return nil
        }
        switch pressed {
        case .button(let icon):
            return PartPress(isInside: { part(at: $0) == pressed }) { [weak self] isPressed in
                self?.titleBar.showPressed(isPressed ? icon : nil)
            } action: { [weak self] in
                if let self { manager.perform(WindowAction(icon), on: self) }
            }
        case .edge(let edges) where !isFilling: return ResizeGrab(self, edges, from: position)
        case .edge, .title: return titlePressed(at: position, time: time)
        }
    }

    /// Opens its menu at its corner.
    func showMenu() { manager.showMenu(for: self, at: contentOrigin, account: account) }

    /// Whether it fills an output.
    var isFilling: Bool { wanted.isFilling }

    /// Moves it, or maximises it, or puts it back, where the title is pressed twice.
    private func titlePressed(at position: Position, time: UInt32) -> (any PointerGrab)? {
        if let last = lastTitlePress, time &- last.time <= Self.doublePress.time,
            abs(last.position.x - position.x) <= Self.doublePress.way,
            abs(last.position.y - position.y) <= Self.doublePress.way
        {
            lastTitlePress = nil
            manager.perform(.toggleMaximized, on: self)
            return nil
        }
        lastTitlePress = (time, position)
        return isFilling ? nil : MoveGrab(self, manager, from: position)
    }

    // MARK: What is wanted of the client

    /// The one that it belongs to, and stays in front of.
    var parent: Window? { client?.parentWindow }

    /// Those that belong to it, without those that belong to them.
    var children: [Window] { client?.childWindows ?? [] }

    /// Brings it to the front, and makes it the active one.
    func activate() { manager.activate(self) }

    /// Puts its window geometry's top left corner at a place, in global coordinates.
    func moveGeometry(to place: Point) {
        let offset = position.translated(by: geometryOrigin.negated)
        manager.move(self, to: place.translated(by: offset))
    }

    /// Its client should close it.
    func close() { client?.close() }

    /// Whether its client has answered lately.
    var isAnswering: Bool { client?.isAnswering ?? true }

    /// Finds out whether its client answers.
    func checkAnswers() { client?.checkAnswers() }

    /// Whether its client has been asked for something that it hasn't shown yet.
    var isBehind: Bool { client?.isBehind ?? false }

    /// What stands on it isn't to be seen any more.
    func willHide() { client?.willHide() }

    // MARK: Life

    /// There is something to show, or something new.
    func didCommit() {
        if !isMapped { implicitOrigin = geometry.origin }
        isMapped = true
        keepAnchored()
        manager.didCommit(self)
        updateTitleBar()
    }

    /// There is nothing to show any more, and the window starts anew.
    func didUnmap() {
        isMapped = false
        pulledEdges = []
        wanted = Configuration(isDecorated: wanted.isDecorated)
        manager.didUnmap(self)
        number = manager.nextNumber()
        isMinimized = false
    }
}
