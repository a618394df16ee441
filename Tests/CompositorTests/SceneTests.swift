@testable import Compositor
import DirectRendering
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

private typealias RealScene = Scene

/// Whole pictures of what clients can put on a screen, each beside the one that was looked at and kept.
///
/// After a wanted change: `UPDATE_GOLDEN=1 swift test --filter SceneTests`, and look at the pictures in Scenes.
@Suite(.serialized) struct SceneTests {
    /// What all scenes have.
    final class Stage {
        let fixture: Fixture
        let client: TestClient
        private(set) var windows: [TestWindow] = []
        /// Whatever is to live as long.
        var kept: [AnyObject] = []

        init(_ outputs: OutputMode...) {
            let modes = outputs
            fixture = Fixture { if !modes.isEmpty { $0.outputs = modes } }
            client = fixture.connect()
        }

        /// A gradient with a frame, so that every pixel tells where it is.
        static func color(_ x: Int, _ y: Int, _ width: Int, _ height: Int, tint: UInt32 = 0) -> UInt32 {
            if x == 0 || y == 0 || x == width - 1 || y == height - 1 { return 0xffff_ffff }
            return 0xff00_0000 | (UInt32(x * 255 / width) << 16 | UInt32(y * 255 / height) << 8 | 0x40) ^ tint
        }

        func buffer(_ width: Int, _ height: Int, tint: UInt32 = 0, within part: Rectangle? = nil) -> WlBuffer {
            let pool = TestPool(client, size: width * height * 4)
            kept.append(pool)
            return pool.buffer(width, height) { x, y in
                let isTinted = part.map { Region($0).contains(Point(x: x, y: y)) } ?? true
                return Self.color(x, y, width, height, tint: isTinted ? tint : 0)
            }
        }

        /// Of one colour, with a part that shines through.
        func translucent(_ width: Int, _ height: Int) -> WlBuffer {
            let pool = TestPool(client, size: width * height * 4)
            kept.append(pool)
            return pool.buffer(width, height, format: .argb8888) { x, y in
                let alpha = UInt32(x * 255 / (width - 1))
                return alpha << 24 | alpha << 16 | UInt32(y * 2) * alpha / 255 << 8
            }
        }

        @discardableResult
        func window(
            at x: Int,
            _ y: Int,
            showing buffer: WlBuffer,
            _ prepare: (TestWindow) -> Void = { _ in }
        ) -> TestWindow {
            let window = TestWindow(client)
            windows.append(window)
            prepare(window)
            window.show(buffer)
            client.roundTrip()
            move(window, to: x, y)
            return window
        }

        /// Moves the window that is in front.
        func move(_ window: TestWindow, to x: Int, _ y: Int) {
            let node = fixture.compositor.scene.nodes.last as! Window
            node.place(at: Point(x: x, y: y))
            fixture.compositor.scene.setNeedsLayout(node)
            fixture.nextFrame()
        }

        func subsurface(of parent: WlSurface, at x: Int32, _ y: Int32, showing buffer: WlBuffer) -> WlSubsurface {
            let surface = client.compositor.createSurface()
            let subsurface = client.subcompositor.getSubsurface(surface: surface, parent: parent)
            kept += [surface, subsurface]
            subsurface.setPosition(x: x, y: y)
            surface.attach(buffer: buffer, x: 0, y: 0)
            surface.damageBuffer(x: 0, y: 0, width: .max, height: .max)
            surface.commit()
            return subsurface
        }
    }

    /// A scene, by the name of its picture.
    struct Scene: CustomTestStringConvertible, Sendable {
        let name: String
        let make: @Sendable () -> Stage
        var testDescription: String { name }
    }

