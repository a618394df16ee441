internal import CLinux
internal import Glibc
internal import SharedMemory

/// A mem2mem device at work: pictures go in by one queue, and what it makes of them comes out of the other.
///
/// The device has a time to answer in. One that doesn't is given up: to stop it, and to close its node, can take the
/// kernel as long as the device likes, which is another thread's business then.
final class MemoryToMemory {
    let device: VideoDevice
    /// What the device reads.
    let output: VideoQueue
    /// What it fills.
    let capture: VideoQueue
    /// In milliseconds.
    let timeout: Int
    /// Source memory by the number of the buffer that it was queued as last: a driver keeps what it knows of that.
    private var sources: [(memory: VideoMemory?, lastUse: UInt64)] = []
    private var useCount: UInt64 = 0

    /// Opens the device at `path`, for pictures like `source`.
    init(path: String, source: VideoQueue.Format, timeout: Int) throws(VideoError) {
        // V4L2 has 32 bits for each of these, and their products.
        let isPossible =
            (1...65_536).contains(source.width) && (1...65_536).contains(source.height) && !source.planes.isEmpty
            && source.planes.allSatisfy { (1...Int(Int32.max)).contains($0.stride) && $0.size > 0 }
        guard isPossible else { throw .otherLayout(device: path, wanted: source.words, made: "nothing") }
        let device = try asking { () throws(DeviceError) in try VideoDevice(path: path) }
        guard device.isMemoryToMemory else { throw .notMemoryToMemory(device: path, card: device.card) }
        output = try asking { () throws(DeviceError) in try device.queue(.output) }
        capture = try asking { () throws(DeviceError) in try device.queue(.capture) }
        self.device = device
        self.timeout = timeout
    }

    // MARK: Formats

    /// Those of `wanted` that a queue has, in their order; an error says what it has where that is none of them.
    func formats(_ wanted: [UInt32], of queue: VideoQueue) throws(VideoError) -> [UInt32] {
        let offered = queue.pixelFormats()
        let common = wanted.filter(offered.contains)
        if common.isEmpty {
            throw .noFormat(
                device: device.path,
                direction: queue.direction,
                wanted: wanted.map(FourCC.name),
                offered: offered.map(FourCC.name)
            )
        }
        return common
    }

    /// That the device made something else of what was asked for.
    func otherLayout(_ wanted: VideoQueue.Format, _ made: VideoQueue.Format) -> VideoError {
        .otherLayout(device: device.path, wanted: wanted.words, made: made.words)
    }

    // MARK: Buffers

    /// Has the device read up to `count` pictures of others at a time, which are dma-bufs or mappings.
    func prepareSources(_ count: Int, areDMABuffers: Bool) throws(VideoError) {
        let made: Int
        do throws(DeviceError) {
            made = try areDMABuffers ? output.prepareImport(count) : output.prepareMappings(count)
        } catch {
            if error.errno != .invalidArgument { throw .request(error) }
            throw .refusedMemory(device: device.path, isDMABuffer: areDMABuffers, errno: error.errno)
        }
        sources = Array(repeating: (nil, 0), count: made)
        if made == 0 { throw shortage("VIDIOC_REQBUFS") }
    }

    /// Has the device make buffers to fill, with at least `sizes` bytes in their planes, and exports each plane of them
    /// for reading.
    func makeBuffers(_ count: Int, sizes: [Int] = []) throws(VideoError) -> [[VideoMemory]] {
        var planes = capture.format?.planes ?? []
        let isLarger = zip(planes, sizes).contains { $0.size < $1 }
        let made = try asking { () throws(DeviceError) in
            try isLarger ? capture.allocate(count, sizes: sizes) : capture.allocate(count)
        }
        if made == 0 { throw shortage(isLarger ? "VIDIOC_CREATE_BUFS" : "VIDIOC_REQBUFS") }
        for (index, size) in zip(planes.indices, sizes) { planes[index].size = max(planes[index].size, size) }
        var buffers: [[VideoMemory]] = []
        for index in 0..<made {
            var buffer: [VideoMemory] = []
            for plane in planes.indices {
                let memory = try asking { () throws(DeviceError) in
                    VideoMemory(try capture.export(index, plane: plane))
                }
                guard memory.size >= planes[plane].size else {
                    throw .shortMemory(device: device.path, needed: planes[plane].size, size: memory.size)
                }
                buffer.append(memory)
            }
            buffers.append(buffer)
        }
        return buffers
    }

    private func shortage(_ request: String) -> VideoError {
        .request(DeviceError(request: request, device: device.path, errno: .noMemory))
    }

