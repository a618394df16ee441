/// When pictures are shown: each at the refresh of the output that is nearest to its time.
///
/// Times are nanoseconds, of the clock of wp_presentation or since the video's start.
struct PlaybackClock {
    /// When the video's time 0 is; nil until the first picture.
    private var start: Int64?
    /// The time of the newest picture, since the video's start.
    private var newest: Int64 = 0
    /// Whether the start is set to what is told of the first picture.
    private var isAnchored = false
    private var refresh: (time: Int64, duration: Int64)?
    /// A stream's pictures wait for so long, so that one that comes later than others is in time.
    private let delay: Int64

    init(delay: Int64) { self.delay = delay }

    /// When the picture is to be shown that has `time` in the video. Where that is far from the one before, as where a
    /// stream starts anew, or its time goes back, that is now.
    mutating func due(_ time: Int64, now: Int64) -> Int64 {
        if let start, time >= newest, time - newest < 10_000_000_000 { return start + time }
        restart(time, at: now + delay)
        return now + delay
    }

    /// The picture with `time` is shown at `moment`, whatever was meant before.
    mutating func restart(_ time: Int64, at moment: Int64) {
        start = moment - time
        newest = time
        isAnchored = false
    }

    /// It is committed now.
    mutating func commit(_ time: Int64) { newest = time }

    /// When to commit what is due at some time: three quarters of a refresh ahead, so that compositors that take some
    /// time are in time, and those that don't aren't too early.
    func commitTime(_ due: Int64) -> Int64 {
        guard let refresh, refresh.duration > 0 else { return due }
        let distance = due - refresh.time
        let count = (Double(distance) / Double(refresh.duration)).rounded()
        return refresh.time + Int64(count) * refresh.duration - refresh.duration * 3 / 4
    }

    /// The compositor has shown the picture with `time`, at `moment`, and does that each `duration`; 0 where it doesn't
    /// know.
    mutating func presented(_ time: Int64?, at moment: Int64, every duration: Int64) {
        refresh = (moment, duration)
        // Pictures in the middle between two refreshes would go now to one and now to the other.
        if !isAnchored, let time, start != nil {
            start = moment - time
            isAnchored = true
        }
    }
}
