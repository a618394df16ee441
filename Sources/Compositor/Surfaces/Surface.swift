internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// A `wl_surface`: a rectangle of pixels, with double-buffered state.
///
/// Requests change ``pending``; a commit checks it, turns an attached buffer into content, and makes the result
/// ``current``, all or nothing: at once, with the parent's commit, or when the content can be drawn. What the surface
/// is for is its role's business, and where it is seen the scene's.
final class Surface: Drawable, WlSurface.Requests {
    let resource: WlSurface
    /// What has been asked for since the last commit.
    @safe @exclusivity(unchecked) var pending = PendingSurfaceState()
    /// What is shown.
    @safe @exclusivity(unchecked) private(set) var current = SurfaceState()
    /// How many commits have taken effect.
    @safe @exclusivity(unchecked) private(set) var appliedCommits: UInt64 = 0
    /// What was committed and waits for the parent's commit.
    @safe @exclusivity(unchecked) private(set) var held: SurfaceCommit? {
        didSet { if (held == nil) != (oldValue == nil) { holdingChanged() } }
    }
    /// Children whose commits wait for this surface's, or that have such children, in the order in which they began to.
    @safe @exclusivity(unchecked) private var holdingChildren = OrderedDictionary<ObjectIdentifier, Surface>()
    /// What was committed and waits for its content, oldest first.
    @safe @exclusivity(unchecked) private(set) var transactions: [Transaction] = []
    /// Set once, for life.
    private(set) var roleKind: SurfaceRoleKind?
    /// The object that stands for the role at the moment; let go when either of the two is destroyed.
    @safe @exclusivity(unchecked) private(set) var role: (any SurfaceRole)?
    /// Callbacks of commits that no frame has shown yet, oldest first.
    @safe @exclusivity(unchecked) private(set) var frameCallbacks: [WlCallback] = []
    /// The outputs that the client was told it is on.
    private(set) var outputs: [Output] = []
    /// Is called when its client destroys it, and can still be told of it.
    var onDestroy: (() -> Void)?
    /// Is called when ``outputs`` has changed.
    var onOutputsChange: (() -> Void)?
    /// Surfaces that are to be parts of this one, in no order; which are shown, and where, is part of the state.
    private(set) var children: [Subsurface] = []
    /// What it and its descendants show; nil until somebody asks, and after each change.
    var cachedTree: SurfaceTree?
    /// Kinds of extension objects that the surface has; of each there can be one.
    private var extensions: Set<ObjectIdentifier> = []
    private let scene: Scene
    private let scheduler: FrameScheduler
    private let account: ClientAccount
    /// Its number among the surfaces and buffers of its client.
    private var number: UInt64 = 0
    private let charge: Charge

    init(resource: WlSurface, scene: Scene, scheduler: FrameScheduler) throws(ProtocolError) {
        account = resource.client.account
        charge = try account.charge(of: .surfaces)
        self.resource = resource
        self.scene = scene
        self.scheduler = scheduler
        super.init()
        number = account.roster.add(self)
    }

    deinit { account.roster.remove(number) }

    /// The surface that a request names.
    static func of(_ resource: WlSurface) throws(ProtocolError) -> Surface {
        guard let surface = resource.handler as? Surface else {
            throw .invalidObject("wl_surface@\(resource.id) is gone")
        }
        return surface
    }

    /// What the next commit builds upon.
    var newest: SurfaceState { held?.state ?? lastQueued?.state ?? current }

    private var lastQueued: SurfaceCommit? { transactions.last?.commit(of: self) }

    /// Whether pixels were attached or committed already.
    var hasBuffer: Bool {
        if case .buffer = pending.attachment { return true }
        return newest.content != nil
    }

    override var whole: Drawable? { role?.parent }

    override var owner: AnyObject? { account.sharedAmongProcess }

    /// Whether a place inside, in surface coordinates, is the client's to handle.
    override func takesInput(at point: Point) -> Bool {
        roleKind != .cursor && (current.inputRegion?.region.contains(point) ?? true)
    }

    /// What it is a part of, if that can be put into a scene.
    var node: (any SceneNode)? { role?.node }

    // MARK: Role