    static let scenes = [
        Scene(name: "windows") {
            let stage = Stage()
            stage.window(at: 10, 10, showing: stage.buffer(80, 60))
            stage.window(at: 60, 30, showing: stage.translucent(90, 60))
            stage.window(at: 120, 5, showing: stage.buffer(40, 90, tint: 0xff00ff))
            stage.window(at: 180, 80, showing: stage.buffer(40, 40, tint: 0xffff00))
            return stage
        },
        Scene(name: "opaque-regions") {
            let stage = Stage()
            stage.window(at: 10, 10, showing: stage.buffer(100, 60))
            stage.window(at: 40, 20, showing: stage.translucent(90, 60)) { window in
                let region = stage.client.compositor.createRegion()
                region.add(x: 60, y: 0, width: 40, height: 60)
                region.subtract(x: 70, y: 10, width: 5, height: 5)
                window.surface.setOpaqueRegion(region: region)
            }
            return stage
        },
        Scene(name: "subsurfaces") {
            let stage = Stage()
            stage.window(at: 30, 20, showing: stage.translucent(100, 60)) { window in
                let below = stage.subsurface(of: window.surface, at: -10, -10, showing: stage.buffer(50, 50))
                below.placeBelow(sibling: window.surface)
                _ = stage.subsurface(of: window.surface, at: 60, 40, showing: stage.buffer(60, 30, tint: 0xff))
                _ = stage.subsurface(of: window.surface, at: 20, 15, showing: stage.translucent(70, 20))
            }
            return stage
        },
        Scene(name: "viewports") {
            let stage = Stage()
            stage.window(at: 5, 5, showing: stage.buffer(60, 40)) { window in
                let viewport = stage.client.viewporter.getViewport(surface: window.surface)
                viewport.setSource(x: Fixed(10.0), y: Fixed(5.0), width: Fixed(20.0), height: Fixed(10.0))
                viewport.setDestination(width: 80, height: 40)
            }
            stage.window(at: 100, 10, showing: stage.buffer(80, 80, tint: 0xff00)) { window in
                stage.client.viewporter.getViewport(surface: window.surface).setDestination(width: 33, height: 27)
            }
            stage.window(at: 20, 55, showing: stage.translucent(40, 40)) { window in
                let viewport = stage.client.viewporter.getViewport(surface: window.surface)
                viewport.setSource(x: Fixed(0.5), y: Fixed(0.25), width: Fixed(30.5), height: Fixed(20.0))
                viewport.setDestination(width: 150, height: 35)
            }
            return stage
        },
        Scene(name: "turns") {
            let stage = Stage()
            let turns: [WlOutput.Transform] = [
                .normal, ._90, ._180, ._270, .flipped, .flipped90, .flipped180, .flipped270,
            ]
            for (index, turn) in turns.enumerated() {
                let (x, y) = (5 + index % 4 * 48, 5 + index / 4 * 48)
                stage.window(at: x, y, showing: stage.buffer(40, 26)) { window in
                    window.surface.setBufferTransform(transform: turn)
                }
            }
            return stage
        },
        Scene(name: "scales") {
            let stage = Stage(OutputMode(width: 240, height: 180, scale: 2))
            stage.window(at: 5, 5, showing: stage.buffer(40, 30))
            stage.window(at: 50, 5, showing: stage.buffer(80, 60, tint: 0xff)) { $0.surface.setBufferScale(scale: 2) }
            stage.window(at: 5, 45, showing: stage.buffer(90, 60, tint: 0xff00)) { window in
                window.surface.setBufferScale(scale: 3)
                window.surface.setBufferTransform(transform: ._90)
            }
            stage.window(at: 50, 40, showing: stage.translucent(60, 40))
            return stage
        },
        Scene(name: "title-bars") {
            let stage = Stage()
            let manager = stage.client.bind(ZxdgDecorationManagerV1.self)
            for (x, y) in [(5, 5), (60, 40)] {
                stage.window(at: x, y, showing: stage.buffer(90, 30)) { window in
                    stage.kept.append(manager.getToplevelDecoration(toplevel: window.toplevel))
                }
            }
            return stage
        },
        Scene(name: "cursor") {
            let stage = Stage()
            let window = stage.window(at: 20, 20, showing: stage.buffer(100, 60))
            let pointer = stage.client.seat.getPointer()
            var serial: UInt32 = 0
            pointer.onEnter = { entered, _, _, _ in serial = entered }
            stage.client.roundTrip()
            stage.fixture.compositor.send(.pointerMotion(to: Position(x: 60, y: 40)))
            stage.client.roundTrip()
            let surface = stage.client.compositor.createSurface()
            surface.attach(buffer: stage.translucent(30, 30), x: 0, y: 0)
            surface.commit()
            pointer.setCursor(serial: serial, surface: surface, hotspotX: 4, hotspotY: 6)
            stage.client.roundTrip()
            stage.kept += [pointer, surface, window]
            return stage
        },
        Scene(name: "two-outputs") {
            let stage = Stage(
                OutputMode(width: 100, height: 80),
                OutputMode(width: 120, height: 100, scale: 2)
            )
            stage.window(at: 70, 10, showing: stage.buffer(60, 30))
            stage.window(at: 85, 25, showing: stage.translucent(50, 20))
            return stage
        },
        Scene(name: "changes") {
            // Everything that damages, frame after frame: what isn't drawn anew has to be right already.
            let stage = Stage()
            let first = stage.window(at: 10, 10, showing: stage.buffer(70, 50))
            let second = stage.window(at: 50, 20, showing: stage.translucent(60, 50))
            stage.move(second, to: 70, 35)
            let damaged = Rectangle(x: 20, y: 10, width: 30, height: 20)
            let partly = stage.buffer(70, 50, tint: 0xff00, within: damaged)
            first.surface.attach(buffer: partly, x: 0, y: 0)
            first.surface.damageBuffer(x: 20, y: 10, width: 30, height: 20)
            first.surface.commit()
            stage.fixture.nextFrame()
            let third = stage.window(at: 120, 40, showing: stage.buffer(50, 50, tint: 0xff))
            third.show(stage.buffer(30, 60, tint: 0xff))
            stage.fixture.nextFrame()
            let gone = stage.window(at: 90, 10, showing: stage.buffer(60, 60))
            gone.show(nil)
            stage.fixture.nextFrame()
            return stage
        },
    ]

