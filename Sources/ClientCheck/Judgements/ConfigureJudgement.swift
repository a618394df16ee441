import Pixels

/// Whether a client answers each configure, and draws at the size that it agreed to where that is binding.
final class ConfigureJudgement: Judgement {
    override class var name: String { "configure" }
    override class var summary: String { "each configure is acked, and binding sizes are kept" }

    /// Seconds that a client may take.
    private static let patience = 1.0
    private var late: Set<UInt32> = []
    private var pings: [UInt32: Double] = [:]
    /// When the newest ping was sent that the client has answered: it has read all that was sent before.
    private var hasReadUntil = 0.0

    override func hear(_ occurrence: Occurrence) {
        switch occurrence {
        case .ping(let serial): pings[serial] = model.time
        case .pong(let serial):
            if let sent = pings.removeValue(forKey: serial) { hasReadUntil = max(hasReadUntil, sent) }
        case .committed(let commit):
            if let shell = commit.surface.shell, let configure = shell.acked, commit.surface.buffer != nil {
                judgeSize(shell, configure)
            }
        default: break
        }
    }

    override func tick() {
        judgeAnswers(patience: Self.patience)
        // One that agrees and never draws.
        for shell in model.shells.values where shell.open.isEmpty && shell.surface.buffer != nil {
            guard let configure = shell.acked, model.time - configure.ackTime > Self.patience else { continue }
            judgeSize(shell, configure)
        }
    }

    override func end() { judgeAnswers(patience: Self.patience) }

    private func judgeAnswers(patience: Double) {
        for shell in model.shells.values {
            // A later one that is answered stands for those before.
            // One that reads nothing is for another judgement.
            guard let last = shell.open.last, last.time < hasReadUntil, model.time - last.time > patience,
                late.insert(last.serial).inserted
            else { continue }
            report(
                .error,
                shell.object.name,
                "configure \(last.serial) isn't acked after \(seconds(model.time - last.time))",
                rule: "xdg_surface.configure: the client should arrange its surface for the new states, and then send "
                    + "ack_configure with the serial",
                remedy: "send xdg_surface.ack_configure for the newest serial before the next wl_surface.commit, also "
                    + "where nothing changes",
                key: "ack"
            )
        }
    }

    private func judgeSize(_ shell: ShellRecord, _ configure: ShellRecord.Configure) {
        guard configure.isToplevel, configure.width > 0, configure.height > 0 else { return }
        // Without a geometry of its own a window is as large as its surface with all subsurfaces.
        guard let size = shell.geometry?.size ?? (shell.surface.hasSubsurfaces ? nil : shell.surface.size) else {
            return
        }
        let asked = Size(width: configure.width, height: configure.height)
        // The compositor was told that this size can't be.
        guard shell.allowed(asked) == asked else { return }
        let isTooLarge = size.width > asked.width || size.height > asked.height
        let states = configure.states
        let wrong: (state: String, rule: String)?
        if states.contains(State.fullscreen) {
            wrong = isTooLarge ? ("fullscreen", Self.maximum) : nil
        } else if states.contains(State.maximized) {
            wrong = size != asked ? ("maximized", Self.exact) : nil
        } else if states.contains(State.resizing) {
            wrong = isTooLarge ? ("resizing", Self.maximum) : nil
        } else {
            wrong = nil
        }
        guard let wrong else { return }
        report(
            .error,
            shell.surface.object.name,
            "its window geometry is \(size.width)x\(size.height), and \(asked.width)x\(asked.height) was acked for "
                + "the state \(wrong.state)",
            rule: "xdg_toplevel.state.\(wrong.state): \(wrong.rule)",
            remedy: "draw and commit at the size of the last configure that was acked, and keep "
                + "xdg_surface.set_window_geometry in step with it; the size is in surface coordinates",
            key: "size \(wrong.state)"
        )
    }

    private static let maximum = "the window geometry of the configure is a maximum; the client cannot resize beyond it"
    private static let exact = "the window geometry specified in the configure event must be obeyed by the client"

    /// xdg_toplevel.state.
    enum State {
        static let maximized: UInt32 = 1
        static let fullscreen: UInt32 = 2
        static let resizing: UInt32 = 3
        static let activated: UInt32 = 4
    }
}

/// As in `1.5 s`.
func seconds(_ time: Double) -> String { "\((time * 10).rounded() / 10) s" }
