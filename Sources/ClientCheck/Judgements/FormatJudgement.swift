/// Whether pixels come in formats that the compositor has.
final class FormatJudgement: Judgement {
    override class var name: String { "formats" }
    override class var summary: String { "buffers have formats that wl_shm has announced" }

    override func hear(_ occurrence: Occurrence) {
        guard case .unknownFormat(let buffer, let format) = occurrence else { return }
        report(
            .error,
            buffer.name,
            "its format 0x\(String(format, radix: 16)) wasn't announced by a wl_shm.format event",
            rule:
                "wl_shm.format: only argb8888 and xrgb8888 are always there; wl_shm.error.invalid_format ends clients "
                + "that use others",
            remedy: "bind wl_shm, wait for its format events (a round trip), and fall back to argb8888 or xrgb8888",
            key: "\(format)"
        )
    }
}
