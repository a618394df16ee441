internal import Pixels

/// A picture that was drawn before, with which what is about to be drawn is compared: clients that draw with a GPU's
/// help often say that everything has changed, where little has.
struct PictureComparison: Sendable {
    /// It isn't written to until the comparison is done.
    let memory: PixelMemory
    let layout: PixelLayout
    /// Where the new picture may differ from it.
    let damage: Region
    /// What has to be drawn in any case, as the memory that is drawn into shows something older there.
    let stale: Region

    /// With so many pixels of one thing that may differ, it is worth a look.
    private static let pixelsWorthLook = 1 << 16
    /// So many things are considered, frontmost first.
    private static let commandLimit = 16

    /// Whether there is so much damage that it may be worth it.
    var isWorthLook: Bool { damage.area >= Self.pixelsWorthLook }

    /// What of the damage turns out to be the same, and what trouble shared memory made, by the command's place.
    ///
    /// Only what is copied as it is, with nothing in front of it, is looked at.
    func unchanged(by commands: [DrawCommand], meter: DrawingMeter) -> (same: Region, [Int: DrawingTrouble]) {
        var (same, inFront) = (Region(), Region())
        var troubles: [Int: DrawingTrouble] = [:]
        for index in commands.indices.suffix(Self.commandLimit).reversed() {
            let command = commands[index]
            let shown = command.clip.intersection(command.placement.destination)
            let copied = command.source.isOpaque ? shown : shown.intersection(command.opaque)
            let candidate = copied.intersection(damage).subtracting(inFront)
            if candidate.area >= Self.pixelsWorthLook {
                if command.source.isShared { meter.begin() }
                memory.withBytes { picture in
                    same.formUnion(
                        command.source.unchanged(in: picture, layout, placement: command.placement, region: candidate)
                    )
                }
                if command.source.isShared, let trouble = meter.end() { troubles[index] = trouble }
            }
            inFront.formUnion(shown)
        }
        return (same, troubles)
    }
}
