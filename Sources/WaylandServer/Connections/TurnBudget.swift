/// How much of a client's requests is served before others have their turn.
struct TurnBudget {
    private var requests = 500
    private var bytes = 65_536
    private let end: UInt64
    /// Requests until the clock is looked at, which costs as much as a cheap request.
    private var untilLook = 1
    private var interval = 1
    private var lastLook: UInt64
    private(set) var isSpent = false

    /// For so many nanoseconds; ``whole`` or ``first``.
    init(_ time: UInt64) {
        lastLook = EventLoop.now
        end = lastLook + time
    }

    /// What a turn may take.
    static let whole: UInt64 = 1_000_000
    /// What it may take of somebody who has just sent something: enough for most, and no long wait for the next.
    static let first: UInt64 = 250_000

    /// Counts bytes that were received.
    mutating func use(bytes count: Int) {
        bytes -= count
        if bytes <= 0 { isSpent = true }
    }

    /// Counts a request; true once the budget is spent.
    @inline(__always)
    mutating func useRequest() -> Bool {
        untilLook -= 1
        return untilLook == 0 ? look() : false
    }

    @inline(never)
    private mutating func look() -> Bool {
        let now = EventLoop.now
        requests -= interval
        // Quick ones in a row are looked after less often.
        interval = now - lastLook > 250_000 ? 1 : min(interval * 2, 16)
        lastLook = now
        untilLook = interval
        if now >= end || requests <= 0 { isSpent = true }
        return isSpent
    }
}
