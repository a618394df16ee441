/// Something that happened between a client and its compositor, as judgements hear of it.
enum Occurrence {
    case poolCreated(Pool)
    case committed(Commit)
    /// A wl_buffer.release is about to be delivered.
    case released(Buffer)
    case configured(ShellRecord, ShellRecord.Configure)
    /// With the configure that the client answered; nil where there is none such.
    case acked(ShellRecord, ShellRecord.Configure?)
    case frameRequested(WireObject)
    case frameDone(WireObject)
    case ping(UInt32)
    case pong(UInt32)
    /// wl_display.error: the compositor ends the client.
    case error(object: String, code: UInt32, text: String)
    /// Any message, after what else it means.
    case message(Message)
}
