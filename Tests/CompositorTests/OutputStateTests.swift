@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Outputs that become others while clients run, and how a view maps the scene to pixels.
@Suite(.serialized) struct OutputStateTests {
    let fixture = Fixture()
    let client: TestClient

    init() { client = fixture.connect() }

    private var compositor: Compositor { fixture.compositor }

    private func change(_ change: (inout OutputState) -> Void) throws {
        try compositor.changeOutput(fixture.output, change)
        client.roundTrip()
        fixture.nextFrame()
    }

    /// A buffer whose pixels tell where they are.
    private func buffer(_ width: Int, _ height: Int) -> WlBuffer {
        TestPool(client, size: width * height * 4).buffer(width, height) { x, y in UInt32(x << 8 | y) }
    }

    @Test func `clients hear of mode, scale and place`() throws {
        var heard: [String] = []
        let output = client.output
        output.onGeometry = { x, y, _, _, _, _, model, transform in heard.append("at \(x),\(y) \(model) \(transform)") }
        output.onMode = { _, width, height, refresh in heard.append("\(width)x\(height)@\(refresh)") }
        output.onScale = { heard.append("scale \($0)") }
        output.onDone = { heard.append("done") }
        let xdgOutput = client.bind(ZxdgOutputManagerV1.self).getXdgOutput(output: output)
        xdgOutput.onLogicalPosition = { heard.append("logical \($0),\($1)") }
        xdgOutput.onLogicalSize = { heard.append("logical \($0)x\($1)") }
        let window = TestWindow(client)
        var scales: [UInt32] = []
        let fractional = client.bind(WpFractionalScaleManagerV1.self).getFractionalScale(surface: window.surface)
        fractional.onPreferredScale = { scales.append($0) }
        window.show(buffer(20, 10))
        fixture.nextFrame()
        heard = []
        try change {
            $0.mode = OutputMode(width: 300, height: 150, refresh: 30_000, scale: 1.25)
            $0.position = Point(x: 7, y: 9)
        }
        #expect(
            heard == [
                "at 7,9 headless normal", "300x150@30000", "scale 2", "logical 7,9", "logical 240x120", "done",
            ]
        )
        try change { $0.mode.scale = 1.5 }
        #expect(heard.contains("logical 200x100") && scales == [120, 150, 180])
        heard = []
        try change { $0.mode.scale = 1.5 }
        #expect(heard.isEmpty, "nothing has changed")
        #expect(client.error == nil)
        #expect(xdgOutput.id != 0)
    }

    @Test(arguments: [
        OutputMode(width: 0, height: 100), OutputMode(width: 100, height: 16_385),
        OutputMode(width: 100, height: 100, refresh: 0), OutputMode(width: 100, height: 100, scale: 9),
        OutputMode(width: 100, height: 100, scale: 0.5),
    ])
    func `what can't be changes nothing`(mode: OutputMode) throws {
        let before = fixture.output.state
        #expect(throws: OutputError.self) { try change { $0.mode = mode } }
        #expect(fixture.output.state == before)
    }

    @Test func `no output is too far away to be told`() throws {
        for place in [Int.max, Int.min, 1 << 31, -(1 << 21)] {
            #expect(throws: OutputError.self) { try change { $0.position = Point(x: place, y: 0) } }
            #expect(throws: OutputError.self) { try change { $0.position = Point(x: 0, y: place) } }
        }
        try change { $0.position = Point(x: -(1 << 20), y: 1 << 20) }
        #expect(client.error == nil)
    }

    @Test func `windows follow`() throws {
        let window = TestWindow(client)
        window.toplevel.setMaximized()
        window.show(buffer(20, 10))
        client.roundTrip()
        window.surface.commit()
        client.roundTrip()
        let small = TestWindow(client)
        small.show(buffer(20, 10))
        client.roundTrip()
        try change { $0.mode = OutputMode(width: 320, height: 240, scale: 2) }
        #expect(window.configures.last!.width == 160 && window.configures.last!.height == 120)
        try change { $0.position = Point(x: 1_000, y: 1_000) }
        let frames = compositor.scene.nodes.map { ($0 as! Window).frame }
        #expect(frames.allSatisfy { !$0.intersection(fixture.output.bounds).isEmpty }, "\(frames)")
    }

    @Test func `what a client draws for a fractional scale is shown pixel by pixel`() throws {
        for (scale, place) in [(Scale(floatLiteral: 1.25), 3), (1.5, 1), (1.75, 5)] {
            try change { $0.mode.scale = scale }
            let window = TestWindow(client)
            let viewport = client.viewporter.getViewport(surface: window.surface)
            viewport.setDestination(width: 30, height: 20)
            let (width, height) = (scale.pixels(30), scale.pixels(20))
            window.show(buffer(width, height))
            client.roundTrip()
            let node = compositor.scene.nodes.last as! Window
            node.place(at: Point(x: place, y: place))
            compositor.scene.setNeedsLayout(node)
            fixture.nextFrame()
            let corner = scale.pixels(place)
            let picture = fixture.picture()
            let isExact = (0..<height).allSatisfy { y in
                (0..<width).allSatisfy { x in picture[corner + y][corner + x] == UInt32(x << 8 | y) }
            }
            #expect(isExact, "at \(scale)")
            window.toplevel.destroy()
            window.shellSurface.destroy()
            window.surface.destroy()
            client.roundTrip()
        }
        #expect(client.error == nil)
    }

    @Test func `partial damage at a fractional scale leaves nothing old`() throws {
        try change { $0.mode.scale = 1.5 }
        let window = TestWindow(client)
        let pool = TestPool(client, size: 100_000)
        window.show(pool.buffer(41, 31, color: 0xff0000))
        window.moveToCorner()
        fixture.nextFrame()
        let changed = pool.buffer(41, 31, at: 10_000) { x, y in
            (7..<12).contains(x) && (5..<9).contains(y) ? 0xff : 0xff0000
        }
        window.surface.attach(buffer: changed, x: 0, y: 0)
        window.surface.damageBuffer(x: 7, y: 5, width: 5, height: 4)
        window.surface.commit()
        fixture.nextFrame()
        let before = fixture.picture()
        fixture.output.addDamage(Region(fixture.output.bounds))
        fixture.nextFrame()
        let isSame = fixture.picture() == before
        #expect(isSame)
    }

    @Test(arguments: Orientation.allCases)
    func `a turned output shows the scene turned`(orientation: Orientation) throws {
        let window = TestWindow(client)
        window.show(buffer(20, 10))
        window.moveToCorner()
        let cropped = TestWindow(client)
        let viewport = client.viewporter.getViewport(surface: cropped.surface)
        viewport.setSource(x: Fixed(2.0), y: Fixed(1.0), width: Fixed(12.0), height: Fixed(8.0))
        viewport.setDestination(width: 12, height: 8)
        cropped.surface.setBufferTransform(transform: ._90)
        cropped.show(buffer(10, 20))
        client.roundTrip()
        let node = compositor.scene.nodes.last as! Window
        node.place(at: Point(x: 30, y: 15))
        compositor.scene.setNeedsLayout(node)
        fixture.nextFrame()
        let upright = fixture.picture()
        try change { state in
            state.orientation = orientation
            if orientation.transposesSize { (state.mode.width, state.mode.height) = (100, 200) }
        }
        #expect(fixture.output.bounds == Rectangle(x: 0, y: 0, width: 200, height: 100))
        let turned = fixture.picture()
        let size = Size(width: 200, height: 100)
        let isTurned = (0..<100).allSatisfy { y in
            (0..<200).allSatisfy { x in
                let place = orientation.apply(to: Rectangle(x: x, y: y, width: 1, height: 1), in: size)
                return turned[place.y][place.x] == upright[y][x]
            }
        }
        #expect(isTurned)
        #expect(upright[5][9] == 0x905, "and something is there")
    }

    @Test func `a reader gets frames of the new size`() throws {
        let session = client.bind(SignetSealedFrameManagerV1.self).createSession(output: client.output)
        var sizes: [String] = []
        func ask() -> SignetSealedFrameV1 {
            let frame = session.nextFrame()
            frame.onMemory = { _, _, _, _, width, height, _, _, _, _ in sizes.append("\(width)x\(height)") }
            return frame
        }
        let first = ask()
        fixture.nextFrame()
        let second = ask()
        fixture.nextFrame()
        try change { $0.mode = OutputMode(width: 64, height: 48) }
        #expect(sizes == ["200x100", "64x48"])
        let third = ask()
        try change { $0.mode = OutputMode(width: 200, height: 100) }
        #expect(sizes == ["200x100", "64x48", "200x100"])
        for frame in [first, second, third] { frame.destroy() }
        client.roundTrip()
        #expect(client.error == nil)
    }

    @Test func `ticks come at the new rate`() throws {
        let window = TestWindow(client)
        window.show(buffer(20, 10))
        try change { $0.mode.refresh = 10_000 }
        var isDone = false
        window.surface.frame().onDone = { _ in isDone = true }
        window.surface.commit()
        for _ in 0..<3 { fixture.nextFrame() }
        #expect(!isDone, "80 of 100 ms")
        for _ in 0..<3 { fixture.nextFrame() }
        #expect(isDone)
    }

    // MARK: Views

    @Test func `turning twice is turning once`() {
        let size = Size(width: 7, height: 5)
        let rectangle = Rectangle(x: 1, y: 2, width: 3, height: 2)
        for first in Orientation.allCases {
            for second in Orientation.allCases {
                let once = first.followed(by: second).apply(to: rectangle, in: size)
                let turned = first.apply(to: size)
                #expect(once == second.apply(to: first.apply(to: rectangle, in: size), in: turned))
            }
            #expect(first.followed(by: first.inverse) == .normal)
        }
    }

    @Test func `no length is too much for a scale`() {
        let view = View(origin: Point(x: 0, y: 0), scale: 8, size: Size(width: 100, height: 100))
        for length in [Int.max, Int.min, 1 << 60, -(1 << 60)] {
            let pixels = view.pixels(Rectangle(x: length, y: length, width: Int(Int32.max), height: 1))
            #expect(abs(pixels.x) == 8 << 40)
        }
        #expect(Scale(floatLiteral: 1.25).pixels(-2) == -3 && Scale(floatLiteral: 1.25).pixels(2) == 3)
    }

    @Test(arguments: [
        ("1920x1080", 120), ("1920x1080*2", 240), ("8x8@59.94*1.25", 150), ("8x8*1.5", 180), ("8x8*8", 960),
    ])
    func `scales are read`(text: String, in120ths: Int) {
        #expect(OutputMode(text)?.scale == Scale(in120ths: in120ths))
    }

    @Test(arguments: ["8x8*0.5", "8x8*9", "8x8*", "8x8*1e0", "8x8*nan", "8x8*0x1", "8x8*-1", "8x8*1.2.3", "8x8*8.01"])
    func `what is no scale is refused`(text: String) {
        #expect(OutputMode(text) == nil)
    }
}
