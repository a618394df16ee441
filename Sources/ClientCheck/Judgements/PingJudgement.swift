/// Whether a client answers xdg_wm_base.ping, which says that it isn't stuck.
final class PingJudgement: Judgement {
    override class var name: String { "ping" }
    override class var summary: String { "xdg_wm_base.ping is answered in time" }

    /// Seconds after which an answer is late, and after which compositors call a client unresponsive.
    private static let lateAfter = 1.0
    private static let lostAfter = 1.5
    private var waiting: [UInt32: Double] = [:]
    private static let rule =
        "xdg_wm_base.ping: a client should respond to ping events in a reasonable amount of time; "
        + "compositors offer users to end one that doesn't"

    override func hear(_ occurrence: Occurrence) {
        switch occurrence {
        case .ping(let serial): waiting[serial] = model.time
        case .pong(let serial):
            guard let asked = waiting.removeValue(forKey: serial), model.time - asked > Self.lateAfter else { return }
            report(
                .warning,
                "xdg_wm_base",
                "a ping was answered after \(seconds(model.time - asked))",
                rule: Self.rule,
                remedy: "move what takes long out of the thread that reads the connection",
                key: "late"
            )
        default: break
        }
    }

    override func end() {
        let lost = waiting.values.filter { model.time - $0 > Self.lostAfter }
        guard let first = lost.min() else { return }
        let isWithoutFrames = model.waitingFrameCount > 0
        report(
            isWithoutFrames ? .warning : .error,
            "xdg_wm_base",
            "pings aren't answered since \(seconds(first))"
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
