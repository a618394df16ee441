@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// Surfaces that are parts of others: when their commits take effect, where they are, and how they end.
@Suite(.serialized) struct SubsurfaceTests {
    /// A surface with a role, and what it draws with.
    final class Child {
        private var count = 0
        let surface: WlSurface
        let subsurface: WlSubsurface
        let pool: TestPool
        let client: TestClient

        init(_ client: TestClient, of parent: WlSurface, at x: Int32 = 0, _ y: Int32 = 0, desync: Bool = false) {
            self.client = client
            surface = client.compositor.createSurface()
            subsurface = client.subcompositor.getSubsurface(surface: surface, parent: parent)
            subsurface.setPosition(x: x, y: y)
            if desync { subsurface.setDesync() }
            pool = TestPool(client, size: 40_000)
        }

        func show(_ color: UInt32, _ width: Int = 10, _ height: Int = 10) {
            // Each buffer has memory of its own, as the last one is being shown.
            count += 1
            surface.attach(buffer: pool.buffer(width, height, color: color, at: count % 8 * 5_000), x: 0, y: 0)
            surface.damageBuffer(x: 0, y: 0, width: .max, height: .max)
            surface.commit()
        }
    }

    let fixture = Fixture()
    let client: TestClient
    let window: TestWindow
    let pool: TestPool

    init() {
        client = fixture.connect()
        window = TestWindow(client)
        pool = TestPool(client, size: 40_000)
        window.show(pool.buffer(50, 50, color: 0x11_1111))
        window.moveToCorner()
        fixture.nextFrame()
    }

    /// The colours along y = 5, every ten pixels.
    private func row() -> [UInt32] {
        fixture.nextFrame()
        return (0..<6).map { fixture.pixel($0 * 10 + 5, 5) }
    }

    private let background: UInt32 = 0x2e3440
    private let gray: UInt32 = 0x11_1111
    private let red: UInt32 = 0xff_0000
    private let green: UInt32 = 0x00_ff00
    private let blue: UInt32 = 0x00_00ff

    // MARK: How much

    /// What covers its parent is a part of it: clients that draw into children ask for frames on either.
    @Test func aParentThatItsChildrenCoverGoesOn() {
        let child = Child(client, of: window.surface, desync: true)
        child.show(red, 50, 50)
        window.surface.commit()
        fixture.nextFrame()
        for _ in 0..<3 {
            var isDone = false
            window.surface.frame().onDone = { _ in isDone = true }
            window.surface.commit()
            client.roundTrip()
            fixture.nextFrame()
            client.roundTrip()
            #expect(isDone)
        }
    }

    /// Layers as large as the output, each of which has to be blended: the frontmost are shown, in each frame, and
    /// others' windows between them.
    @Test func whatIsTooMuchIsLeftOut() {
        let size = fixture.output.bounds.size
        let pixel = client.bind(WpSinglePixelBufferManagerV1.self)
            .createU32RgbaBuffer(r: 0, g: 0, b: 0, a: 0x8000_0000)
        let layers = (0..<200).map { _ in
            let layer = Child(client, of: window.surface, desync: true)
            client.viewporter.getViewport(surface: layer.surface)
                .setDestination(width: Int32(size.width), height: Int32(size.height))
            layer.surface.attach(buffer: pixel, x: 0, y: 0)
            layer.surface.commit()
            return layer
        }
        let front = Child(client, of: window.surface, at: 10, 0, desync: true)
        front.show(red)
        window.surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        #expect(fixture.pixel(15, 5) == red)
        let shown = fixture.compositor.scene.items(drawnFor: fixture.output).count
        #expect((10..<100).contains(shown), "\(shown) items")
        // The client's own go on once a second, but for those that are seen; everybody else's do as ever.
        var heard: [Int] = []
        for (index, layer) in layers.enumerated() {
            layer.surface.frame().onDone = { _ in heard.append(index) }
            layer.surface.commit()
        }
        client.roundTrip()
        let other = fixture.connect()
        let neighbor = TestWindow(other)
        neighbor.show(TestPool(other, size: 40_000).buffer(50, 50, color: blue))
        neighbor.moveToCorner()
        var isDone = false
        neighbor.surface.frame().onDone = { _ in isDone = true }
        neighbor.surface.commit()
        other.roundTrip()
        fixture.nextFrame()
        other.roundTrip()
        client.roundTrip()
        #expect(isDone && fixture.pixel(15, 5) == blue)
        #expect(heard == Array(200 - heard.count..<200) && (20..<60).contains(heard.count), "\(heard)")
        // What was drawn in part is as what is drawn anew.
        let picture = fixture.picture()
        fixture.compositor.scene.viewerChanged(fixture.output)
        fixture.nextFrame()
        #expect(fixture.picture() == picture)
        // The frontmost go, and those behind come back all over.
        for layer in layers.suffix(195) { layer.surface.attach(buffer: nil, x: 0, y: 0) }
        for layer in layers.suffix(195) { layer.surface.commit() }
        client.roundTrip()
        fixture.nextFrame()
        let partial = fixture.picture()
        fixture.compositor.scene.viewerChanged(fixture.output)
        fixture.nextFrame()
        #expect(fixture.picture() == partial && partial != picture)
        withExtendedLifetime(layers) {}
    }

