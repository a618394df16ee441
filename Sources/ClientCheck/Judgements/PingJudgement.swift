/// Whether a client answers xdg_wm_base.ping, which says that it isn't stuck.
final class PingJudgement: Judgement {
    override class var name: String { "ping" }
    override class var summary: String { "xdg_wm_base.ping is answered in time" }

    /// Seconds after which an answer is late, and after which compositors call a client unresponsive.
    private static let lateAfter = 1.0
    private static let lostAfter = 1.5
    /// When those were sent that aren't answered, by the client's time.
    private var waiting: [UInt32: Double] = [:]
    /// Seconds that the client was kept from its CPU by others: it isn't slow for that.
    var queueTime: () -> Double = { 0 }
    private var clientTime: Double { model.time - queueTime() }
    private static let rule =
        "xdg_wm_base.ping: a client should respond to ping events in a reasonable amount of time; "
        + "compositors offer users to end one that doesn't"

    override func hear(_ occurrence: Occurrence) {
        switch occurrence {
        case .ping(let serial): waiting[serial] = clientTime
        case .pong(let serial):
            guard let asked = waiting.removeValue(forKey: serial) else { return }
            let time = clientTime - asked
            guard time > Self.lateAfter else { return }
            report(
                .warning,
                "xdg_wm_base",
                "a ping was answered after \(seconds(time))",
                rule: Self.rule,
                remedy: "move what takes long out of the thread that reads the connection",
                key: "late"
            )
        default: break
        }
    }

    override func end() {
        let now = clientTime
        guard let first = waiting.values.min(), now - first > Self.lostAfter else { return }
        let isWithoutFrames = model.waitingFrameCount > 0
        report(
            isWithoutFrames ? .warning : .error,
            "xdg_wm_base",
            "pings aren't answered, for \(seconds(now - first))"
                + (isWithoutFrames ? ", while a frame callback is waited for" : ""),
            rule: Self.rule,
            remedy: isWithoutFrames
                ? "don't block for a frame, as eglSwapBuffers does with a swap interval: set that to 0, and draw when "
                    + "a wl_surface.frame callback of the client's own comes"
                : "answer with xdg_wm_base.pong from the main loop, whatever else goes on",
            key: "lost"
        )
    }
}
