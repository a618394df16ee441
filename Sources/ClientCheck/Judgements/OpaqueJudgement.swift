import Pixels

/// Whether what a client calls opaque is opaque.
final class OpaqueJudgement: Judgement {
    override class var name: String { "opaque" }
    override class var summary: String { "pixels under wl_surface.set_opaque_region are opaque" }

    /// Each surface is looked at so often at most, as each pixel is.
    private static let interval = 0.25
    private var lastTimes: [ObjectIdentifier: (time: Double, region: Region)] = [:]

    override func hear(_ occurrence: Occurrence) {
        guard case .committed(let commit) = occurrence, let picture = commit.after, picture.layout.alpha != 0 else {
            return
        }
        let state = commit.surface.current
        guard !state.opaque.isEmpty, state.transform == 0, state.source == nil, state.destination == nil else { return }
        let key = ObjectIdentifier(commit.surface)
        if let last = lastTimes[key], model.time - last.time < Self.interval, last.region == state.opaque { return }
        lastTimes[key] = (model.time, state.opaque)
        let region = state.opaque.mapped { $0.scaled(by: state.scale) }
        guard let pixel = picture.firstTransparent(within: region) else { return }
        report(
            .error,
            commit.surface.object.name,
            "the pixel \(pixel.x),\(pixel.y) of the buffer has alpha \(pixel.alpha), inside of the opaque region",
            rule:
                "wl_surface.set_opaque_region: marking transparent content as opaque will result in repaint artifacts",
            remedy: "leave shadows, rounded corners and what isn't drawn yet out of the region; or use XRGB8888"
        )
    }
}