    /// A child that waits for nobody any more isn't kept waiting.
    @Test func whatWasHeldIsShownWhenTheParentIsGone() {
        let child = Child(client, of: window.surface)
        let grandchild = Child(client, of: child.surface, desync: true)
        var isDone = false
        grandchild.surface.frame().onDone = { _ in isDone = true }
        grandchild.show(red)
        client.roundTrip()
        child.subsurface.destroy()
        child.surface.destroy()
        client.roundTrip()
        for _ in 0..<60 {
            fixture.nextFrame()
            client.roundTrip()
        }
        #expect(isDone)
        withExtendedLifetime(grandchild) {}
    }

    // MARK: When

    @Test func aSynchronisedChildWaitsForItsParent() {
        let child = Child(client, of: window.surface, at: 10, 0)
        child.show(red)
        #expect(row() == [gray, gray, gray, gray, gray, background])
        window.surface.commit()
        #expect(row() == [gray, red, gray, gray, gray, background])
        child.show(green)
        child.subsurface.setPosition(x: 20, y: 0)
        #expect(row()[1] == red)
        window.surface.commit()
        #expect(row() == [gray, gray, green, gray, gray, background])
    }

    @Test func adesynchronisedChildDoesNot() {
        let child = Child(client, of: window.surface, at: 10, 0, desync: true)
        child.show(red)
        window.surface.commit()
        #expect(row()[1] == red)
        child.show(green)
        #expect(row()[1] == green)
    }

    @Test func aChildOfASynchronisedChildWaitsTooWhateverItsMode() {
        let child = Child(client, of: window.surface, at: 10, 0)
        let grandchild = Child(client, of: child.surface, at: 10, 0, desync: true)
        grandchild.show(blue)
        child.show(red)
        #expect(row()[1] == gray)
        window.surface.commit()
        #expect(row() == [gray, red, blue, gray, gray, background])
        grandchild.show(green)
        #expect(row()[2] == blue)
        child.surface.commit()
        #expect(row()[2] == blue)
        window.surface.commit()
        #expect(row()[2] == green)
    }

    @Test func lettingGoShowsWhatWaited() {
        let child = Child(client, of: window.surface, at: 10, 0)
        let grandchild = Child(client, of: child.surface, at: 10, 0, desync: true)
        grandchild.show(blue)
        child.show(red)
        window.surface.commit()
        child.show(green)
        grandchild.show(green)
        #expect(row() == [gray, red, blue, gray, gray, background])
        child.subsurface.setDesync()
        #expect(row() == [gray, green, green, gray, gray, background])
    }

    @Test func commitsThatWaitAddUp() {
        let child = Child(client, of: window.surface, at: 10, 0)
        child.show(red, 10, 10)
        child.show(green, 20, 10)
        child.surface.attach(buffer: nil, x: 0, y: 0)
        child.surface.commit()
        child.show(blue, 30, 10)
        window.surface.commit()
        #expect(row() == [gray, blue, blue, blue, gray, background])
    }

    @Test func framesOfAWaitingCommitComeWithTheParents() {
        let child = Child(client, of: window.surface, at: 10, 0)
        var frames = 0
        child.surface.frame().onDone = { _ in frames += 1 }
        child.show(red)
        fixture.nextFrame()
        #expect(frames == 0)
        window.surface.commit()
        fixture.nextFrame()
        #expect(frames == 1)
    }