    /// Lets `role` take part in the surface's commits.
    func attach(_ role: any SurfaceRole, otherwise error: (String) -> ProtocolError) throws(ProtocolError) {
        guard self.role == nil else {
            throw error("wl_surface@\(resource.id) has an object for its role already; destroy that first")
        }
        self.role = role
    }

    /// Says what the surface is for, from now on and for life.
    func setRoleKind(_ kind: SurfaceRoleKind, otherwise error: (String) -> ProtocolError) throws(ProtocolError) {
        if let roleKind, roleKind != kind {
            throw error("wl_surface@\(resource.id) is a \(roleKind.rawValue) already, and stays one for life")
        }
        roleKind = kind
    }

    /// Another object stands for the role from now on.
    func exchangeRole(for role: any SurfaceRole) { self.role = role }

    /// The role's object is gone; the role stays.
    func detachRole() {
        role = nil
    }

    func addChild(_ child: Subsurface) {
        children.append(child)
        child.surface?.holdingChanged()
    }

    func removeChild(_ child: Subsurface) {
        children.removeAll { $0 === child }
        guard let surface = child.surface, !holdingChildren.isEmpty else { return }
        holdingChildren[ObjectIdentifier(surface)] = nil
        holdingChanged()
    }

    /// Something begins or ends to wait, here or below: the parent is to know where, so that no commit looks for it.
    private func holdingChanged() {
        guard let parent = role?.parent else { return }
        let isHolding = held != nil || !holdingChildren.isEmpty
        guard isHolding != (parent.holdingChildren[ObjectIdentifier(self)] != nil) else { return }
        parent.holdingChildren[ObjectIdentifier(self)] = isHolding ? self : nil
        parent.holdingChanged()
    }

    // MARK: Extensions

    /// Notes that the surface has an extension object of a kind, whose interface is called `name`; `code` is the error
    /// where it has one already.
    func claim(_ kind: AnyObject.Type, _ name: String, otherwise code: some WireError) throws(ProtocolError) {
        guard extensions.insert(ObjectIdentifier(kind)).inserted else {
            throw ProtocolError(code, "wl_surface@\(resource.id) has a \(name) already")
        }
    }

    /// The extension object is gone.
    func giveUp(_ kind: AnyObject.Type) { extensions.remove(ObjectIdentifier(kind)) }

    // MARK: Requests

    func destroy(_ resource: WlSurface) throws(ProtocolError) {
        if let role, !role.mayOutliveSurface {
            // wl_surface.defunct_role_object, which newer descriptions name than this system has.
            throw ProtocolError(
                WlSurface.Error(rawValue: 4),
                "wl_surface@\(resource.id) was destroyed before the object of its role "
                    + "(\(roleKind?.rawValue ?? "xdg_surface"))"
            )
        }
        onDestroy?()
        onDestroy = nil
    }

    func destroyed(_ resource: WlSurface) {
        onDestroy = nil
        treeChanged()
        role?.surfaceDestroyed(self)
        role = nil
        for child in children { child.parentDestroyed() }
        children = []
        holdingChildren = OrderedDictionary()
        scheduler.remove(self)
        for output in outputs { output.left(resource) }
        outputs = []
        pending.parts.wasSuperseded()
        held?.state.parts.wasSuperseded()
        current.parts.wasSuperseded()
        pending = PendingSurfaceState()
        held = nil
        current = SurfaceState()
        appearance = current.appearance
        appliedCommits += 1
        frameCallbacks = []
        let waiting = transactions
        transactions = []
        for transaction in waiting {
            transaction.commit(of: self)?.state.parts.wasSuperseded()
            transaction.remove(self)
        }
    }

    func attach(_ resource: WlSurface, buffer: WlBuffer?, x: Int32, y: Int32) throws(ProtocolError) {
        if resource.version >= 5 {
            guard x == 0, y == 0 else {
                throw ProtocolError(
                    WlSurface.Error.invalidOffset,
                    "attach takes no offset (\(x), \(y)) since version 5; use wl_surface.offset"
                )
            }
        } else {
            pending.offset = Point(x: Int(x), y: Int(y))
        }
        guard let buffer else {
            pending.attachment = .removed
            return
        }
        guard let clientBuffer = buffer.handler as? ClientBuffer else {
            throw .invalidObject("wl_buffer@\(buffer.id) has no content")
        }
        try role?.willAttach(self)
        pending.attachment = .buffer(clientBuffer)
    }