    private static let folder = #filePath.replacing("SceneTests.swift", with: "Scenes")

    private func check(_ name: String, _ rows: [[UInt32]]) throws {
        let path = "\(Self.folder)/\(name).png"
        let picture = PNG(rows)
        if unsafe getenv("UPDATE_GOLDEN") != nil { try picture.write(to: path) }
        let golden = try PNG(contentsOf: path)
        guard picture != golden else { return }
        let actual = "/tmp/signet-\(name).png"
        try picture.write(to: actual)
        let differing = zip(picture.pixels, golden.pixels).count { $0 != $1 }
        Issue.record("\(name) differs in \(differing) pixels; what it is now: \(actual)")
    }

    @Test(arguments: scenes)
    func `a scene looks as it did`(scene: Scene) throws {
        let stage = scene.make()
        stage.fixture.nextFrame()
        #expect(stage.client.error == nil)
        for (index, output) in stage.fixture.compositor.outputs.enumerated() {
            try check(index == 0 ? scene.name : "\(scene.name)-\(index + 1)", stage.fixture.picture(of: output))
            // What was drawn piece by piece is what is drawn at once.
            let before = stage.fixture.picture(of: output)
            output.addDamage(Region(output.bounds))
            stage.fixture.nextFrame()
            let isSame = stage.fixture.picture(of: output) == before
            #expect(isSame, "\(scene.name) drawn anew looks different")
            #expect(try inBands(output) == before, "\(scene.name) drawn in bands looks different")
        }
    }

    /// An output's picture, drawn by several threads.
    private func inBands(_ output: Output) throws -> [[UInt32]] {
        try draw(output.scene.items, output.view, bands: 7)
    }

    private func draw(_ items: [PlacedItem], _ view: View, bands: Int) throws -> [[UInt32]] {
        let size = view.size
        let layout = try #require(PixelLayout(size: size, stride: size.width * 4, format: .xrgb8888))
        let memory = PixelMemory(byteCount: layout.byteCount)
        try memory.reserve()
        let (list, contents) = DrawList.make(items, in: view, damage: Region(size.bounds))
        let picture = BandedPicture(list, into: memory, layout, bands: bands)
        BandThreads.shared.offer(picture)
        picture.drawBands(DrawingMeter())
        _ = picture.finish()
        BandThreads.shared.withdraw(picture)
        withExtendedLifetime(contents) {}
        return memory.withBytes { bytes in
            (0..<size.height).map { y in
                (0..<size.width).map { x in
                    unsafe bytes.unsafeLoadUnaligned(fromByteOffset: y * layout.stride + x * 4, as: UInt32.self)
                        & 0xff_ffff
                }
            }
        }
    }

    // MARK: Luma and chroma

