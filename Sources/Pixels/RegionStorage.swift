internal import CPixman

/// The memory behind a ``Region`` that isn't empty: one pixman_region32, freed with its last user.
@safe
final class RegionStorage: @unchecked Sendable {
    /// A constant, so that looking at it needs no check for exclusive access.
    private let region = UnsafeMutablePointer<pixman_region32_t>.allocate(capacity: 1)

    private init() {
        unsafe pixman_region32_init(region)
    }

    init(_ box: pixman_box32_t) {
        var box = box
        unsafe pixman_region32_init_with_extents(region, &box)
    }

    init(_ boxes: [pixman_box32_t]) {
        unsafe pixman_region32_init_rects(region, boxes, CInt(boxes.count))
    }

    deinit {
        unsafe pixman_region32_fini(region)
        unsafe region.deallocate()
    }

    func copy() -> RegionStorage {
        let result = RegionStorage()
        unsafe pixman_region32_copy(result.region, region)
        return result
    }

    var isEmpty: Bool { unsafe pixman_region32_not_empty(region) == 0 }

    var count: Int { unsafe Int(pixman_region32_n_rects(region)) }

    var extents: pixman_box32_t { unsafe pixman_region32_extents(region).pointee }

    func equals(_ other: RegionStorage) -> Bool {
        if self === other { return true }
        // pixman compares where empty regions once were.
        if isEmpty || other.isEmpty { return isEmpty && other.isEmpty }
        return unsafe pixman_region32_equal(region, other.region) != 0
    }

    func contains(_ x: Int32, _ y: Int32) -> Bool {
        unsafe pixman_region32_contains_point(region, x, y, nil) != 0
    }

    func intersects(_ box: pixman_box32_t) -> Bool {
        var box = box
        return unsafe pixman_region32_contains_rectangle(region, &box) != PIXMAN_REGION_OUT
    }

    func forEachBox(_ body: (pixman_box32_t) -> Void) {
        var count: CInt = 0
        let boxes = unsafe pixman_region32_rectangles(region, &count)
        for index in 0..<Int(count) { unsafe body(boxes![index]) }
    }

    // pixman lets the result be one of the operands.

    func formUnion(_ other: RegionStorage) {
        _ = unsafe pixman_region32_union(region, region, other.region)
    }

    func formUnion(_ box: pixman_box32_t) {
        _ = unsafe pixman_region32_union_rect(region, region, box.x1, box.y1, box.width, box.height)
    }

    func formIntersection(_ other: RegionStorage) {
        _ = unsafe pixman_region32_intersect(region, region, other.region)
    }

    func formIntersection(_ box: pixman_box32_t) {
        _ = unsafe pixman_region32_intersect_rect(region, region, box.x1, box.y1, box.width, box.height)
    }

    func subtract(_ other: RegionStorage) {
        _ = unsafe pixman_region32_subtract(region, region, other.region)
    }

    func subtract(_ box: pixman_box32_t) {
        var box = box
        var other = unsafe pixman_region32_t()
        unsafe pixman_region32_init_with_extents(&other, &box)
        _ = unsafe pixman_region32_subtract(region, region, &other)
        unsafe pixman_region32_fini(&other)
    }

    func translate(_ x: Int32, _ y: Int32) {
        unsafe pixman_region32_translate(region, x, y)
    }

    /// Lets `body` use the region in C.
    func withPointer<R>(_ body: (UnsafeMutablePointer<pixman_region32_t>) -> R) -> R {
        unsafe body(region)
    }
}

extension pixman_box32_t {
    fileprivate var width: UInt32 { UInt32(bitPattern: x2 &- x1) }
    fileprivate var height: UInt32 { UInt32(bitPattern: y2 &- y1) }
}