    func damage(
        _ resource: WlSurface,
        x: Int32,
        y: Int32,
        width: Int32,
        height: Int32
    ) throws(ProtocolError) {
        pending.surfaceDamage.add(x: x, y: y, width: width, height: height, limit: account.limits.damageRectangles)
    }

    func damageBuffer(
        _ resource: WlSurface,
        x: Int32,
        y: Int32,
        width: Int32,
        height: Int32
    ) throws(ProtocolError) {
        pending.bufferDamage.add(x: x, y: y, width: width, height: height, limit: account.limits.damageRectangles)
    }

    func frame(_ resource: WlSurface, callback: WlCallback) throws(ProtocolError) {
        let queued = transactions.reduce(0) { $0 + ($1.commit(of: self)?.frameCallbacks.count ?? 0) }
        let waiting = frameCallbacks.count + (held?.frameCallbacks.count ?? 0) + queued
        // A covered window is rarely shown, and its client may still ask with each commit.
        if pending.frameCallbacks.count + waiting >= account.limits.frameCallbacks {
            takeOldestFrameCallback()?.finishWithDone(callbackData: scheduler.time)
        }
        pending.frameCallbacks.append(callback)
    }

    /// Takes out the callback that was asked for before all others that wait.
    private func takeOldestFrameCallback() -> WlCallback? {
        if !frameCallbacks.isEmpty { return frameCallbacks.removeFirst() }
        for transaction in transactions where transaction.commit(of: self)?.frameCallbacks.isEmpty == false {
            var oldest: WlCallback?
            transaction.changeCommit(of: self) { oldest = $0.frameCallbacks.removeFirst() }
            return oldest
        }
        if held?.frameCallbacks.isEmpty == false { return held?.frameCallbacks.removeFirst() }
        return pending.frameCallbacks.isEmpty ? nil : pending.frameCallbacks.removeFirst()
    }

    func setOpaqueRegion(_ resource: WlSurface, region: WlRegion?) throws(ProtocolError) {
        pending.opaqueRegion = .some(try (region?.handler as? RegionObject)?.take())
    }

    func setInputRegion(_ resource: WlSurface, region: WlRegion?) throws(ProtocolError) {
        pending.inputRegion = .some(try (region?.handler as? RegionObject)?.take())
    }

    func setBufferTransform(_ resource: WlSurface, transform: WlOutput.Transform) throws(ProtocolError) {
        guard let orientation = Orientation(rawValue: transform.rawValue) else {
            throw ProtocolError(
                WlSurface.Error.invalidTransform,
                "\(Int32(bitPattern: transform.rawValue)) is no wl_output.transform; those go from 0 to 7"
            )
        }
        pending.orientation = orientation
    }

    func setBufferScale(_ resource: WlSurface, scale: Int32) throws(ProtocolError) {
        guard scale > 0 else {
            throw ProtocolError(WlSurface.Error.invalidScale, "a buffer's scale is 1 or more, not \(scale)")
        }
        pending.scale = Int(scale)
    }

    func offset(_ resource: WlSurface, x: Int32, y: Int32) throws(ProtocolError) {
        pending.offset = Point(x: Int(x), y: Int(y))
    }

    func commit(_ resource: WlSurface) throws(ProtocolError) {
        try role?.willCommit(self)
        guard transactions.count < account.limits.waitingCommits else {
            throw .noMemory(
                "\(account.limits.waitingCommits) commits of wl_surface@\(resource.id) wait for their buffers already; "
                    + "wait for frame callbacks before drawing on"
            )
        }
        let waits = role?.holdsCommits ?? false
        if isEmptyCommit, !waits { return applyNothing() }
        let commit = try makeCommit()
        if waits { held = commit } else { try submit(commit) }
    }

    // MARK: Commit

    /// Whether a commit would change nothing, of this surface or another, and nobody waits for it.
    private var isEmptyCommit: Bool {
        pending.isEmpty && held == nil && transactions.isEmpty && !waitsForFrame
            && holdingChildren.isEmpty
    }

