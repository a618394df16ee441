internal import Pixels

/// What a ``DrawCommand`` draws, and whatever keeps its pixels as they were when the list was made.
struct DrawnContent {
    let content: SurfaceContent
    let hold: AnyObject?
}

/// One thing to be drawn: pixels, where they go, and what of them shows.
struct DrawCommand: Sendable {
    let source: any PixelSource
    let placement: Placement
    /// What may be touched, in pixels of the picture.
    let clip: Region
    /// Where it is known to be opaque, in pixels of the picture.
    let opaque: Region
}

/// What isn't covered by what was looked at so far, from front to back.
///
/// It may be taken for larger than it is, and something be drawn that is covered later: how long it takes doesn't go by
/// what clients say is opaque. It never grows beyond the bounds of what it was at first.
struct Uncovered {
    private(set) var region: Region
    /// Whether it was taken for larger since the beginning than it was before.
    private(set) var hasGrown = false
    /// How many rectangles may still be looked at. Then only what is large and simple counts as covering.
    private var patience = 1 << 16

    /// In so many pieces it may be. Many small surfaces, none beside another, would make it slower with each.
    private static let pieceLimit = 256
    private static let simplePieces = 4

    init(_ region: Region) { self.region = region }

    var isEmpty: Bool { region.isEmpty }

    /// What of a rectangle isn't covered.
    mutating func part(in rectangle: Rectangle) -> Region {
        spend(region.rectangleCount)
        return region.intersection(rectangle)
    }

    /// How many units of a rectangle aren't.
    mutating func area(in rectangle: Rectangle) -> Int {
        spend(region.rectangleCount)
        var sum = 0
        region.forEachRectangle { sum += $0.intersection(rectangle).area }
        return sum
    }

    private mutating func spend(_ count: Int) {
        guard patience > 0 else { return }
        patience -= count
        guard patience <= 0 else { return }
        region = Region(region.bounds)
        hasGrown = true
    }

    /// Takes out what an item covers.
    mutating func cover(_ item: PlacedItem) {
        item.isOpaque ? cover(item.shown) : cover(item.opaqueRegion, at: item.bounds.origin)
    }

    /// Takes out a rectangle, unless that leaves too many pieces.
    private mutating func cover(_ rectangle: Rectangle) {
        let count = region.rectangleCount
        // A rectangle cuts each of the others into four at most.
        guard patience > 0, 4 * (count + 1) < Self.pieceLimit else { return cover(Region(rectangle)) }
        spend(count + 1)
        region.subtract(rectangle)
    }

    /// Takes out what is covered, put at a place, unless that leaves too many pieces.
    mutating func cover(_ opaque: Region, at origin: Point = Point(x: 0, y: 0)) {
        if opaque.isEmpty { return }
        if patience <= 0 { return coverSimply(opaque, at: origin) }
        spend(region.rectangleCount + opaque.rectangleCount)
        // What is far from the limit isn't copied: a rectangle less makes three more at most of each.
        let isFar = (region.rectangleCount + 1) * (2 * opaque.rectangleCount + 2) < Self.pieceLimit
        if isFar { return region.subtract(opaque.translated(by: origin)) }
        let rest = region.subtracting(opaque.translated(by: origin))
        if rest.rectangleCount <= max(Self.pieceLimit, region.rectangleCount) { region = rest }
    }

    private mutating func coverSimply(_ opaque: Region, at origin: Point) {
        guard opaque.rectangleCount <= Self.simplePieces else { return }
        let rest = region.subtracting(opaque.translated(by: origin))
        if rest.rectangleCount <= Self.simplePieces { region = rest }
    }
}

/// What has to be done for a picture, or a part of it.
///
/// Front to back it is worked out which part of each item shows, so that no pixel that an opaque one covers is drawn;
/// then they are drawn back to front. Each pixel that isn't blended is written once.
struct DrawList: Sendable {
    /// Where nothing is, as 0xRRGGBB.
    static let background: UInt32 = 0x2e3440

    /// Where nothing is, in pixels of the picture.
    private let empty: Region
    /// Whether that is to be transparent.
    private let isTransparent: Bool
    /// Back to front.
    private let commands: [DrawCommand]

    /// A list that draws `damage`, in pixels of the picture, of `items`, back to front, as `view` shows them; and the
    /// content of each command, to be kept until that is done.
    static func make(
        _ items: [PlacedItem],
        in view: View,
        damage: Region
    ) -> (list: DrawList, contents: [DrawnContent]) {
        // Where it takes too long to tell what is covered, more is drawn: of all, or what is behind would come through.
        make(of: items, in: view, damage: damage) ?? make(of: items, in: view, damage: Region(damage.bounds))!
    }

