internal import Pixels

/// Where windows go, and which one is in front.
///
/// A new window goes where it covers least of the others, in front of them, and is the active one until the next
/// appears, or somebody presses something on another.
final class WindowManager {
    private let scene: Scene
    private let layout: OutputLayout
    /// For titles.
    let fonts = Fonts()
    /// For title bars' buttons.
    let icons = FrameIcons()
    /// Those that are shown, the active one last.
    private(set) var windows: [Window] = []
    /// Those that are put away, the last one last.
    private(set) var minimized: [Window] = []
    /// Is called when a client is about to destroy one that is shown, or to empty it; it is as it was.
    var willTakeAway: () -> Void = {}
    /// Is called when one isn't shown any more.
    var onHide: (Window) -> Void = { _ in }
    /// Is called when another one is active.
    var onActiveChange: () -> Void = {}

    /// Is called when something about windows may be different.
    var noteChange: () -> Void = {}

    init(scene: Scene, layout: OutputLayout) {
        self.scene = scene
        self.layout = layout
    }

    private var lastNumber: UInt64 = 0

    /// A number that no window has had.
    func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// What a window can fill, in global coordinates: the output that it chose, or the one that shows most of it.
    func bounds(for window: Window) -> Rectangle? {
        if let chosen = window.chosenOutput, layout.contains(chosen) { return chosen.bounds }
        guard window.isMapped, window.wasPlaced else { return layout.primary?.bounds }
        let frame = window.frame
        return layout.outputs.map(\.bounds).max { $0.intersection(frame).area < $1.intersection(frame).area }
    }

    /// An output came, went or moved: windows that none shows any more go where new ones would.
    func outputsChanged() {
        var count = 0
        for window in windows {
            if !isSeen(window) {
                // A place for each of many isn't worth its time: they are one in front of the other then.
                let isOneOfFew = count < WindowPlacement.windowLimit
                move(
                    window,
                    to: isOneOfFew ? freePosition(for: window) : layout.primary?.bounds.origin ?? window.position
                )
                count += 1
            }
            window.outputsChanged()
        }
        for window in minimized { window.outputsChanged() }
    }

    /// Whether an output shows some of a window.
    private func isSeen(_ window: Window) -> Bool {
        layout.outputs.contains { !$0.bounds.intersection(window.frame).isEmpty }
    }

    /// How far from 0,0 windows go: all that can be seen of one lies where regions reach.
    private static let reach = 1 << 29

    /// Moves a window's frame to a place, in global coordinates.
    func move(_ window: Window, to place: Point) {
        func clamp(_ value: Int) -> Int { max(-Self.reach, min(Self.reach, value)) }
        let position = Point(x: clamp(place.x), y: clamp(place.y))
        guard position != window.position else { return }
        window.place(at: position)
        scene.setNeedsLayout(window)
    }

    /// Pixels for each unit of the scene's coordinates that the compositor's own drawings should have.
    var scale: Scale { layout.largestScale }

    /// Something that the compositor draws looks different.
    func redraw(_ drawables: [Drawable], of node: any SceneNode) {
        for drawable in drawables { scene.redraw(drawable, of: node) }
    }

    /// The one that hears of keys.
    var active: Window? { windows.last }

    /// Somebody pressed something on a window, or on what stands on one.
    func pressed(_ node: any SceneNode) {
        var node = node
        while let base = node.base { node = base }
        guard let window = node as? Window else { return }
        activate(window)
        window.checkAnswers()
    }

    /// Does what somebody wants to be done with a window.
    func perform(_ action: WindowAction, on window: Window) {
        switch action {
        case .minimize: minimize(window)
        case .toggleMaximized: window.fill { $0.isMaximized.toggle() }
        case .toggleFullscreen: window.fill { $0.isFullscreen.toggle() }
        case .close: window.close()
        }
    }

    // MARK: The menu

    /// What can be done with a window, while somebody chooses.
    private(set) var menu: WindowMenu?
    /// Is called when there is one, or it is closed.
    var onMenuChange: (WindowMenu, _ isOpen: Bool) -> Void = { _, _ in }

    /// Opens a window's menu near a place in global coordinates; drawn for a client.
    func showMenu(for window: Window, at place: Point, account: ClientAccount) {
        closeMenu()
        guard window.isShown, let bounds = bounds(for: window) else { return }
        let corner = WindowPlacement.position(for: WindowMenu.size, near: place, in: bounds)
        let new = WindowMenu(for: window, at: corner, from: place, manager: self, account: account)
        menu = new
        scene.insert(new)
        onMenuChange(new, true)
    }

