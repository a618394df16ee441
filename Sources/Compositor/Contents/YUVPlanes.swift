internal import Pixels

/// Luma and chroma, in one piece of memory or in several.
struct YUVPlanes: PixelSource {
    /// Where they are; as many as the format has.
    let planes: [PixelStorage]
    /// Size, rows and format; the planes hold so much.
    let layout: YUVLayout

    var size: Size { layout.size }

    var isOpaque: Bool { true }

    var isShared: Bool { planes.contains(where: \.isShared) }

    func missingPages(_ placement: Placement, clip: Rectangle) -> Int {
        let shown = Painter.rows(of: layout.size, placement, shownIn: clip)
        return planes.enumerated().reduce(0) { sum, plane in
            let rows = layout.format.rows(plane: plane.offset, ofPixels: shown)
            return sum + plane.element.missingPages(rows: rows, stride: layout.strides[plane.offset])
        }
    }

    func effort(_ placement: Placement) -> Int { Painter.effort(layout, placement) }

    func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) -> Bool {
        var isDrawn = false
        withBytes(of: 0) { first in
            withBytes(of: 1) { second in
                withBytes(of: 2) { third in
                    Painter.draw(
                        first,
                        second: second,
                        third: third,
                        layout,
                        onto: &target,
                        targetLayout,
                        placement: placement,
                        clip: clip
                    )
                    isDrawn = true
                }
            }
        }
        return isDrawn
    }

    /// Lends a plane's bytes, none where there is no such plane; doesn't where they can't be had.
    private func withBytes(of plane: Int, _ body: (RawSpan) -> Void) {
        guard planes.indices.contains(plane) else { return body(RawSpan()) }
        planes[plane].withBytes(body)
    }
}

extension BufferPicture {
    /// What it shows, where its planes are.
    func source(_ planes: [PixelStorage]) -> any PixelSource {
        switch self {
        case .pixels(let layout): PixelRows(planes[0], layout)
        case .yuv(let layout): YUVPlanes(planes: planes, layout: layout)
        }
    }
}
