/// A time as events carry it: seconds in two halves, and nanoseconds.
struct WireTime {
    let high: UInt32
    let low: UInt32
    let rest: UInt32

    init(nanoseconds: UInt64) {
        let seconds = nanoseconds / 1_000_000_000
        high = UInt32(seconds >> 32)
        low = UInt32(truncatingIfNeeded: seconds)
        rest = UInt32(nanoseconds % 1_000_000_000)
    }
}
