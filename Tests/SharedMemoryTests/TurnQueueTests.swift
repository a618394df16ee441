import Testing

import SharedMemory

@Suite struct TurnQueueTests {
    private var queue = TurnQueue<Int, String>()

    private mutating func takeAll() -> [String] {
        var result: [String] = []
        while let next = queue.popFirst() { result.append(next) }
        return result
    }

    @Test mutating func `owners have their turns by turns`() {
        for number in 0..<4 { queue.append("a\(number)", of: 1) }
        queue.append("b0", of: 2)
        queue.append("c0", of: 3)
        queue.append("c1", of: 3)
        #expect(takeAll() == ["a0", "b0", "c0", "a1", "c1", "a2", "a3"] && queue.isEmpty)
    }

    @Test mutating func `who may have no turn is passed over, and keeps its place`() {
        for number in 0..<3 { queue.append("a\(number)", of: 1) }
        queue.append("b0", of: 2)
        queue.append("b1", of: 2)
        var asked = 0
        let next = queue.popFirst { owner in
            asked += 1
            return owner == 2
        }
        #expect(next == "b0" && asked == 2)
        #expect(queue.popFirst { _ in false } == nil)
        #expect(takeAll() == ["a0", "b1", "a1", "a2"])
    }

    @Test mutating func `a newcomer waits for one of each owner`() {
        for number in 0..<1_000 { queue.append("a\(number)", of: 1) }
        #expect((0..<300).compactMap { _ in queue.popFirst() }.last == "a299")
        queue.append("b0", of: 2)
        #expect([queue.popFirst(), queue.popFirst(), queue.popFirst()] == ["a300", "b0", "a301"])
        #expect(takeAll().count == 698)
    }
}
