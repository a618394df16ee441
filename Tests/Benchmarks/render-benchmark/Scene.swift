import ClientToolkit
import WaylandClient

/// What clients show, and what changes with each frame.
enum Scene: String, CaseIterable {
    case small = "32x32 damage"
    case text = "text, 40 glyphs"
    case opaque1 = "opaque 720p"
    case opaque4 = "opaque 720p, 4"
    case opaque16 = "opaque 720p, 16"
    case translucent1 = "translucent 720p"
    case translucent4 = "translucent 720p, 4"
    case translucent16 = "translucent 720p, 16"
    case grid = "grid 4x4"
    case translucentGrid = "grid 4x4, translucent"
    case full = "full screen"
    case viewport = "viewport x2"
    case scaled = "scale 2, shown at half"
    case fractional = "viewport, 3 to 2"
    case turned = "turned by 90"
    case moving = "100 moving"

    /// Pixels that are blended with each frame.
    var blendedPixels: Int {
        switch self {
        case .translucent1, .translucentGrid: 1_280 * 720
        case .translucent4: 4 * 1_280 * 720
        case .translucent16: 16 * 1_280 * 720
        default: 0
        }
    }

    /// Bytes of clients' pixels that are read with each frame; nil where each pixel of the output reads one.
    var sourceBytes: Int? {
        switch self {
        case .translucent4, .translucent16: 4 * blendedPixels
        case .viewport: 640 * 360 * 4
        case .scaled: 2_560 * 1_440 * 4
        case .fractional: 1_920 * 1_080 * 4
        default: nil
        }
    }

    /// Opens the windows.
    func open(_ client: BenchmarkClient) throws -> [AnimatedWindow] {
        switch self {
        case .small: [try AnimatedWindow(client, .opaque, damage: [Box(300, 300, 32, 32)])]
        case .text: [try AnimatedWindow(client, .opaque, damage: Self.glyphs)]
        case .opaque1: [try AnimatedWindow(client, .opaque)]
        case .opaque4: try (0..<4).map { _ in try AnimatedWindow(client, .opaque) }
        case .opaque16: try (0..<16).map { _ in try AnimatedWindow(client, .opaque) }
        case .translucent1: [try AnimatedWindow(client, .translucent)]
        case .translucent4: try (0..<4).map { _ in try AnimatedWindow(client, .translucent) }
        case .translucent16: try (0..<16).map { _ in try AnimatedWindow(client, .translucent) }
        case .grid: [try GridWindow(client, .opaque)]
        case .translucentGrid: [try GridWindow(client, .translucent)]
        case .full: [try AnimatedWindow(client, .opaque, width: 1_920, height: 1_080, isFullScreen: true)]
        case .viewport: [try ViewportWindow(client, width: 640, height: 360)]
        case .scaled: [try ScaledWindow(client, .opaque, width: 2_560, height: 1_440)]
        case .fractional: [try ViewportWindow(client, width: 1_920, height: 1_080)]
        case .turned: [try TurnedWindow(client, .opaque, width: 720, height: 1_280)]
        case .moving: [try MovingWindow(client, .opaque)]
        }
    }

    /// Four lines in which ten letters change each.
    private static var glyphs: [Box] {
        (0..<4).flatMap { line in (0..<10).map { Box(40 + 100 * $0 + 13 * line, 40 + 40 * line, 9, 17) } }
    }
}

/// A rectangle of a buffer, in pixels.
struct Box {
    let x, y, width, height: Int32

    init(_ x: Int, _ y: Int, _ width: Int, _ height: Int) {
        (self.x, self.y, self.width, self.height) = (Int32(x), Int32(y), Int32(width), Int32(height))
    }
}

/// Pixels of two pictures, no two rows of which are alike.
enum Paint {
    case opaque, translucent

    func canvases(_ client: BenchmarkClient, _ width: Int, _ height: Int) throws -> [Canvas] {
        try (0..<2).map { index in
            let format = self == .opaque ? WlShm.Format.xrgb8888 : .argb8888
            let canvas = try ShmCanvas(client.globals, width: width, height: height, format: format)
            try canvas.fill { x, y in
                let shade = UInt32(truncatingIfNeeded: x &+ 3 &* y &+ 64 &* index) & 0x7f
                return (self == .opaque ? 0xff00_0000 : 0x8000_0000) | shade << 16 | shade << 8 | (0x7f - shade)
            }
            return canvas
        }
    }
}

/// A connection, with what the windows need.
final class BenchmarkClient {
    let globals: Globals
    let subcompositor: WlSubcompositor
    let viewporter: WpViewporter

