internal import Glibc
internal import Pixels
internal import SharedMemory

/// A picture of the pointer that is nobody's surface.
final class CursorImage: Drawable {
    /// Where its pixels come from.
    struct Picture: Sendable {
        let width: Int
        let height: Int
        /// In pixels.
        let hotspot: Point
        /// Premultiplied ARGB8888.
        let pixels: [UInt32]
        /// Pixels for each unit of the scene's coordinates.
        let scale: Int
    }

    /// In units of the scene's coordinates.
    let hotspot: Point

    init(_ picture: Picture) {
        let (width, height, scale) = (picture.width, picture.height, picture.scale)
        hotspot = Point(x: picture.hotspot.x / scale, y: picture.hotspot.y / scale)
        let layout = PixelLayout(size: Size(width: width, height: height), stride: width * 4, format: .argb8888)!
        let bytes = picture.pixels.flatMap { pixel in (0..<4).map { UInt8(truncatingIfNeeded: pixel >> ($0 * 8)) } }
        super.init(
            Appearance(
                content: SurfaceContent(PixelRows(.bytes(bytes), layout)),
                size: Size(width: (width + scale - 1) / scale, height: (height + scale - 1) / scale)
            )
        )
    }
}

/// The system's cursor theme; Xcursor(3) has the places, the variables and the file format.
enum CursorTheme {
    /// The arrow, or a plain one where there is no theme.
    static func arrow(scale: Int) -> CursorImage.Picture {
        picture(of: .arrow, scale: scale) ?? plainArrow(scale: scale)
    }

    /// A shape of the theme that XCURSOR_THEME names, or of the default one, near XCURSOR_SIZE (24) pixels times
    /// `scale`; nil where no theme has it. Reads files.
    static func picture(of shape: CursorShape, scale: Int) -> CursorImage.Picture? {
        let size = (environment("XCURSOR_SIZE").flatMap { Int($0) } ?? 24) * scale
        var themes = [environment("XCURSOR_THEME") ?? "default"]
        var seen: Set<String> = []
        while let theme = themes.first, seen.count < 16 {
            themes.removeFirst()
            guard seen.insert(theme).inserted else { continue }
            for folder in folders {
                for name in shape.names {
                    guard let file = read("\(folder)/\(theme)/cursors/\(name)") else { continue }
                    if let image = image(in: file, near: size, scale: scale) { return image }
                }
                themes += parents(of: "\(folder)/\(theme)/index.theme")
            }
        }
        return nil
    }

    private static var folders: [String] {
        if let path = environment("XCURSOR_PATH") { return path.split(separator: ":").map(String.init) }
        let home = environment("HOME").map { ["\($0)/.local/share/icons", "\($0)/.icons"] } ?? []
        return home + ["/usr/share/icons", "/usr/share/pixmaps"]
    }

    private static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The themes that a theme falls back to.
    private static func parents(of path: String) -> [String] {
        guard let file = read(path) else { return [] }
        for line in String(decoding: file, as: UTF8.self).split(separator: "\n") where line.hasPrefix("Inherits") {
            guard let value = line.split(separator: "=").dropFirst().first else { continue }
            return value.split { ",; ".contains($0) }.map(String.init)
        }
        return []
    }

    /// The image whose nominal size is nearest. Numbers are little-endian 32 bits; those of the file are not trusted.
    private static func image(in file: [UInt8], near size: Int, scale: Int) -> CursorImage.Picture? {
        func word(_ offset: Int) -> Int? {
            guard offset >= 0, offset + 4 <= file.count else { return nil }
            return (0..<4).reduce(0) { $0 | Int(file[offset + $1]) << ($1 * 8) }
        }
        guard word(0) == 0x7275_6358, let header = word(4), let count = word(12), count <= 4_096 else { return nil }
        let entries = (0..<count).compactMap { index -> (size: Int, offset: Int)? in
            let entry = header + index * 12
            guard word(entry) == 0xfffd_0002, let size = word(entry + 4), let offset = word(entry + 8) else {
                return nil
            }
            return (size, offset)
        }
        guard let best = entries.min(by: { abs($0.size - size) < abs($1.size - size) }),
            let header = word(best.offset), let width = word(best.offset + 16), let height = word(best.offset + 20),
            let x = word(best.offset + 24), let y = word(best.offset + 28),
            (1...1_024).contains(width), (1...1_024).contains(height), x <= width, y <= height
        else { return nil }
        let start = best.offset + header
        let pixels = (0..<width * height).compactMap { word(start + $0 * 4).map { UInt32($0) } }
        guard pixels.count == width * height else { return nil }
        return CursorImage.Picture(
            width: width,
            height: height,
            hotspot: Point(x: x, y: y),
            pixels: pixels,
            scale: scale
        )
    }

    /// White with a black edge.
    private static func plainArrow(scale: Int) -> CursorImage.Picture {
        let rows = 16
        let pixels = (0..<rows * scale).flatMap { y in
            (0..<rows * scale).map { x -> UInt32 in
                let (column, row) = (x / scale, y / scale)
                let width = row < 11 ? row + 1 : 15 - row
                if column >= width { return 0 }
                return column == 0 || column == width - 1 || row == 14 ? 0xff00_0000 : 0xffff_ffff
            }
        }
        return CursorImage.Picture(
            width: rows * scale,
            height: rows * scale,
            hotspot: Point(x: 0, y: 0),
            pixels: pixels,
            scale: scale
        )
    }

    private static func read(_ path: String) -> [UInt8]? {
        readFile(path, upTo: 4 << 20)
    }
}