    private func applyNothing() {
        appliedCommits += 1
        role?.didCommit(self)
    }

    /// What a commit did to how the surface looks.
    struct Change {
        /// What looks different, in surface coordinates.
        var damage: Region
        /// Whether the surface covers or uncovers something else than before.
        var isReshaped: Bool
        /// Whether other surfaces are its parts than before, or are elsewhere.
        var isRearranged = false
        /// How far the content's corner moves, in surface coordinates.
        var offset = Point(x: 0, y: 0)
    }

    /// Makes a commit of the pending state, on top of one that is held or of the current state.
    private func makeCommit() throws(ProtocolError) -> SurfaceCommit {
        let newer = pending
        pending = PendingSurfaceState()
        held?.state.parts.wasSuperseded()
        var result = held ?? SurfaceCommit(state: lastQueued?.state ?? current)
        held = nil
        let previous = result.state.content
        result.state.apply(newer)
        if newer.parts.changeShape { result.isReshaped = true }
        if newer.parts.changeTree { result.isRearranged = true }
        result.offset = result.offset.translated(by: newer.offset)
        if result.offset != Point(x: 0, y: 0) { result.isReshaped = true }
        switch newer.attachment {
        case .unchanged:
            // Damage without a new buffer: the client has drawn into the one that is shown.
            if let size = previous?.size {
                let changesSize = newer.scale != nil || newer.orientation != nil || newer.parts.changeShape
                if changesSize { try result.state.checkSize(size, of: self) }
                result.damage.formUnion(newer.bufferDamage(on: size, in: result.state))
            }
        case .removed:
            result.state.content = nil
        case .buffer(let buffer):
            try result.state.checkSize(buffer.size, of: self)
            let damage = newer.bufferDamage(on: buffer.size, in: result.state)
            let content = try buffer.content(after: previous, damage: damage)
            content.bufferNumber = buffer.number
            result.state.content = content
            result.damage.formUnion(damage)
            account.frames += 1
        }
        // Commits that are held for the parent's add up.
        if result.damage.rectangleCount > account.limits.damageRectangles {
            result.damage = Region(result.damage.bounds)
        }
        try result.state.parts.check(result.state)
        if !newer.frameCallbacks.isEmpty { result.frameCallbacks += newer.frameCallbacks }
        return result
    }

    /// Lets what was held take effect, as it has no parent's commit to wait for any more.
    func submitHeld() {
        guard let held else { return }
        self.held = nil
        do throws(ProtocolError) { try submit(held) } catch { account.end(with: error) }
    }

    /// Lets a commit take effect, together with those that were held for it.
    private func submit(_ commit: SurfaceCommit) throws(ProtocolError) {
        let isReady = transactions.isEmpty && commit.state.content?.isReady ?? true
        if isReady, holdingChildren.isEmpty {
            didApply(apply(commit))
        } else {
            var commits: [(surface: Surface, commit: SurfaceCommit)] = []
            collect(commit, into: &commits)
            try Transaction(commits).submit(account)
        }
    }

    private func collect(_ commit: SurfaceCommit, into commits: inout [(surface: Surface, commit: SurfaceCommit)]) {
        commits.append((self, commit))
        if holdingChildren.isEmpty { return }
        let stack = commit.state[SubsurfaceStack.self]
        for child in holdingChildren.values {
            // Those that join with a later commit wait for that.
            guard let held = child.held, let subsurface = child.role as? Subsurface, stack.contains(subsurface) else {
                continue
            }
            child.held = nil
            child.collect(held, into: &commits)
        }
    }

    func enqueue(_ transaction: Transaction) { transactions.append(transaction) }

    func dequeue(_ transaction: Transaction) { transactions.removeAll { $0 === transaction } }

