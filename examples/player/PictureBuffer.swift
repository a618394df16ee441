import ClientToolkit
import DirectRendering
import Glibc
import SharedMemory
import WaylandClient

/// A decoder's memory as the compositor knows it: a `wl_buffer` over it.
final class PictureBuffer {
    let memory: PictureMemory
    let crop: DecodedFrame.Crop
    private let buffer: WlBuffer
    private let deviceMemory: DMABuffer?
    /// What is shown: a reference that keeps the decoder from writing here, until the compositor has released it.
    private(set) var shown: DecodedFrame?
    /// The compositor doesn't look any more.
    var onRelease: () -> Void = {}

    init(_ frame: DecodedFrame, _ buffer: WlBuffer, _ deviceMemory: consuming DMABuffer? = nil) {
        memory = frame.memory
        crop = frame.crop
        self.buffer = buffer
        self.deviceMemory = deviceMemory
        beginWriting()
        buffer.onRelease = { [weak self] in
            guard let self else { return }
            beginWriting()
            shown = nil
            onRelease()
        }
    }

    deinit {
        buffer.destroy()
    }

    /// The decoder may write into it from now on.
    private func beginWriting() {
        switch deviceMemory {
        case .some(let memory): try? memory.beginAccess(.write)
        case .none: break
        }
    }

    /// Attaches it with what was decoded into it.
    func attach(_ frame: DecodedFrame, to surface: WlSurface) throws {
        // What the CPU wrote is to be seen by devices too.
        switch deviceMemory {
        case .some(let memory): try memory.endAccess(.write)
        case .none: break
        }
        shown = frame
        surface.attach(buffer: buffer, x: 0, y: 0)
        surface.damageBuffer(x: 0, y: 0, width: .max, height: .max)
    }
}

/// Makes buffers of decoders' memory: dma-bufs where that can be, and shared memory otherwise.
final class PictureBuffers {
    private let globals: Globals
    private let say: (String) -> Void
    private var dmabuf: ZwpLinuxDmabufV1?
    private var isInShm = false
    private var buffers: [ObjectIdentifier: PictureBuffer] = [:]
    /// What the newest picture is like. Buffers of others are let go when the compositor has released them.
    private var current: (layout: PictureLayout, crop: DecodedFrame.Crop)?
    /// How many buffers were made in either way.
    private(set) var dmabufCount = 0
    private(set) var shmCount = 0

    /// Finds out what the compositor takes. `say` prints a line.
    init(_ globals: Globals, onlyShm: Bool, _ say: @escaping (String) -> Void) throws {
        self.globals = globals
        self.say = say
        var isInDmabufs = false
        globals.shm.onFormat = { [unowned self] in if $0.rawValue == PictureLayout.fourcc { isInShm = true } }
        if !onlyShm {
            dmabuf = try? globals.bind(ZwpLinuxDmabufV1.self, upTo: 3)
            dmabuf?.onModifier = { format, _, low in
                // A modifier of 0 is linear; all ones are those of drm_fourcc.h's DRM_FORMAT_MOD_INVALID.
                if format == PictureLayout.fourcc, low == 0 || low == .max { isInDmabufs = true }
            }
        }
        try globals.connection.roundTrip()
        if !isInDmabufs { dmabuf = nil }
        guard isInShm || dmabuf != nil else {
            throw Failure("the compositor shows \(PictureLayout.formatName) neither in shared memory nor in dma-bufs")
        }
    }

    private func useShm(because reason: String) {
        dmabuf = nil
        say("no dma-bufs (\(reason)): pictures are shown from shared memory")
    }

    /// The buffer of the memory that a frame is in.
    func buffer(for frame: DecodedFrame) throws -> PictureBuffer {
        let key = ObjectIdentifier(frame.memory)
        if let known = buffers[key], known.crop == frame.crop { return known }
        current = (frame.memory.layout, frame.crop)
        buffers = buffers.filter { $0.value.shown != nil || isCurrent($0.value) }
        let new = try makeDmabuf(frame) ?? makeShm(frame)
        new.onRelease = { [unowned self, unowned new] in if !isCurrent(new) { buffers[key] = nil } }
        buffers[key] = new
        return new
    }

    private func isCurrent(_ buffer: PictureBuffer) -> Bool {
        buffer.memory.layout == current?.layout && buffer.crop == current?.crop
    }

    private func makeDmabuf(_ frame: DecodedFrame) throws -> PictureBuffer? {
        guard let dmabuf else { return nil }
        let (layout, crop) = (frame.memory.layout, frame.crop)
        let memory: DMABuffer
        do throws(DeviceError) {
            memory = try SystemMemory.udmabuf(of: frame.memory.file.descriptor, range: 0..<layout.byteCount)
        } catch {
            useShm(because: "\(error)")
            return nil
        }
        let params = dmabuf.createParams()
        for plane in 0..<3 {
            params.add(
                memory.descriptor,
                plane: plane,
                offset: layout.offsets[plane],
                stride: layout.shownStrides[plane]
            )
        }
        var made: WlBuffer?
        params.onCreated = { made = $0 }
        params.create(
            width: Int32(crop.left + crop.width),
            height: Int32(crop.top + crop.height),
            format: PictureLayout.fourcc,
            flags: []
        )
        // The compositor answers with a buffer, or that it can't.
        try globals.connection.roundTrip()
        params.destroy()
        guard let made else {
            useShm(because: "the compositor can't import them")
            return nil
        }
        dmabufCount += 1
        return PictureBuffer(frame, made, memory)
    }

    private func makeShm(_ frame: DecodedFrame) throws -> PictureBuffer {
        guard isInShm else {
            throw Failure("the compositor doesn't show \(PictureLayout.formatName) in shared memory")
        }
        let (layout, crop) = (frame.memory.layout, frame.crop)
        let pool = globals.shm.createPool(fd: frame.memory.file.descriptor, size: Int32(layout.byteCount))
        let buffer = pool.createBuffer(
            offset: 0,
            width: Int32(crop.left + crop.width),
            height: Int32(layout.rows),
            stride: Int32(layout.stride),
            format: WlShm.Format(rawValue: PictureLayout.fourcc)
        )
        pool.destroy()
        shmCount += 1
        return PictureBuffer(frame, buffer)
    }

    /// In one sentence, how pictures came to the compositor.
    var summary: String {
        let parts = [
            dmabufCount > 0 ? "\(dmabufCount) as dma-bufs of \(SystemMemory.udmabufPath)" : nil,
            shmCount > 0 ? "\(shmCount) through wl_shm" : nil,
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}
