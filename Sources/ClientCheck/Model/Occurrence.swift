/// Something that happened between a client and its compositor, as judgements hear of it.
enum Occurrence {
    case poolCreated(Pool)
    case committed(Commit)
    /// A wl_buffer.release is about to be delivered.
    case released(Buffer)
    case configured(ShellRecord, ShellRecord.Configure)
    /// With the configure that the client answered; nil where there is none such.
    case acked(ShellRecord, ShellRecord.Configure?)
    case frameRequested(Surface)
    case frameDone(WireObject)
    case ping(UInt32)
    case pong(UInt32)
    /// wl_display.error: the compositor ends the client.
    case error(object: String, text: String)
    /// A wl_buffer of a format that wasn't announced.
    case unknownFormat(WireObject, UInt32)
    /// Any message, after what else it means.
    case message(Message)
}
