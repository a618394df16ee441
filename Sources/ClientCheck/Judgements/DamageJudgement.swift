import Pixels

/// Whether the damage of a commit covers what looks different from what the surface showed before.
///
/// What counts is what the surface showed, and not what was in the same buffer when it was used last: a client that
/// keeps several buffers has to tell of all that changed on the surface.
final class DamageJudgement: Judgement {
    override class var name: String { "damage" }
    override class var summary: String { "wl_surface.damage covers what has changed on the surface" }

    override func hear(_ occurrence: Occurrence) {
        guard case .committed(let commit) = occurrence, let before = commit.before, let after = commit.after,
            before !== after, before.hasSameShape(as: after), let damage = commit.damage
        else { return }
        let whole = Region(Rectangle(x: 0, y: 0, width: after.width, height: after.height))
        guard let missed = before.difference(from: after, within: whole.subtracting(damage)) else { return }
        report(
            .error,
            commit.surface.object.name,
            commit.hasDamage
                ? "pixels changed in \(missed.text) of the buffer, outside of the damage of the commit"
                : "pixels changed in \(missed.text) of the buffer, and the commit has no damage at all",
            rule: "wl_surface.damage_buffer: it describes the regions where the pending buffer is different from the "
                + "current surface contents; the compositor ignores the parts that fall outside",
            remedy: commit.hasDamage
                ? "add up the damage of all frames since the buffer was used last (its age), or send what differs from "
                    + "the last commit; damage_buffer is in pixels, damage in surface coordinates"
                : "send wl_surface.damage_buffer for what was drawn before wl_surface.commit",
            key: commit.hasDamage ? "outside" : "none"
        )
    }
}
