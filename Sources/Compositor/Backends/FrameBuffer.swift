internal import DirectRendering
internal import Pixels
internal import SharedMemory

/// Memory for one finished frame, which can be handed to a reader.
///
/// It is a memfd that can neither shrink nor grow nor be written by anybody but through the mapping made here before
/// it was sealed. Where the kernel has no memfd_create it is an unlinked shm_open file; a reader then gets a copy in a
/// file of its own, see ``copyForReader()``. It can also be a graphics device's dumb buffer, which is drawn into
/// through the device's mapping: its dma-buf is exported for reading only.
final class FrameBuffer {
    /// What readers get.
    enum Kind {
        /// A memfd that the kernel keeps them from writing to.
        case sealedFile
        /// A dma-buf that is open for reading only.
        case dmaBuffer
        /// A copy in a file of its own.
        case copy
    }

    private enum Backing: ~Copyable {
        case file(AnonymousFile)
        case dumbBuffer(DumbBuffer, SharedDMABuffer)
    }

    /// Size in output pixels, rows, format.
    let layout: PixelLayout
    let kind: Kind
    private let backing: Backing
    /// Its bytes, for whoever draws.
    let memory: PixelMemory
    /// The number of the frame that was drawn last, or nil before the first.
    var frame: UInt64?
    /// How many hold the frame: while there are any, it isn't drawn into.
    private var holders = 0
    /// Whether a reader who is gone may have it mapped still. Then it isn't drawn into any more.
    private(set) var isSpoilt = false

    convenience init(size: Size, in storage: FrameStorage) throws(SystemError) {
        switch storage {
        case .files: try self.init(fileOfSize: size)
        case .dumbBuffers(let device):
            do throws(DeviceError) {
                try self.init(size: size, on: device)
            } catch {
                throw SystemError(call: error.request, errno: error.errno)
            }
        }
    }

    private init(fileOfSize size: Size) throws(SystemError) {
        guard let layout = PixelLayout(size: size, stride: size.width * 4, format: .xrgb8888) else {
            throw SystemError(call: "mmap", errno: .noMemory)
        }
        self.layout = layout
        let file = try AnonymousFile.create(name: "signet-frame", size: layout.byteCount, seals: [.shrink, .grow])
        memory = PixelMemory(try WritableMapping(file.descriptor, length: layout.byteCount))
        // After the mapping: from now on nobody can make a writable one, we neither.
        do throws(SystemError) {
            try file.descriptor.addSeals([.futureWrite, .seal])
            kind = .sealedFile
        } catch {
            // No memfd, or a kernel before 5.1.
            kind = .copy
        }
        backing = .file(file)
    }

    private init(size: Size, on device: DRMDevice) throws(DeviceError) {
        let buffer = try DumbBuffer(on: device, width: size.width, height: size.height)
        let exported = SharedDMABuffer(try buffer.export(forReading: true))
        // A driver's numbers are believed as far as they fit together.
        let layout = PixelLayout(size: size, stride: buffer.stride, format: .xrgb8888)
        guard let layout, min(buffer.size, exported.buffer.size) >= layout.byteCount else {
            throw DeviceError(request: "DRM_IOCTL_MODE_CREATE_DUMB", device: device.path, errno: .invalidArgument)
        }
        self.layout = layout
        memory = PixelMemory(try buffer.map(), of: exported)
        kind = .dmaBuffer
        backing = .dumbBuffer(buffer, exported)
    }

    /// Lends the descriptor of its memory.
    func withDescriptor<R>(_ body: (borrowing Descriptor) throws(SystemError) -> R) throws(SystemError) -> R {
        switch backing {
        case .file(let file): try body(file.descriptor)
        case .dumbBuffer(_, let exported): try body(exported.buffer.descriptor)
        }
    }

    /// Whether no device is at work on it any more, which a reader can have told to read it, or to write.
    var isIdle: Bool {
        switch backing {
        case .file: true
        case .dumbBuffer(_, let exported): (try? exported.buffer.isReady(for: .write)) == true
        }
    }

    /// The frame in a file of its own, open for reading only where the kernel has no seals.
    func copyForReader() throws(SystemError) -> Descriptor {
        let copy = try AnonymousFile.create(name: "signet-frame-copy", size: layout.byteCount, seals: [.shrink, .grow])
        var target = try WritableMapping(copy.descriptor, length: layout.byteCount)
        let length = layout.byteCount
        withBytes { source in
            target.withMutableBytes(in: 0..<length) { bytes in
                unsafe bytes.withUnsafeMutableBytes { to in
                    unsafe source.withUnsafeBytes { from in unsafe to.copyMemory(from: from) }
                }
            }
        }
        return try copy.readerDescriptor()
    }

    /// Whether a reader holds the frame.
    var isHeld: Bool { holders > 0 }

    /// Whether the output pays for it while it is held. Otherwise all who hold it do.
    private(set) var isAtOutputsExpense = false

    /// A reader gets it, and holds the frame until it is given back. Who pays for it is settled with the first.
    func hand(to reader: FrameReader, atOutputsExpense: Bool) {
        if holders == 0 { isAtOutputsExpense = atOutputsExpense }
        holders += 1
        reader.note(self)
    }

    /// One who held the frame doesn't any more.
    func giveBack() { holders -= 1 }

    /// Nobody draws into it any more, for what reason ever.
    func spoil() { isSpoilt = true }

    /// Lends its bytes, while it isn't drawn into.
    func withBytes<R>(_ body: (RawSpan) -> R) -> R { memory.withBytes(body) }
}

/// Somebody who gets frames, and may keep each buffer mapped for as long as he is there.
final class FrameReader {
    private struct Seen {
        weak var buffer: FrameBuffer?
    }

    /// Few, as an output has few buffers at a time.
    private var seen: [Seen] = []

    fileprivate func note(_ buffer: FrameBuffer) {
        seen.removeAll { $0.buffer == nil || $0.buffer === buffer }
        seen.append(Seen(buffer: buffer))
    }

    /// He is gone, and may still look.
    func end() {
        for seen in seen { seen.buffer?.spoil() }
        seen = []
    }
}
