/// Whether a client rests while nothing happens.
///
/// Time counts as quiet when the client has shown something and hears of nothing new: no input, no configure, no frame.
final class IdleJudgement: Judgement {
    override class var name: String { "idle" }
    override class var summary: String { "neither requests nor CPU time while nothing happens" }

    /// Seconds without news before time counts.
    private static let pause = 0.3
    /// Seconds that a client may work on what it heard last before it commits, and on its start.
    private static let workTime = 1.0
    /// Seconds that say something.
    private static let minimum = 0.4
    /// Requests in a second that a blinking cursor or a clock doesn't need.
    private static let requestLimit = 20.0
    private var lastNews: Double?
    private var firstTime = 0.0
    private var lastCommit = 0.0
    private var requestCount = 0
    private var quietTime = 0.0
    private var usedTime = 0.0
    private var lastTick: (time: Double, cpu: Double)?
    /// CPU time of the client's process, in seconds.
    var cpuTime: () -> Double? = { nil }

    override func hear(_ occurrence: Occurrence) {
        switch occurrence {
        case .committed(let commit):
            lastCommit = model.time
            if commit.buffer != nil, lastNews == nil { (lastNews, firstTime) = (model.time, model.time) }
        case .message(let message):
            if message.isRequest {
                if message.name != "pong", isQuiet, model.waitingFrameCount == 0 { requestCount += 1 }
            } else if lastNews != nil, isNews(message) {
                lastNews = model.time
            }
        case .frameDone: lastNews = lastNews.map { _ in model.time }
        default: break
        }
    }

    /// Whether an event tells of something that the client didn't ask for itself.
    private func isNews(_ event: Message) -> Bool {
        switch event.object.interface.name {
        case "wl_callback", "wl_buffer", "wp_presentation_feedback": false
        case "wl_display", "xdg_wm_base": false
        default: true
        }
    }

    private var isQuiet: Bool {
        guard let lastNews, model.time - firstTime > Self.workTime else { return false }
        return model.time - lastNews > Self.pause
    }

    /// Whether it has nothing left to draw either: drawing may take long, and ends with a commit.
    private var isDone: Bool {
        guard let lastNews, isQuiet, model.time - lastCommit > Self.pause else { return false }
        return lastCommit > lastNews || model.time - lastNews > Self.workTime
    }

    override func tick() {
        guard let cpu = cpuTime() else { return }
        if let lastTick, model.time > lastTick.time {
            let passed = model.time - lastTick.time
            if isDone {
                quietTime += passed
                usedTime += max(0, cpu - lastTick.cpu)
            }
        }
        lastTick = (model.time, cpu)
    }

    override func end() {
        let time = model.time - firstTime - Self.workTime
        if lastNews != nil, time > Self.minimum, Double(requestCount) / time > Self.requestLimit {
            report(
                .hint,
                "wl_display",
                "\(Int(Double(requestCount) / time)) requests in a second while nothing happens and no frame "
                    + "callback is waited for",
                rule:
                    "wl_surface.frame: it is how clients find out when drawing makes sense; without it they draw what "
                    + "nobody sees",
                remedy: "send nothing when nothing has changed; for an animation, draw when a frame callback comes",
                key: "requests"
            )
        }
        guard quietTime > Self.minimum else { return }
        let share = usedTime / quietTime
        if share > 0.2 {
            report(
                share > 0.8 ? .warning : .hint,
                "the client",
                "it uses \(Int(share * 100)) % of a CPU while nothing happens",
                rule: "poll(2): a client without news sleeps until its connection or a timer wakes it",
                remedy: "wait in poll for the connection's descriptor, and don't look for events in a loop",
                key: "cpu"
            )
        }
    }
}