    @Test func copiedPixelsStayAsTheyAreWhileACommitWaits() throws {
        let fixture = Fixture { $0.shmPolicy = .copy }
        let client = fixture.connect()
        let window = TestWindow(client)
        window.show(TestPool(client, size: 400).buffer(10, 10, color: gray))
        window.moveToCorner()
        let file = TestFile.memfd(400, allowSealing: false)
        TestFile.write(Array(repeating: red, count: 100), to: file)
        let buffer = client.shm.createPool(fd: file, size: 400)
            .createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
        let child = Child(client, of: window.surface)
        func commit() {
            child.surface.attach(buffer: buffer, x: 0, y: 0)
            child.surface.damageBuffer(x: 0, y: 0, width: 10, height: 5)
            child.surface.commit()
        }
        commit()
        window.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 2) == red && fixture.pixel(5, 7) == red)
        TestFile.write(Array(repeating: green, count: 100), to: file)
        commit()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 2) == red)
        // What was read when it was committed, not what is there later.
        TestFile.write(Array(repeating: blue, count: 100), to: file)
        window.surface.damageBuffer(x: 0, y: 0, width: 10, height: 10)
        window.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 2) == green)
    }

    // MARK: Where

    @Test func childrenAreStackedAsTheyAreAsked() {
        let first = Child(client, of: window.surface, at: 10, 0)
        let second = Child(client, of: window.surface, at: 20, 0)
        first.show(red, 20, 10)
        second.show(green, 20, 10)
        window.surface.commit()
        #expect(row() == [gray, red, green, green, gray, background])
        first.subsurface.placeAbove(sibling: second.surface)
        #expect(row() == [gray, red, green, green, gray, background], "it waits for the parent")
        window.surface.commit()
        #expect(row() == [gray, red, red, green, gray, background])
        first.subsurface.placeBelow(sibling: window.surface)
        window.surface.commit()
        #expect(row() == [gray, gray, green, green, gray, background])
        first.subsurface.setPosition(x: 40, y: 0)
        window.surface.commit()
        #expect(row() == [gray, gray, green, green, gray, red], "it shows beside its parent")
        second.subsurface.placeBelow(sibling: first.surface)
        window.surface.commit()
        #expect(row() == [gray, gray, gray, gray, gray, red])
        second.subsurface.placeAbove(sibling: window.surface)
        window.surface.commit()
        #expect(row() == [gray, gray, green, green, gray, red])
    }

    @Test func aWindowIsAsLargeAsItsParts() {
        let child = Child(client, of: window.surface, at: 40, -10)
        child.show(red, 30, 20)
        window.surface.commit()
        fixture.nextFrame()
        let toplevel = fixture.compositor.scene.nodes[0] as! Window
        #expect(toplevel.frame.size.width == 70 && toplevel.frame.size.height == 60)
    }

    @Test func nothingIsShownWithoutItsParent() {
        let child = Child(client, of: window.surface, at: 10, 0, desync: true)
        let grandchild = Child(client, of: child.surface, at: 10, 0, desync: true)
        grandchild.show(blue)
        window.surface.commit()
        #expect(row()[2] == gray, "its parent shows nothing")
        child.show(red)
        child.surface.commit()
        #expect(row() == [gray, red, blue, gray, gray, background])
        child.surface.attach(buffer: nil, x: 0, y: 0)
        child.surface.commit()
        #expect(row() == [gray, gray, gray, gray, gray, background])
    }

    @Test func movingDamagesBothPlaces() {
        let child = Child(client, of: window.surface, at: 60, 0, desync: true)
        child.show(red)
        window.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(65, 5) == red)
        child.subsurface.setPosition(x: 80, y: 20)
        window.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(65, 5) == background && fixture.pixel(85, 25) == red)
    }

    /// Of what stays where it is nothing is drawn, the parent with which the place is committed neither.
    @Test func movingDamagesNothingElse() {
        let child = Child(client, of: window.surface, at: 0, 0)
        child.show(red)
        window.surface.commit()
        fixture.nextFrame()
        let reader = fixture.connect()
        let session = reader.bind(SignetSealedFrameManagerV1.self).createSession(output: reader.output)
        let first = ReaderFrame(session)
        reader.roundTrip()
        #expect(first.isReady)
        child.subsurface.setPosition(x: 30, y: 20)
        window.surface.commit()
        fixture.nextFrame()
        let second = ReaderFrame(session)
        reader.roundTrip()
        let (old, new) = (Rectangle(x: 0, y: 0, width: 10, height: 10), Rectangle(x: 30, y: 20, width: 10, height: 10))
        #expect(second.damage == [old, new])
        #expect(second.pixel(5, 5) == gray && second.pixel(35, 25) == red)
    }

    /// What moves by less than it is large is one rectangle.
    @Test func movingALittleDamagesWhatIsBetween() {
        let child = Child(client, of: window.surface, at: 0, 0)
        child.show(red)
        window.surface.commit()
        fixture.nextFrame()
        let reader = fixture.connect()
        let session = reader.bind(SignetSealedFrameManagerV1.self).createSession(output: reader.output)
        let first = ReaderFrame(session)
        reader.roundTrip()
        child.subsurface.setPosition(x: 2, y: 1)
        window.surface.commit()
        fixture.nextFrame()
        let second = ReaderFrame(session)
        reader.roundTrip()
        #expect(first.isReady && second.damage == [Rectangle(x: 0, y: 0, width: 12, height: 11)])
        #expect(second.pixel(1, 1) == gray && second.pixel(11, 10) == red)
    }

    /// Nobody is looked for who needn't be told of a frame.
    @Test func whoIsSeenIsFoundOutAsFarAsSomebodyAsks() {
        let children = (0..<40).map { Child(client, of: window.surface, at: Int32($0), 0, desync: true) }
        for child in children { child.show(red) }
        window.surface.commit()
        fixture.nextFrame()
        let seen = fixture.compositor.scene.seenItems
        var isDone = false
        children[39].surface.frame().onDone = { _ in isDone = true }
        children[39].surface.commit()
        children[0].subsurface.setPosition(x: 5, y: 5)
        window.surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        client.roundTrip()
        #expect(isDone)
        #expect(fixture.compositor.scene.seenItems - seen < 10)
        // One that is covered is told a second later, and was looked for behind all others.
        isDone = false
        let front = Child(client, of: window.surface, at: 0, 0, desync: true)
        front.show(green, 50, 10)
        window.surface.commit()
        children[20].surface.frame().onDone = { _ in isDone = true }
        children[20].surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        client.roundTrip()
        #expect(!isDone)
        for _ in 0..<60 { fixture.nextFrame() }
        client.roundTrip()
        #expect(isDone)
    }

    // MARK: Ends

    @Test func aChildThatIsGoneIsGoneAtOnce() {
        let (first, second) = (Child(client, of: window.surface, at: 10), Child(client, of: window.surface, at: 20))
        first.show(red)
        second.show(green)
        window.surface.commit()
        #expect(row() == [gray, red, green, gray, gray, background])
        first.subsurface.destroy()
        #expect(row() == [gray, gray, green, gray, gray, background])
        second.surface.destroy()
        #expect(row() == [gray, gray, gray, gray, gray, background])
        // The role stays the surface's, with a new object.
        let again = client.subcompositor.getSubsurface(surface: first.surface, parent: window.surface)
        again.setPosition(x: 30, y: 0)
        window.surface.commit()
        #expect(row() == [gray, gray, gray, red, gray, background])
        #expect(client.error == nil)
    }

    @Test func aClientMayLeaveInTheMiddleOfAnything() {
        let steps: [(Child, Child, TestWindow) -> Void] = [
            { child, _, _ in child.show(1) }, { _, grandchild, _ in grandchild.show(2) },
            { _, _, window in window.surface.commit() }, { child, _, _ in child.subsurface.setDesync() },
            { child, _, window in child.subsurface.placeBelow(sibling: window.surface) },
            { child, _, window in
                let viewport = child.client.viewporter.getViewport(surface: child.surface)
                viewport.setDestination(width: 7, height: 7)
                child.client.viewporter.getViewport(surface: window.surface).setDestination(width: 9, height: 9)
            },
            { child, _, _ in child.surface.commit() }, { _, _, window in window.surface.commit() },
            { _, grandchild, _ in grandchild.subsurface.destroy() },
            { _, _, window in window.surface.commit() }, { child, _, _ in child.surface.destroy() },
        ]
        for count in 0...steps.count {
            let before = openDescriptorCount()
            weak var leaked: Surface?
            do {
                let fixture = Fixture()
                let client = fixture.connect()
                let window = TestWindow(client)
                window.show(TestPool(client, size: 400).buffer(10, 10, color: 0))
                let child = Child(client, of: window.surface)
                let grandchild = Child(client, of: child.surface)
                for step in steps.prefix(count) { step(child, grandchild, window) }
                fixture.pump()
                leaked = fixture.compositor.scene.nodes.first?.items.last?.drawable as? Surface
                fixture.disconnect(client)
                fixture.nextFrame()
                #expect(fixture.compositor.scene.items.isEmpty, "after \(count) steps")
            }
            #expect(leaked == nil && openDescriptorCount() == before, "after \(count) steps")
        }
    }

    @Test func aParentMayGoFirst() {
        let surface = client.compositor.createSurface()
        let child = Child(client, of: surface)
        let grandchild = Child(client, of: child.surface)
        surface.destroy()
        child.show(1)
        child.subsurface.setPosition(x: 1, y: 1)
        child.subsurface.placeAbove(sibling: child.surface)
        child.surface.destroy()
        grandchild.show(2)
        grandchild.subsurface.destroy()
        grandchild.surface.destroy()
        child.subsurface.destroy()
        #expect(client.roundTrip())
    }

    // MARK: Errors

    @Test func impossibleFamiliesAreRefused() {
        func error(_ body: (TestClient, WlSurface) -> Void) -> String? {
            let fixture = Fixture()
            let client = fixture.connect()
            body(client, client.compositor.createSurface())
            client.roundTrip()
            return client.error
        }
        let bad = "wl_subcompositor 0"
        #expect(error { $0.subcompositor.getSubsurface(surface: $1, parent: $1) } == bad)
        #expect(error { Child($0, of: Child($0, of: $1).surface).also($0, $1) } == bad, "a circle")
        #expect(
            error { client, surface in
                let child = Child(client, of: surface)
                client.subcompositor.getSubsurface(surface: child.surface, parent: surface)
            } == bad,
            "twice"
        )
        #expect(
            error { client, surface in
                client.subcompositor.getSubsurface(surface: TestWindow(client).surface, parent: surface)
            } == bad,
            "a window"
        )
        #expect(
            error { client, surface in
                Child(client, of: surface).subsurface.placeAbove(sibling: client.compositor.createSurface())
            } == "wl_subsurface 0"
        )
        #expect(
            error { client, surface in
                let child = Child(client, of: surface)
                child.subsurface.placeAbove(sibling: child.surface)
            } == "wl_subsurface 0"
        )
    }

    @Test func familiesHaveLimits() {
        func error(_ body: (TestClient, WlSurface) -> Void) -> String? {
            let fixture = Fixture {
                $0.limits.subsurfaceDepth = 3
                $0.limits.subsurfaces = 3
            }
            let client = fixture.connect()
            body(client, client.compositor.createSurface())
            client.roundTrip()
            return client.error
        }
        func nest(_ client: TestClient, _ surface: WlSurface, _ depth: Int) {
            if depth > 0 { nest(client, Child(client, of: surface).surface, depth - 1) }
        }
        #expect(error { nest($0, $1, 3) } == nil)
        #expect(error { nest($0, $1, 4) } == "wl_display 2")
        /// Each surface gets a parent after it got children.
        func nestUpward(_ client: TestClient, _ surface: WlSurface, _ depth: Int) {
            if depth == 0 { return }
            let parent = client.compositor.createSurface()
            client.subcompositor.getSubsurface(surface: surface, parent: parent)
            nestUpward(client, parent, depth - 1)
        }
        #expect(error { nestUpward($0, $1, 3) } == nil)
        #expect(error { nestUpward($0, $1, 4) } == "wl_display 2")
        #expect(error { client, surface in for _ in 0..<3 { _ = Child(client, of: surface) } } == nil)
        #expect(error { client, surface in for _ in 0..<4 { _ = Child(client, of: surface) } } == "wl_display 2")
    }
}

extension SubsurfaceTests.Child {
    /// Makes the topmost surface a child of this one.
    fileprivate func also(_ client: TestClient, _ ancestor: WlSurface) {
        client.subcompositor.getSubsurface(surface: ancestor, parent: surface)
    }
}
