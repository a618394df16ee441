internal import Pixels

/// How a picture lies in a pool, where its client tells but one stride.
///
/// wl_shm doesn't say where the planes are. As clients and other compositors have it, each begins where all rows of the
/// one before end, the last row's padding included. Its rows are as far apart as those of luma, and half as far where
/// Cb and Cr have a plane each. Halves are rounded up.
///
/// Source: gst_wl_shm_validate_video_info in GStreamer's gstwlshmallocator.c.
struct ShmLayout: Hashable, Sendable {
    let picture: BufferPicture
    /// Where each plane's bytes are, from the buffer's first byte on.
    let planes: [Range<Int>]
    /// Bytes from one row of each plane to the next.
    let strides: [Int]

    /// Nil where a row of a plane doesn't fit into its stride, or the whole into 64 bits.
    init?(_ format: BufferFormat, size: Size, stride: Int) {
        strides = (0..<format.planeCount).map { plane in
            plane > 0 && format.planeCount == 3 ? stride / 2 + stride % 2 : stride
        }
        guard let picture = BufferPicture(format, size: size, strides: strides) else { return nil }
        var planes: [Range<Int>] = []
        var start = 0
        for (plane, stride) in strides.enumerated() {
            let (next, overflow) = start.addingReportingOverflow(stride * picture.rows(plane: plane))
            guard !overflow else { return nil }
            planes.append(start..<start + picture.byteCount(plane: plane))
            start = next
        }
        self.picture = picture
        self.planes = planes
    }

    /// In pixels.
    var size: Size { picture.size }

    /// Bytes from the first plane's first pixel to the end of the last plane's last one.
    var byteCount: Int { planes[planes.count - 1].upperBound }

    /// Where the bytes of some rows of pixels are, from the buffer's first byte on: plane by plane, from the top down,
    /// and none twice. `rows` go from the top down too.
    func bytes(ofRows rows: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for (plane, place) in planes.enumerated() {
            let (stride, rowBytes) = (strides[plane], picture.rowBytes(plane: plane))
            var done = 0
            for rows in rows where !rows.isEmpty {
                let rows = picture.rows(plane: plane, ofPixels: rows)
                let start = max(done, rows.lowerBound)
                guard start < rows.upperBound else { continue }
                done = rows.upperBound
                let end = place.lowerBound + (rows.upperBound - 1) * stride + rowBytes
                result.append(place.lowerBound + start * stride..<end)
            }
        }
        return result
    }
}
