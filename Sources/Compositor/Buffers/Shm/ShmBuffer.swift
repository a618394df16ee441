internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// A buffer in a client's file: a part of a ``ShmPool``, or what a ``SealedBufferOffer`` brought.
///
/// Where the file is mapped and the buffer's bytes are all there, the content is the mapping itself. Otherwise it is
/// looked at elsewhere, and read into a copy: always where the file can't be mapped, and where the bytes have holes,
/// since reading a hole through a mapping would allocate pages that are charged to the compositor. So it is where the
/// client turned out to make holes later.
final class ShmBuffer: ClientBuffer {
    let file: AdmittedFile
    /// Where its bytes are in the file.
    let range: Range<Int>
    let layout: ShmLayout
    /// Once all pages were there, holes can only come from the client punching them, and then the pages that reading
    /// allocates are bounded by what the client's account allows to map.
    var isPopulated = false

    /// How its pixels were read the last time.
    var reading = BufferFacts.Reading.unread
    /// How often they were copied.
    var copies: UInt64 = 0

    init(resource: WlBuffer, file: AdmittedFile, offset: Int, layout: ShmLayout) throws(ProtocolError) {
        self.file = file
        range = offset..<offset + layout.byteCount
        self.layout = layout
        try super.init(resource: resource, size: layout.size)
    }

    override func content(after previous: SurfaceContent?, damage: Region) throws(ProtocolError) -> SurfaceContent {
        try ShmContent(of: self, layout: layout, after: previous as? ShmContent, damage: damage)
    }

    override var copyTarget: FrameCopy.Target? {
        guard case .pixels(let pixels) = layout.picture else { return nil }
        return FrameCopy.Target(memory: .file(file.file), offset: range.lowerBound, layout: pixels)
    }

    override var isKnown: Bool { file.isOpen }

    override func whenKnown(_ waiter: AnyObject, _ action: @escaping () -> Void) throws(ProtocolError) {
        try file.whenOpen(waiter, action)
    }

    override func stopWaiting(_ waiter: AnyObject) { file.stopWaiting(waiter) }

    override var facts: BufferFacts {
        BufferFacts(
            kind: file.kind,
            fourcc: layout.picture.format.fourcc,
            byteCount: layout.byteCount,
            reading: reading,
            copies: copies,
            memories: [file.facts(offset: range.lowerBound, stride: layout.strides[0])]
        )
    }

    /// The file's memory, where it may be looked at and holds all of the buffer; nil also where that isn't known.
    var wholeMemory: ClientMemory? {
        guard file.isOpen, let memory = file.memory, account.memoryTrust.isGiven else { return nil }
        if !isPopulated { isPopulated = (try? file.file.descriptor.isWholeInMemory()) ?? false }
        return isPopulated ? memory : nil
    }

    /// What ends the client where its file is shorter than it was.
    var truncated: ProtocolError {
        file.error(
            "the file ends before byte \(range.upperBound), where the buffer ends; it was truncated after it was "
                + "sent. Seal it with F_SEAL_SHRINK, and keep it as long as its buffers are in use",
            on: errorTarget
        )
    }
}