    /// Luma from left to right, chroma from the top down.
    private func video(_ format: YUVFormat, _ size: Size) throws -> SurfaceContent {
        let rows = (0..<format.planeCount).map { format.rowBytes(plane: $0, in: size) }
        let layout = try #require(YUVLayout(size: size, strides: rows, format: format, matrix: .bt601))
        let planes = try (0..<format.planeCount).map { plane -> PixelStorage in
            let count = layout.byteCount(plane: plane)
            let bytes = (0..<count).map { index -> UInt8 in
                let (x, y) = (index % rows[plane], index / rows[plane])
                let isLuma = format.planeCount == 1 ? x % 2 == 0 : plane == 0
                return isLuma ? UInt8(16 + x * 200 / rows[plane]) : UInt8(40 + y * 170 / layout.rows(plane: plane))
            }
            let file = TestFile.memfd(count)
            TestFile.write(bytes: bytes, to: file, at: 0)
            return .mapping(MappedMemory(try ReadOnlyMapping(file, length: count)), 0..<count)
        }
        return SurfaceContent(YUVPlanes(planes: planes, layout: layout))
    }

    @Test func `video looks as it did`() throws {
        let size = Size(width: 40, height: 24)
        var items: [PlacedItem] = []
        for (column, format) in [YUVFormat.yuyv, .nv12, .yuv420].enumerated() {
            let content = try video(format, size)
            let plain = Drawable(Appearance(content: content, size: size))
            let turned = Drawable(Appearance(content: content, size: size.transposed, orientation: .flipped90))
            let scaled = Drawable(Appearance(content: content, size: Size(width: 50, height: 15)))
            items.append(PlacedItem(plain, at: Point(x: column * 60 + 5, y: 5)))
            items.append(PlacedItem(turned, at: Point(x: column * 60 + 35, y: 20)))
            items.append(PlacedItem(scaled, at: Point(x: column * 60 + 3, y: 65)))
        }
        let view = View(origin: Point(x: 0, y: 0), scale: 1, size: Size(width: 200, height: 100))
        let picture = try draw(items, view, bands: 1)
        try check("video", picture)
        #expect(try draw(items, view, bands: 5) == picture)
    }

    // MARK: Many

    /// Each of them covers a pixel, and no two touch: what isn't covered would fall into thousands of pieces.
    @Test func `many small surfaces look right, and cost what they are many`() throws {
        let view = View(origin: Point(x: 0, y: 0), scale: 1, size: Size(width: 200, height: 100))
        let ground = Drawable(Appearance(content: SurfaceContent(SolidColor(0x102030)), size: view.size))
        let color = SurfaceContent(SolidColor(0x405060))
        let front = Drawable(Appearance(content: color, size: Size(width: 50, height: 100)))
        var items = [PlacedItem(ground, at: Point(x: 0, y: 0))]
        for index in 0..<5_000 {
            let white = SurfaceContent(SolidColor(0xffffff))
            let pixel = Drawable(Appearance(content: white, size: Size(width: 1, height: 1)))
            items.append(PlacedItem(pixel, at: Point(x: index % 100 * 2, y: index / 100 * 2)))
        }
        items.append(PlacedItem(front, at: Point(x: 100, y: 0)))
        let picture = try draw(items, view, bands: 1)
        let isRight = picture.enumerated().allSatisfy { y, row in
            row.enumerated().allSatisfy { x, color in
                if (100..<150).contains(x) { return color == 0x405060 }
                return color == (x % 2 == 0 && y % 2 == 0 ? 0xffffff : 0x102030)
            }
        }
        #expect(isRight)
        var rest = Uncovered(Region(view.size.bounds))
        var most = 0
        for item in items.reversed() {
            rest.cover(item.opaqueRegion, at: item.bounds.origin)
            most = max(most, rest.region.rectangleCount)
        }
        #expect(most <= 256 && rest.isEmpty)
    }