    /// Closes it, if there is one.
    func closeMenu() {
        guard let old = menu else { return }
        menu = nil
        scene.remove(old)
        onMenuChange(old, false)
    }

    /// A client answers no longer, or again.
    func answersChanged() {
        noteChange()
        for window in windows { window.updateTitleBar() }
    }

    /// A window has committed, or its frame changed.
    func didCommit(_ window: Window) {
        noteChange()
        guard window.isShown else { return }
        if !windows.contains(where: { $0 === window }) {
            map(window)
        } else if let position = fixedPosition(of: window) {
            if window.floatingPosition == nil { window.floatingPosition = window.frame.origin }
            move(window, to: position)
        } else if let position = window.floatingPosition {
            window.floatingPosition = nil
            move(window, to: position)
            if !isSeen(window) { move(window, to: freePosition(for: window)) }
        }
    }

    /// A window shows nothing any more.
    func didUnmap(_ window: Window) {
        minimized.removeAll { $0 === window }
        hide(window)
    }

    /// Puts a window away; making it the active one brings it back.
    func minimize(_ window: Window) {
        guard window.isShown else { return }
        window.willHide()
        window.isMinimized = true
        minimized.append(window)
        hide(window)
        window.configure {
            $0.isActivated = false
            $0.isSuspended = true
        }
    }

    private func hide(_ window: Window) {
        noteChange()
        if menu?.window === window { closeMenu() }
        scene.remove(window)
        windows.removeAll { $0 === window }
        onHide(window)
        windows.last?.configure { $0.isActivated = true }
        onActiveChange()
    }

    /// Makes another window the active one: the one that was so longest ago, or the one that was so before.
    func activateNext(backwards: Bool) {
        // Going on leads to all of them, and going backwards back.
        noteChange()
        guard backwards else {
            if let next = minimized.first ?? windows.first { activate(next) }
            return
        }
        guard windows.count > 1, let active else { return }
        activate(windows[windows.count - 2])
        windows.removeAll { $0 === active }
        windows.insert(active, at: 0)
    }

    /// Brings a window to the front, and makes it the active one.
    func activate(_ window: Window) {
        guard window.isMapped, window !== windows.last else { return }
        noteChange()
        windows.last?.configure { $0.isActivated = false }
        if window.isMinimized {
            window.isMinimized = false
            minimized.removeAll { $0 === window }
            scene.insert(window)
        } else {
            windows.removeAll { $0 === window }
        }
        windows.append(window)
        raise(window)
        window.configure {
            $0.isActivated = true
            $0.isSuspended = false
        }
        onActiveChange()
    }

    /// Brings a window to the front, and those that belong to it in front of it.
    private func raise(_ window: Window) {
        var family: Set<ObjectIdentifier> = []
        var next = window.children
        while let child = next.popLast() {
            family.insert(ObjectIdentifier(child))
            next += child.children
        }
        // In the order in which they are: each is in front of its parent already.
        scene.raise([window] + (family.isEmpty ? [] : scene.nodes.filter { family.contains(ObjectIdentifier($0)) }))
    }

    /// A window belongs to another one from now on, or to none.
    func parentChanged(of window: Window) {
        if let parent = window.parent, window.isShown, parent.isShown, scene.isBehind(window, parent) { raise(window) }
    }

    private func map(_ window: Window) {
        // One that was shown before comes back to where it was.
        window.place(at: fixedPosition(of: window) ?? (window.wasPlaced ? window.position : freePosition(for: window)))
        windows.last?.configure { $0.isActivated = false }
        windows.append(window)
        scene.insert(window)
        window.configure { $0.isActivated = true }
        onActiveChange()
    }

    /// Where a window that fills the output is.
    private func fixedPosition(of window: Window) -> Point? {
        window.accepted.isFilling ? bounds(for: window)?.origin : nil
    }

    /// Where a new window goes: on the first output that has room for all of it beside the others, or else the first.
    /// One that belongs to another is in the middle of that.
    private func freePosition(for window: Window) -> Point {
        if let parent = window.parent, parent.isShown, let bounds = bounds(for: parent) {
            return WindowPlacement.position(for: window.frame.size, over: parent.frame, in: bounds)
        }
        let others = windows.suffix(WindowPlacement.windowLimit).filter { $0 !== window }.map(\.frame)
        let size = window.frame.size
        let places = layout.outputs.map { WindowPlacement.position(for: size, in: $0.bounds, beside: others) }
        let free = zip(layout.outputs, places).first { output, place in
            let frame = Rectangle(origin: place, size: size)
            return frame.intersection(output.bounds) == frame && others.allSatisfy { $0.intersection(frame).isEmpty }
        }
        return free?.1 ?? places.first ?? Point(x: 0, y: 0)
    }
}