    /// Nil where more of the items behind would be drawn than of those in front.
    private static func make(
        of items: [PlacedItem],
        in view: View,
        damage: Region
    ) -> (list: DrawList, contents: [DrawnContent])? {
        var rest = Uncovered(damage)
        var commands: [DrawCommand] = []
        var contents: [DrawnContent] = []
        for item in items.reversed() {
            if rest.isEmpty { break }
            let pixels = view.pixels(item.shown)
            guard rest.region.intersects(pixels) else { continue }
            let clip = rest.part(in: pixels)
            let appearance = item.drawable.appearance
            guard let content = appearance.content else { continue }
            let placement = view.placement(of: item.bounds, appearance)
            guard let source = content.source else { continue }
            let opaque = view.innerPixels(item.opaqueRegion, of: item.bounds)
            commands.append(DrawCommand(source: source, placement: placement, clip: clip, opaque: opaque))
            contents.append(DrawnContent(content: content, hold: content.hold))
            rest.cover(opaque)
        }
        if rest.hasGrown, damage.rectangleCount > 1 { return nil }
        let list = DrawList(empty: rest.region, isTransparent: view.isTransparent, commands: commands.reversed())
        return (list, contents.reversed())
    }

    /// How many pixels are written.
    var pixelCount: Int { commands.reduce(empty.area) { $0 + $1.clip.area } }

    /// Pages of shared memory that aren't there, where they are worth counting, by the command's place.
    var missingPages: [Int: Int] {
        var result: [Int: Int] = [:]
        for index in commands.indices where commands[index].source.isShared {
            let placement = commands[index].placement
            let shown = commands[index].clip.bounds.intersection(placement.destination)
            let count = shown.isEmpty ? 0 : commands[index].source.missingPages(placement, clip: shown)
            if count > 0 { result[index] = count }
        }
        return result
    }

    /// What of it has to be done where a picture is known that was drawn before, what of that turns out to be the same,
    /// and what trouble shared memory made meanwhile, by the command's place.
    func compared(
        with comparison: PictureComparison,
        meter: DrawingMeter
    ) -> (rest: DrawList, same: Region, troubles: [Int: DrawingTrouble]) {
        let (same, troubles) = comparison.unchanged(by: commands, meter: meter)
        let done = same.subtracting(comparison.stale)
        return (done.isEmpty ? self : clipped { $0.subtracting(done) }, same, troubles)
    }

    /// The part that has to be done for some rows of the picture.
    private func clipped(to rows: Rectangle) -> DrawList { clipped { $0.intersection(rows) } }

    private func clipped(_ clip: (Region) -> Region) -> DrawList {
        let commands = commands.map { command in
            DrawCommand(
                source: command.source,
                placement: command.placement,
                clip: clip(command.clip),
                opaque: command.opaque
            )
        }
        return DrawList(empty: clip(empty), isTransparent: isTransparent, commands: commands)
    }

    /// Draws into a picture in XRGB8888. Gives back what trouble shared memory made, by the command's place.
    func draw(
        into target: inout MutableRawSpan,
        _ layout: PixelLayout,
        meter: DrawingMeter
    ) -> [Int: DrawingTrouble] {
        var troubles: [Int: DrawingTrouble] = [:]
        let (color, alpha): (UInt32, UInt8) = isTransparent ? (0, 0) : (Self.background, 255)
        Painter.fill(&target, layout, color: color, alpha: alpha, region: empty)
        var isMetered = false
        for index in commands.indices where !commands[index].clip.isEmpty {
            let command = commands[index]
            let isShared = command.source.isShared
            if isShared, !isMetered { meter.begin() }
            isMetered = isShared
            let isDrawn = command.source.draw(
                onto: &target,
                layout,
                placement: command.placement,
                clip: command.clip,
                opaque: command.opaque
            )
            if isShared, let trouble = meter.end() { troubles[index] = trouble }
            if !isDrawn { troubles[index, default: DrawingTrouble()].isUnmappable = true }
        }
        return troubles
    }

    /// Draws the `band`th of `count` bands of the picture, from the top down.
    func draw(
        band: Int,
        of count: Int,
        into target: inout MutableRawSpan,
        _ layout: PixelLayout,
        meter: DrawingMeter
    ) -> [Int: DrawingTrouble] {
        if count == 1 { return draw(into: &target, layout, meter: meter) }
        let height = layout.size.height
        let (top, bottom) = (height * band / count, height * (band + 1) / count)
        let rows = Rectangle(x: 0, y: top, width: layout.size.width, height: bottom - top)
        return clipped(to: rows).draw(into: &target, layout, meter: meter)
    }
}
