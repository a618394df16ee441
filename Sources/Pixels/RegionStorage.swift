internal import CPixman

/// The memory behind a ``Region`` that isn't empty: one pixman_region32, freed with its last user.
@safe
final class RegionStorage: @unchecked Sendable {
    /// Changed only by a region that is its only user, so that there is no other access at that time.
    @safe @exclusivity(unchecked) private var region = unsafe pixman_region32_t()

    private init() {
        unsafe withPointer { unsafe pixman_region32_init($0) }
    }

    init(_ box: pixman_box32_t) {
        var box = box
        unsafe withPointer { unsafe pixman_region32_init_with_extents($0, &box) }
    }

    init(_ boxes: [pixman_box32_t]) {
        unsafe withPointer { _ = unsafe pixman_region32_init_rects($0, boxes, CInt(boxes.count)) }
    }

    deinit {
        unsafe withPointer { unsafe pixman_region32_fini($0) }
    }

    func copy() -> RegionStorage {
        let result = RegionStorage()
        unsafe result.withPointer(other: self) { _ = unsafe pixman_region32_copy($0, $1) }
        return result
    }

    var isEmpty: Bool { unsafe withPointer { unsafe pixman_region32_not_empty($0) == 0 } }

    var count: Int { unsafe withPointer { unsafe Int(pixman_region32_n_rects($0)) } }

    var extents: pixman_box32_t { unsafe withPointer { unsafe pixman_region32_extents($0).pointee } }

    func equals(_ other: RegionStorage) -> Bool {
        if self === other { return true }
        // pixman compares where empty regions once were.
        if isEmpty || other.isEmpty { return isEmpty && other.isEmpty }
        return unsafe withPointer(other: other) { unsafe pixman_region32_equal($0, $1) != 0 }
    }

    func contains(_ x: Int32, _ y: Int32) -> Bool {
        unsafe withPointer { unsafe pixman_region32_contains_point($0, x, y, nil) != 0 }
    }

    func intersects(_ box: pixman_box32_t) -> Bool {
        var box = box
        return unsafe withPointer { unsafe pixman_region32_contains_rectangle($0, &box) != PIXMAN_REGION_OUT }
    }

    func forEachBox(_ body: (pixman_box32_t) -> Void) {
        var count: CInt = 0
        let boxes = unsafe withPointer { unsafe pixman_region32_rectangles($0, &count) }
        for index in 0..<Int(count) { unsafe body(boxes![index]) }
    }

    // pixman lets the result be one of the operands.

    func formUnion(_ other: RegionStorage) {
        unsafe withPointer(other: other) { _ = unsafe pixman_region32_union($0, $0, $1) }
    }

    func formUnion(_ box: pixman_box32_t) {
        unsafe withPointer { _ = unsafe pixman_region32_union_rect($0, $0, box.x1, box.y1, box.width, box.height) }
    }

    func formIntersection(_ other: RegionStorage) {
        unsafe withPointer(other: other) { _ = unsafe pixman_region32_intersect($0, $0, $1) }
    }

    func formIntersection(_ box: pixman_box32_t) {
        unsafe withPointer { _ = unsafe pixman_region32_intersect_rect($0, $0, box.x1, box.y1, box.width, box.height) }
    }

    func subtract(_ other: RegionStorage) {
        unsafe withPointer(other: other) { _ = unsafe pixman_region32_subtract($0, $0, $1) }
    }

    func subtract(_ box: pixman_box32_t) {
        var box = box
        var other = unsafe pixman_region32_t()
        unsafe pixman_region32_init_with_extents(&other, &box)
        unsafe withPointer { _ = unsafe pixman_region32_subtract($0, $0, &other) }
        unsafe pixman_region32_fini(&other)
    }

    func translate(_ x: Int32, _ y: Int32) {
        unsafe withPointer { unsafe pixman_region32_translate($0, x, y) }
    }

    /// Lets `body` use the region in C.
    @inline(__always)
    func withPointer<R>(_ body: (UnsafeMutablePointer<pixman_region32_t>) -> R) -> R {
        unsafe withUnsafeMutablePointer(to: &region) { unsafe body($0) }
    }

    @inline(__always)
    private func withPointer<R>(
        other: RegionStorage,
        _ body: (UnsafeMutablePointer<pixman_region32_t>, UnsafeMutablePointer<pixman_region32_t>) -> R
    ) -> R {
        unsafe withPointer { one in unsafe other.withPointer { unsafe body(one, $0) } }
    }
}

extension pixman_box32_t {
    fileprivate var width: UInt32 { UInt32(bitPattern: x2 &- x1) }
    fileprivate var height: UInt32 { UInt32(bitPattern: y2 &- y1) }
}
