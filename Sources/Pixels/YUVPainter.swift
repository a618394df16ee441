internal import CPixelKernels

/// Draws images of luma and chroma.
@unsafe
struct YUVPainter {
    /// Where each plane starts, for as many as the format has.
    let planes: [UnsafeRawPointer?]
    let layout: YUVLayout

    /// How many pixels are converted at once for pixman: a megabyte of them, which is about what caches hold.
    private static let partLimit = 1 << 18

    /// Draws into `clip`, which isn't empty and lies within the placement's destination and the target.
    func draw(
        onto target: UnsafeMutableRawPointer,
        _ targetLayout: PixelLayout,
        _ placement: Placement,
        _ clip: Region
    ) {
        if unsafe placement.isUnscaled(layout.size) {
            return unsafe convert(to: target, targetLayout, at: placement.destination.origin, clip)
        }
        let bounds = clip.bounds
        let part = unsafe placement.part(of: layout.size, shownIn: bounds)
        if unsafe part.area > Self.partLimit, bounds.area > 1 {
            for half in bounds.halves {
                let clip = clip.intersection(half)
                if !clip.isEmpty { unsafe draw(onto: target, targetLayout, placement, clip) }
            }
            return
        }
        let stride = part.width * 4
        guard let partLayout = PixelLayout(size: part.size, stride: stride, format: .xrgb8888) else { return }
        let pixels = UnsafeMutableRawPointer.allocate(byteCount: partLayout.byteCount, alignment: 16)
        defer { unsafe pixels.deallocate() }
        let origin = Point(x: -part.x, y: -part.y)
        unsafe convert(to: pixels, partLayout, at: origin, Region(partLayout.size.bounds))
        unsafe PixmanPainter(target: target, layout: targetLayout).draw(
            pixels,
            partLayout,
            placement.showing(part, of: layout.size),
            copied: clip,
            blended: Region()
        )
    }

    /// Converts the image, put at `origin`, as far as it lies in `region`, each pixel once.
    private func convert(
        to target: UnsafeMutableRawPointer,
        _ targetLayout: PixelLayout,
        at origin: Point,
        _ region: Region
    ) {
        let format = unsafe layout.format
        var coefficients = unsafe signet_yuv_coefficients(layout.matrix)
        region.forEachRectangle { rectangle in
            for row in rectangle.minY..<rectangle.maxY {
                let y = row - origin.y
                let chromaY = format.rowsShareChroma ? y / 2 : y
                unsafe signet_yuv_row(
                    target + row * targetLayout.stride + rectangle.minX * 4,
                    start(of: format.y, row: y),
                    format.y.step,
                    start(of: format.u, row: chromaY),
                    start(of: format.v, row: chromaY),
                    format.u.step,
                    rectangle.minX - origin.x,
                    rectangle.width,
                    &coefficients
                )
            }
        }
    }

    private func start(of component: YUVFormat.Component, row: Int) -> UnsafePointer<UInt8> {
        let offset = unsafe row * layout.strides[component.plane] + component.offset
        return unsafe (planes[component.plane]! + offset).assumingMemoryBound(to: UInt8.self)
    }
}

extension Placement {
    /// The pixels of an image of `size` that may be seen in `shown`, a part of the destination, and two more on each
    /// side: interpolation needs one, and pixman's fixed-point numbers are a little off.
    fileprivate func part(of size: Size, shownIn shown: Rectangle) -> Rectangle {
        let upright = orientation.apply(to: size)
        let crop = crop ?? Crop(upright)
        let (scaleX, scaleY) = (crop.width / Double(destination.width), crop.height / Double(destination.height))
        let columns = shown.minX - destination.minX..<shown.maxX - destination.minX
        let rows = shown.minY - destination.minY..<shown.maxY - destination.minY
        let (x, width) = Self.sampled(columns, from: crop.x, scale: scaleX, count: upright.width)
        let (y, height) = Self.sampled(rows, from: crop.y, scale: scaleY, count: upright.height)
        return orientation.apply(to: Rectangle(x: x, y: y, width: width, height: height), in: upright)
    }

    /// The same in one direction. There is at least one of the `count` pixels: what is beyond the edge looks like the
    /// edge.
    private static func sampled(
        _ range: Range<Int>,
        from start: Double,
        scale: Double,
        count: Int
    ) -> (start: Int, count: Int) {
        // Pixels are sampled at their centres.
        let first = start + scale * (Double(range.lowerBound) + 0.5)
        let last = start + scale * (Double(range.upperBound) - 0.5)
        let low = max(0, min(Double(count - 1), first.rounded(.down) - 2))
        let high = max(low + 1, min(Double(count), last.rounded(.up) + 2))
        return (Int(low), Int(high - low))
    }

    /// The same placement for an image that is only a part of one with `size`.
    fileprivate func showing(_ part: Rectangle, of size: Size) -> Placement {
        let upright = orientation.inverse.apply(to: part, in: size)
        var (placement, crop) = (self, crop ?? Crop(orientation.apply(to: size)))
        crop.x -= Double(upright.x)
        crop.y -= Double(upright.y)
        placement.crop = crop
        return placement
    }
}

extension Placement.Crop {
    /// Everything.
    fileprivate init(_ size: Size) {
        self.init(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
    }
}

extension Rectangle {
    /// Two parts that make it up, cut across its longer side.
    fileprivate var halves: [Rectangle] {
        if width > height {
            let half = width / 2
            return [
                Rectangle(x: x, y: y, width: half, height: height),
                Rectangle(x: x + half, y: y, width: width - half, height: height),
            ]
        }
        let half = height / 2
        return [
            Rectangle(x: x, y: y, width: width, height: half),
            Rectangle(x: x, y: y + half, width: width, height: height - half),
        ]
    }
}

extension signet_yuv_coefficients {
    /// From chroma's definition, Cb = (B - Y) / (2 - 2 Kb) and Cr = (R - Y) / (2 - 2 Kr), and luma's.
    init(_ matrix: ColorMatrix) {
        let (red, blue) = matrix.parts
        let green = 1 - red - blue
        func fixed(_ factor: Double) -> Int16 {
            Int16((factor * Double(1 << SIGNET_YUV_FRACTION_BITS)).rounded())
        }
        // Luma has 219 steps from black to white, chroma 224 from end to end.
        let (luma, chroma) = (255.0 / 219, 255.0 / 224)
        self.init(
            luma: fixed(luma),
            red_of_v: fixed(chroma * 2 * (1 - red)),
            green_of_u: fixed(-chroma * 2 * (1 - blue) * blue / green),
            green_of_v: fixed(-chroma * 2 * (1 - red) * red / green),
            blue_of_u: fixed(chroma * 2 * (1 - blue))
        )
    }
}