    /// Damage in thousands of pieces, and more clear pixels on it than can be looked at: whatever is drawn beyond it,
    /// nothing comes through what is in front.
    @Test func `what is drawn beyond the damage is drawn of all`() throws {
        let view = View(origin: Point(x: 0, y: 0), scale: 1, size: Size(width: 200, height: 100))
        var items = [Drawable(Appearance(content: SurfaceContent(SolidColor(0x102030)), size: view.size))]
        let clear = SurfaceContent(SolidColor(red: 0, green: 0, blue: 0, alpha: 0))
        for _ in 0..<300 { items.append(Drawable(Appearance(content: clear, size: view.size))) }
        let front = SurfaceContent(SolidColor(0x405060))
        items.append(Drawable(Appearance(content: front, size: Size(width: 100, height: 100))))
        var damage = Region()
        for y in 0..<50 {
            for x in 0..<100 { damage.formUnion(Rectangle(x: 2 * x, y: 2 * y, width: 1, height: 1)) }
        }
        let placed = items.map { PlacedItem($0, at: Point(x: 0, y: 0)) }
        let list = DrawList.make(placed, in: view, damage: damage).list
        let layout = try #require(PixelLayout(size: view.size, stride: 800, format: .xrgb8888))
        var pixels = [UInt32](repeating: 0x99_9999, count: 20_000)
        var span = pixels.mutableSpan
        var bytes = unsafe span.mutableBytes
        _ = list.draw(into: &bytes, layout, meter: DrawingMeter())
        let isRight = (0..<20_000).allSatisfy { index in
            let (x, y, color) = (index % 200, index / 200, pixels[index] & 0xff_ffff)
            let wanted: UInt32 = x < 100 ? 0x405060 : 0x102030
            return color == wanted || color == 0x99_9999 && (x % 2 == 1 || y % 2 == 1)
        }
        #expect(isRight)
    }

    /// Somebody's, with a size that it is shown at.
    private final class Piece: Drawable {
        private let client: AnyObject

        init(_ client: AnyObject, _ content: SurfaceContent, _ width: Int, _ height: Int) {
            self.client = client
            super.init(Appearance(content: content, size: Size(width: width, height: height)))
        }

        override var owner: AnyObject? { client }
    }

    /// How many pieces of a client's are drawn in a frame of 200x100 pixels, of 4,000, each of which is all that shows.
    private func drawnPieces(_ content: SurfaceContent, _ width: Int, _ height: Int) -> Int {
        let stage = Stage()
        let items = (0..<4_000).map { _ in
            PlacedItem(Piece(stage, content, width, height), at: Point(x: 0, y: 0))
        }
        var budget = DrawingBudget(of: stage.fixture.output)
        #expect(!DrawingBudget.isAmple(for: items, of: stage.fixture.output))
        return items.count { budget.spend(on: $0, area: width * height) }
    }

    /// Small ones may be scaled down from large ones, and narrow ones are many rows.
    @Test func `what is small isn't cheap`() throws {
        let layout = try #require(PixelLayout(size: Size(width: 64, height: 64), stride: 256, format: .argb8888))
        let image = SurfaceContent(PixelRows(.bytes([UInt8](repeating: 0, count: layout.byteCount)), layout))
        let color = SurfaceContent(SolidColor(0xff00ff))
        // A frame is worth 54 times its 20,000 pixels; a row is worth 32 pixels more than it has.
        #expect(drawnPieces(image, 10, 10) == 54 * 20_000 / ((100 + 320) * 25))
        #expect(drawnPieces(color, 10, 10) == 54 * 20_000 / (100 + 320))
        #expect(drawnPieces(color, 1, 100) == 54 * 20_000 / (100 + 3_200))
        #expect(drawnPieces(color, 100, 1) == 4_000)
    }

    // MARK: Stacking

    private final class Node: SceneNode {
        let name: String
        let base: (any SceneNode)?
        let items: [PlacedItem]
        let layer: SceneLayer

        init(_ name: String, above base: Node? = nil, layer: SceneLayer = .windows) {
            self.name = name
            self.base = base
            self.layer = layer
            items = [PlacedItem(Drawable(Appearance(size: Size(width: 1, height: 1))), at: Point(x: 0, y: 0))]
        }
    }

    @Test func `what stands above a node goes where it goes`() {
        let scene = RealScene()
        let (first, second) = (Node("first"), Node("second"))
        let menu = Node("menu", above: first)
        let submenu = Node("submenu", above: menu)
        let hint = Node("hint", above: first)
        let cursor = Node("cursor", layer: .cursor)
        func order() -> [String] { scene.nodes.map { ($0 as? Node)?.name ?? "?" } }
        for node in [cursor, first, second, menu, hint, submenu] { scene.insert(node) }
        #expect(order() == ["first", "menu", "submenu", "hint", "second", "cursor"])
        scene.raise([first])
        #expect(order() == ["second", "first", "menu", "submenu", "hint", "cursor"])
        scene.raise([menu])
        #expect(order() == ["second", "first", "hint", "menu", "submenu", "cursor"])
        scene.raise([second])
        scene.remove(first)
        #expect(order() == ["hint", "menu", "submenu", "second", "cursor"])
        withExtendedLifetime([first]) {}
    }
}
