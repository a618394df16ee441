/// Whether a client leaves buffers alone while the compositor has them.
///
/// It compares what is in a buffer when it is committed with what is in it when it is released or committed again. What
/// is written and taken back in between isn't seen.
final class ReleaseJudgement: Judgement {
    override class var name: String { "release" }
    override class var summary: String { "nothing is written into a buffer before its wl_buffer.release (sampled)" }

    override func hear(_ occurrence: Occurrence) {
        switch occurrence {
        case .released(let buffer):
            guard buffer.isHeld, let before = buffer.committed else { return }
            judge(buffer, before, buffer.read(), "before its release was delivered")
        case .committed(let commit):
            // Still with what the commit before found.
            guard let buffer = commit.buffer, buffer.isHeld, let before = buffer.committed else { return }
            judge(buffer, before, commit.after, "before it was committed again, without a release")
        default: break
        }
    }

    private func judge(_ buffer: Buffer, _ before: Picture, _ now: Picture?, _ moment: String) {
        guard !buffer.isShared, let now, now.hasSameShape(as: before) else { return }
        guard let area = before.difference(from: now) else { return }
        let milliseconds = Int((model.time - buffer.commitTime) * 1_000)
        report(
            .error,
            buffer.object.name,
            "written to at \(area.text) within \(milliseconds) ms after a commit and \(moment) (sampled)",
            rule: "wl_surface.attach: after attaching and committing a buffer, the client must not modify it until "
                + "wl_buffer.release",
            remedy: "draw into another buffer while this one is held; keep two or three, and reuse one when its "
                + "release has come"
        )
    }
}