    /// Gives the device all of `count` buffers to fill, and lets it begin.
    func start(filling count: Int) throws(VideoError) {
        try asking { () throws(DeviceError) in
            for index in 0..<count { try capture.enqueue(index) }
            try output.start()
            try capture.start()
        }
    }

    // MARK: Pictures

    /// Gives the device a picture to read; returns the number of the buffer that it is until it comes back.
    func enqueue(_ planes: [VideoMemory], stamp: UInt64 = 0) throws(VideoError) -> Int {
        let format = output.format?.planes ?? []
        for (memory, plane) in zip(planes, format) where memory.size < plane.size {
            throw .shortMemory(device: device.path, needed: plane.size, size: memory.size)
        }
        useCount += 1
        let index =
            sources.firstIndex { $0.memory != nil && $0.memory === planes.first }
            ?? sources.indices.min { sources[$0].lastUse < sources[$1].lastUse } ?? 0
        do throws(DeviceError) {
            try output.enqueue(index, planes: planes, stamp: stamp)
        } catch {
            let isRefusal = error.errno == Errno(rawValue: EFAULT) || error.errno == .invalidArgument
            guard isRefusal else { throw .request(error) }
            let isDMABuffer = planes.first?.isDMABuffer == true
            throw .refusedMemory(device: device.path, isDMABuffer: isDMABuffer, errno: error.errno)
        }
        sources[index] = (planes.first, useCount)
        return index
    }

    /// Whether everything came out that went in before the end was asked for.
    private(set) var hasDrained = false

    /// The next buffer that the device has filled. Source: VIDIOC_DQBUF, whose EPIPE comes after the last one.
    private func dequeueMade() throws(VideoError) -> VideoQueue.Finished? {
        if hasDrained { return nil }
        do throws(DeviceError) {
            let finished = try capture.dequeue()
            if finished?.isLast == true { hasDrained = true }
            return finished
        } catch {
            guard error.errno == Errno(rawValue: EPIPE) else { throw .request(error) }
            hasDrained = true
            return nil
        }
    }

    /// Takes back what the device is done with, until `isDone` says that it is enough.
    func exchange(
        taken: (VideoQueue.Finished) -> Void,
        made: (VideoQueue.Finished) throws(VideoError) -> Void,
        until isDone: () -> Bool
    ) throws(VideoError) {
        let end = milliseconds() + timeout
        while true {
            var hasMoved = false
            while let finished = try asking({ () throws(DeviceError) in try output.dequeue() }) {
                taken(finished)
                hasMoved = true
            }
            while let finished = try dequeueMade() {
                try made(finished)
                hasMoved = true
            }
            if isDone() { return }
            guard milliseconds() < end else { throw .noAnswer(device: device.path, milliseconds: timeout) }
            if !hasMoved { try wait(until: end) }
        }
    }

    private func wait(until end: Int) throws(VideoError) {
        var entry = pollfd(fd: device.descriptor.rawValue, events: Int16(POLLIN | POLLOUT), revents: 0)
        _ = try asking { () throws(DeviceError) in
            try perform("poll", on: device.path) {
                unsafe poll(&entry, 1, CInt(clamping: max(0, end - milliseconds())))
            }
        }
        // Nothing is queued that could come back, or the device is gone.
        if entry.revents & Int16(POLLERR) != 0, entry.revents & Int16(POLLIN | POLLOUT) == 0 {
            throw .request(DeviceError(request: "poll", device: device.path, errno: Errno(rawValue: EIO)))
        }
    }

    /// Stops the device. The kernel waits for what it is at.
    private func stop() {
        try? output.stop()
        try? capture.stop()
    }

    /// Lets go of a device that may still be at work, on a thread that has the time to wait for it.
    static func giveUp(_ work: consuming MemoryToMemory) {
        struct Last: @unchecked Sendable {
            let work: MemoryToMemory
        }
        let last = Last(work: work)
        do throws(SystemError) {
            try startThread { last.work.stop() }
        } catch {
            // Nobody is there to wait: it stays open.
            _ = unsafe Unmanaged.passRetained(last.work)
        }
    }
}

extension VideoQueue.Format {
    /// As in `XR24 of 640x480, 2560 bytes a row`.
    var words: String {
        let strides = planes.map { "\($0.stride)" }.joined(separator: " and ")
        return "\(FourCC.name(pixelFormat)) of \(width)x\(height), \(strides) bytes a row"
    }
}

/// Of a clock that nobody sets; clock_gettime(2), CLOCK_MONOTONIC.
private func milliseconds() -> Int {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
}
