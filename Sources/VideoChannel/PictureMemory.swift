internal import DirectRendering
internal import SharedMemory

/// The memory of pictures, as another process handed it over.
protocol PictureMemory {
    var layout: PictureLayout { get }
    /// Lends the bytes from the first to the end of the layout.
    func withBytes<R>(_ body: (RawSpan) throws -> R) throws -> R
    /// The same for a device; nil where it is no dma-buf.
    func deviceMemory() throws -> VideoMemory?
}

extension PictureMemory {
    func deviceMemory() throws -> VideoMemory? { nil }
}

/// Takes over a descriptor that is said to be of a kind; throws where it isn't, or is too small.
func makePictureMemory(
    _ descriptor: consuming Descriptor,
    _ kind: PictureMemoryKind,
    _ layout: PictureLayout
) throws -> any PictureMemory {
    switch kind {
    case .sealed:
        let facts = try DescriptorFacts.read(descriptor)
        guard facts.seals?.contains(.shrink) == true, facts.fileSystem == .tmpfs, facts.size >= layout.byteCount else {
            throw VideoChannelError.broken("hands over memory that can shrink, or is too small")
        }
        return SealedMemory(layout, try ReadOnlyMapping(descriptor, length: layout.byteCount))
    case .dmabuf:
        guard let buffer = try DMABuffer(ifDMABuffer: descriptor), buffer.size >= layout.byteCount else {
            throw VideoChannelError.broken("hands over a dma-buf that is none, or is too small")
        }
        let mapping = try ReadOnlyMapping(buffer.descriptor, length: layout.byteCount)
        return DeviceMemory(layout, buffer, mapping)
    case .file:
        guard try DescriptorFacts.read(descriptor).size >= layout.byteCount else {
            throw VideoChannelError.broken("hands over a file that is too small")
        }
        return FileMemory(layout, descriptor)
    }
}

/// A memfd that can't shrink.
private final class SealedMemory: PictureMemory {
    let layout: PictureLayout
    private let mapping: ReadOnlyMapping

    init(_ layout: PictureLayout, _ mapping: consuming ReadOnlyMapping) {
        self.layout = layout
        self.mapping = mapping
    }

    func withBytes<R>(_ body: (RawSpan) throws -> R) throws -> R {
        try mapping.withBytes(in: 0..<layout.byteCount, body)
    }
}

/// A dma-buf, which a device may have filled.
private final class DeviceMemory: PictureMemory {
    let layout: PictureLayout
    private let buffer: DMABuffer
    private let mapping: ReadOnlyMapping

    init(_ layout: PictureLayout, _ buffer: consuming DMABuffer, _ mapping: consuming ReadOnlyMapping) {
        self.layout = layout
        self.buffer = buffer
        self.mapping = mapping
    }

    func withBytes<R>(_ body: (RawSpan) throws -> R) throws -> R {
        try buffer.beginAccess(.read)
        defer { try? buffer.endAccess(.read) }
        return try mapping.withBytes(in: 0..<layout.byteCount, body)
    }

    func deviceMemory() throws -> VideoMemory? {
        VideoMemory(try DMABuffer(owning: try buffer.descriptor.duplicate()))
    }
}

/// A file that its owner can shrink: it is read each time. What is missing is an error, and nothing else happens.
private final class FileMemory: PictureMemory {
    let layout: PictureLayout
    private let file: Descriptor

    init(_ layout: PictureLayout, _ file: consuming Descriptor) {
        self.layout = layout
        self.file = file
    }

    func withBytes<R>(_ body: (RawSpan) throws -> R) throws -> R {
        var bytes = [UInt8](repeating: 0, count: layout.byteCount)
        do {
            var span = bytes.mutableSpan
            var raw = unsafe span.mutableBytes
            guard try file.pread(into: &raw, at: 0) == layout.byteCount else {
                throw VideoChannelError.broken("has taken a part of a picture away")
            }
        }
        return try unsafe body(bytes.span.bytes)
    }
}