    /// Makes a commit's state the current one. ``didApply(_:)`` is to follow when that is done for all that belong
    /// together.
    func apply(_ commit: SurfaceCommit) -> Change {
        let old = current
        old.parts.wasSuperseded()
        current = commit.state
        appearance = current.appearance
        appliedCommits += 1
        if !commit.frameCallbacks.isEmpty { frameCallbacks += commit.frameCallbacks }
        let isReshaped = commit.isReshaped || current.hasOtherShape(than: old)
        if isReshaped || commit.isRearranged { treeChanged() }
        return Change(
            damage: current.surfaceDamage(from: commit.damage),
            isReshaped: isReshaped,
            isRearranged: commit.isRearranged,
            offset: commit.offset
        )
    }

    /// Tells those concerned that a commit has taken effect.
    func didApply(_ change: Change) {
        if change.offset != Point(x: 0, y: 0) { role?.contentMoved(by: change.offset) }
        role?.didCommit(self)
        didChange(change)
    }

    private func didChange(_ change: Change) {
        if change.isReshaped {
            if let node { scene.redraw(self, of: node) }
        } else {
            // What of its parts moves is found out when it is laid out.
            if change.isRearranged, let node { scene.setNeedsLayout(node) }
            addDamage(change.damage)
        }
        if waitsForFrame { scheduler.awaitFrame(self) }
    }

    /// It looks different in a part of it, in surface coordinates.
    private func addDamage(_ damage: Region) {
        if damage.isEmpty { return }
        // Where pixels aren't shown as squares, those around the ones that have changed look different too.
        let isSmooth = outputs.contains { $0.view.scale.in120ths % (120 * current.scale) != 0 }
        scene.addDamage(isSmooth ? damage.grown(by: 1) : damage, of: self)
    }

    /// Changes a part of the state in whatever was asked for, committed or shown so far, at once.
    func changeEverywhere<Part: SurfaceStatePart>(_ part: Part.Type, _ change: (inout Part) -> Void) {
        change(&pending[part])
        if held != nil { change(&held!.state.parts[part]) }
        for transaction in transactions { transaction.changeCommit(of: self) { change(&$0.state.parts[part]) } }
        change(&current.parts[part])
        appearance = current.appearance
        treeChanged()
        didChange(Change(damage: Region(), isReshaped: Part.changesShape, isRearranged: Part.changesTree))
    }

    // MARK: Frames and outputs

    /// Whether the client wants to hear of the next frame that shows the surface.
    var waitsForFrame: Bool { !frameCallbacks.isEmpty || current[PresentationFeedback.self].isWanted }

    /// Takes out who wants to hear when the last commit was shown; nil where nobody does.
    func takeFeedback() -> AwaitedFeedback? {
        guard current[PresentationFeedback.self].isWanted else { return nil }
        return AwaitedFeedback(
            objects: current.parts[PresentationFeedback.self].take(),
            client: resource.client,
            surface: self,
            commit: appliedCommits
        )
    }

    /// They wait on; see ``AwaitedFeedback/giveBack()``.
    func giveBack(_ feedback: AwaitedFeedback) {
        current.parts[PresentationFeedback.self].giveBack(feedback.objects)
        scheduler.awaitFrame(self)
    }

    /// Tells the client that now is a good time to draw the next frame. `time` is in milliseconds.
    func sendFrameCallbacks(time: UInt32) {
        let callbacks = frameCallbacks
        frameCallbacks = []
        for callback in callbacks { callback.finishWithDone(callbackData: time) }
    }

    /// Where ``SurfacePresence`` has noted it; nil while it isn't in the scene.
    var presence: SurfacePresence.Note?

    /// Tells the client which outputs the surface is on: those of `all` that show something of `bounds`.
    func setOutputs(_ all: [Output], showing bounds: Rectangle) {
        var known = outputs[...]
        let isSame = all.allSatisfy { output in
            if output.bounds.intersection(bounds).isEmpty { return true }
            return known.popFirst() === output
        }
        if isSame, known.isEmpty { return }
        setOutputs(all.filter { !$0.bounds.intersection(bounds).isEmpty })
    }

    /// Tells the client which outputs the surface is on.
    func setOutputs(_ new: [Output]) {
        if new.elementsEqual(outputs, by: ===) { return }
        for output in outputs where !new.contains(where: { $0 === output }) { output.left(resource) }
        for output in new where !outputs.contains(where: { $0 === output }) { output.entered(resource) }
        outputs = new
        onOutputsChange?()
    }
}
