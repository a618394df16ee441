/// Whether the compositor has to end the client, since it broke a rule of the protocol.
final class ErrorJudgement: Judgement {
    override class var name: String { "protocol" }
    override class var summary: String { "the compositor has no reason to end the client with an error" }

    override func hear(_ occurrence: Occurrence) {
        guard case .error(let object, let text) = occurrence else { return }
        report(
            .error,
            object,
            "the compositor ended the client: \(text)",
            rule: "wl_display.error: it is sent out when a fatal (non-recoverable) error has occurred",
            remedy: "run the client with WAYLAND_DEBUG=1 for what it sent last"
        )
    }
}
