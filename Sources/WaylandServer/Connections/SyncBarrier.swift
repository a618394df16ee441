/// What has to be done before a client's `wl_display.sync` is answered: who serves the client hands it out, and lifts
/// it.
///
/// Later requests are served meanwhile. Barriers of a client are to be lifted in the order in which they were handed
/// out.
public final class SyncBarrier {
    private var callbacks: [UInt32] = []
    private weak var client: Client?

    /// Nothing waits yet.
    public init() {}

    /// Whether there is room for one more: nobody needs many.
    fileprivate func add(_ callback: UInt32, of client: Client) -> Bool {
        self.client = client
        guard callbacks.count < 256 else { return false }
        callbacks.append(callback)
        return true
    }

    /// Answers what waits.
    public func lift() {
        let waiting = callbacks
        callbacks = []
        for callback in waiting { client?.answerSync(callback) }
    }
}

extension Client {
    /// `wl_display.sync`, whose callback has this number. The callback is gone as soon as it is there.
    func sync(_ callback: UInt32) throws(ProtocolError) {
        guard let barrier = display?.onSync(self) else { return answerSync(callback) }
        guard barrier.add(callback, of: self) else {
            throw .noMemory("256 wl_display.sync aren't answered yet; wait for the callback before asking again")
        }
    }

    fileprivate func answerSync(_ callback: UInt32) { sendDone(callback, data: display?.serial ?? 0) }
}
