/// Whether a client ends the objects that it makes.
///
/// What it has is counted over and over. A kind that has grown in each quarter of the time is taken for a leak.
final class LeakJudgement: Judgement {
    override class var name: String { "leaks" }
    override class var summary: String { "the number of objects doesn't grow without end" }

    /// How often, in seconds, and from when on after the first pixels: starting takes many objects.
    private static let interval = 0.05
    private static let startsAfter = 0.3
    private static let minimumGrowth = 6
    /// Frame callbacks that one surface may wait for.
    private static let frameLimit = 8
    private var start: Double?
    private var lastTime = 0.0
    private var samples: [[String: Int]] = []

    override func hear(_ occurrence: Occurrence) {
        switch occurrence {
        case .committed(let commit): if commit.buffer != nil, start == nil { start = model.time }
        case .frameRequested(let surface): judgeFrames(surface)
        default: break
        }
    }

    private func judgeFrames(_ surface: Surface) {
        let count = model.waitingFrameCount(of: surface)
        guard count > Self.frameLimit else { return }
        report(
            .warning,
            surface.object.name,
            "it waits for \(count) frame callbacks at once",
            rule:
                "wl_surface.frame: a client asks for the next frame when it has drawn one; those of a hidden surface "
                + "don't come, and may be many",
            remedy: "ask for one wl_surface.frame callback, and for the next when its done has come",
            key: "frames"
        )
    }

    override func tick() {
        guard let start, model.time - start > Self.startsAfter, model.time - lastTime >= Self.interval else { return }
        lastTime = model.time
        samples.append(model.objects.all.reduce(into: [:]) { $0[$1.interface.name, default: 0] += 1 })
    }

    override func end() {
        guard samples.count >= 8 else { return }
        let time = Double(samples.count) * Self.interval
        for name in Set(samples.flatMap(\.keys)).sorted() where name != "wl_callback" {
            let counts = samples.map { $0[name] ?? 0 }
            guard Self.grows(counts), let first = counts.first, let last = counts.last else { continue }
            report(
                .error,
                name,
                "there were \(first), and about \(seconds(time)) later \(last)",
                rule: "an object lives until its destructor, and holds memory on either side till then",
                remedy: Self.remedy(for: name),
                key: name
            )
        }
    }

    /// Whether each quarter has more than the one before ever had.
    static func grows(_ counts: [Int]) -> Bool {
        let size = counts.count / 4
        guard size > 0, counts.last! - counts.first! >= minimumGrowth else { return false }
        let quarters = (0..<4).map { counts[$0 * size..<($0 + 1) * size] }
        return zip(quarters, quarters.dropFirst()).allSatisfy { $0.max()! < $1.max()! && $0.max()! <= $1.min()! }
    }

    private static func remedy(for name: String) -> String {
        switch name {
        case "wl_shm_pool":
            "send wl_shm_pool.destroy when its buffers are made (they keep the memory), and close and unmap the file"
        case "wl_buffer": "keep two or three buffers and draw into those that are released; destroy them on a new size"
        case "wl_region": "send wl_region.destroy after set_opaque_region or set_input_region, which copy it"
        default: "send the destructor of \(name) when the object has done its work"
        }
    }
}