    init(_ display: String) throws {
        globals = try Globals(try Connection(to: display))
        subcompositor = try globals.bind(WlSubcompositor.self, upTo: 1)
        viewporter = try globals.bind(WpViewporter.self, upTo: 1)
    }

    var connection: Connection { globals.connection }
}

/// A window that shows two pictures by turns, as fast as the compositor asks for frames.
class AnimatedWindow: ShellWindow {
    let client: BenchmarkClient
    let canvases: [Canvas]
    let damage: [Box]
    /// Frames that the compositor has asked for after they were shown.
    private(set) var frames = 0
    private var hasBegun = false

    init(
        _ client: BenchmarkClient,
        _ paint: Paint,
        width: Int = 1_280,
        height: Int = 720,
        damage: [Box]? = nil,
        isFullScreen: Bool = false
    ) throws {
        self.client = client
        canvases = try paint.canvases(client, width, height)
        self.damage = damage ?? [Box(0, 0, width, height)]
        super.init(client.globals, title: "benchmark")
        if isFullScreen { toplevel.setFullscreen(output: nil) }
    }

    override func configured(width: Int?, height: Int?) {
        if hasBegun { return }
        hasBegun = true
        begin()
        show()
    }

    /// Before the first frame.
    func begin() {}

    /// Says what is different in the next frame.
    func draw(_ frame: Int) {
        surface.attach(buffer: canvases[frame % 2].buffer, x: 0, y: 0)
        for box in damage { surface.damageBuffer(x: box.x, y: box.y, width: box.width, height: box.height) }
    }

    /// What is asked for frames: it must not be covered.
    var visibleSurface: WlSurface { surface }

    private func show() {
        visibleSurface.frame().onDone = { [weak self] _ in
            self?.frames += 1
            self?.show()
        }
        draw(frames)
        surface.commit()
    }
}

/// One whose buffer has twice the pixels in each direction.
final class ScaledWindow: AnimatedWindow {
    override func begin() { surface.setBufferScale(scale: 2) }
}

/// One whose buffer lies on its side.
final class TurnedWindow: AnimatedWindow {
    override func begin() { surface.setBufferTransform(transform: ._90) }
}

/// One that is shown at 1280x720, whatever its buffer's size.
final class ViewportWindow: AnimatedWindow {
    private var viewport: WpViewport?

    init(_ client: BenchmarkClient, width: Int, height: Int) throws {
        try super.init(client, .opaque, width: width, height: height)
    }

    override func begin() {
        viewport = client.viewporter.getViewport(surface: surface)
        viewport?.setDestination(width: 1_280, height: 720)
    }
}

/// One with parts.
class ComposedWindow: AnimatedWindow {
    struct Part {
        let surface: WlSurface
        let place: WlSubsurface
        let canvases: [Canvas]
    }

    private(set) var parts: [Part] = []

    override var visibleSurface: WlSurface { parts[parts.count - 1].surface }

    func add(_ paint: Paint, _ width: Int, _ height: Int, x: Int, y: Int) throws {
        let child = client.globals.compositor.createSurface()
        let place = client.subcompositor.getSubsurface(surface: child, parent: surface)
        place.setPosition(x: Int32(x), y: Int32(y))
        parts.append(Part(surface: child, place: place, canvases: try paint.canvases(client, width, height)))
    }

    override func draw(_ frame: Int) {
        if frame == 0 { super.draw(0) }
    }

    func show(_ part: Part, _ frame: Int) {
        part.surface.attach(buffer: part.canvases[frame % 2].buffer, x: 0, y: 0)
        part.surface.damageBuffer(x: 0, y: 0, width: .max, height: .max)
        part.surface.commit()
    }
}

/// One that is all parts, each of which changes.
final class GridWindow: ComposedWindow {
    init(_ client: BenchmarkClient, _ paint: Paint) throws {
        try super.init(client, .opaque)
        for place in 0..<16 { try add(paint, 320, 180, x: place % 4 * 320, y: place / 4 * 180) }
    }

    override func draw(_ frame: Int) {
        super.draw(frame)
        for part in parts { show(part, frame) }
    }
}

/// One with small parts, which move.
final class MovingWindow: ComposedWindow {
    init(_ client: BenchmarkClient, _ paint: Paint) throws {
        try super.init(client, .opaque)
        for place in 0..<100 { try add(paint, 64, 64, x: place % 10 * 120, y: place / 10 * 64) }
    }

    override func draw(_ frame: Int) {
        super.draw(frame)
        for (index, part) in parts.enumerated() {
            if frame == 0 { show(part, 0) }
            part.place.setPosition(x: Int32(index % 10 * 120 + frame % 50), y: Int32(index / 10 * 64 + frame % 30))
        }
        // The frame that was asked for goes with a commit of its surface.
        visibleSurface.commit()
    }
}
