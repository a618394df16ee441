@testable import Compositor
import Testing
import WaylandServer

/// What shapes are called, by their numbers.
struct CursorShapeNameTests {
    @Test func allShapesHaveNames() {
        var names: Set<String> = []
        for number in 1...36 as ClosedRange<UInt32> {
            let shape = CursorShape(.init(rawValue: number), version: 2)
            names.insert(shape?.names.first ?? "none")
            #expect((CursorShape(.init(rawValue: number), version: 1) == nil) == (number > 34))
        }
        #expect(names.count == 36 && names.isSuperset(of: ["default", "ns-resize", "all-resize", "not-allowed"]))
        #expect(
            CursorShape(.init(rawValue: 0), version: 2) == nil && CursorShape(.init(rawValue: 37), version: 2) == nil
        )
    }
}
