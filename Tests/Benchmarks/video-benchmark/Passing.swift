import DirectRendering
import Glibc
import Pixels
import SharedMemory

/// A way for a frame from the process that made it to one that looks at it.
///
/// The look is the same everywhere: the sum of the frame's words, whose value shows that it was this frame. What it
/// costs to make the frame is left out; it is drawn into the shared memory where there is one.
struct Way {
    let name: String
    /// Lets the frame with this number come, and returns its sum.
    let pass: (Int) throws -> UInt64
}

/// The sum of all words.
private func sum(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe $0.assumingMemoryBound(to: UInt64.self).reduce(0, &+) }
}

/// Every frame's memory in one way of sharing it.
private final class SharedFrame {
    let file: AnonymousFile
    let length: Int
    private let mapping: ReadOnlyMapping

    init(_ frame: RawSpan) throws {
        length = frame.byteCount
        file = try AnonymousFile.create(name: "signet-benchmark", size: length, seals: [.shrink, .grow])
        var memory = try WritableMapping(file.descriptor, length: length)
        memory.withMutableBytes(in: 0..<length) { copy(frame, to: &$0) }
        mapping = try ReadOnlyMapping(file.descriptor, length: length)
    }

    /// The sum, read by a mapping that was there before.
    func sumOfKeptMapping() -> UInt64 { mapping.withBytes(in: 0..<length, sum) }

    /// The sum, read by a mapping that is made for it.
    func sumOfNewMapping() throws -> UInt64 {
        try ReadOnlyMapping(file.descriptor, length: length).withBytes(in: 0..<length, sum)
    }
}

/// A frame in a dma-buf, with a mapping of it.
private final class DeviceFrame {
    private let buffer: DMABuffer
    private let mapping: ReadOnlyMapping
    private let length: Int

    init(_ buffer: consuming DMABuffer, length: Int) throws {
        mapping = try ReadOnlyMapping(buffer.descriptor, length: length)
        self.buffer = buffer
        self.length = length
    }

    /// The frame's pages, as udmabuf makes a dma-buf of them.
    static func udmabuf(_ frame: SharedFrame) throws -> DeviceFrame {
        try DeviceFrame(SystemMemory.udmabuf(of: frame.file.descriptor, range: 0..<frame.length), length: frame.length)
    }

    /// A copy of the frame in memory of a device.
    static func dumb(_ device: DRMDevice, _ layout: PixelLayout, _ frame: RawSpan) throws -> DeviceFrame {
        let buffer = try DumbBuffer(on: device, width: layout.size.width, height: layout.size.height)
        guard buffer.stride == layout.stride else { throw Missing(description: "\(device.path) pads rows") }
        var memory = try buffer.map()
        memory.withMutableBytes(in: 0..<frame.byteCount) { copy(frame, to: &$0) }
        return try DeviceFrame(buffer.export(forReading: true), length: frame.byteCount)
    }

    func sumOfKeptMapping() throws -> UInt64 {
        try buffer.beginAccess(.read)
        defer { try? buffer.endAccess(.read) }
        return mapping.withBytes(in: 0..<length, sum)
    }
}

/// Why there is no such way here.
private struct Missing: Error, CustomStringConvertible {
    let description: String
}

private func copy(_ frame: RawSpan, to target: inout MutableRawSpan) {
    unsafe target.withUnsafeMutableBytes { target in
        unsafe frame.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
}

/// A pipe with a thread that writes frames into it, so that both ends are at work at the same time.
private final class FramePipe {
    private let reader: Descriptor
    private let turn = Semaphore()
    private var target: [UInt8]

    /// `capacity` is in bytes.
    init(_ frames: Frames, capacity: CInt) throws {
        var ends: [CInt] = [-1, -1]
        _ = try SystemCall.run("pipe") { unsafe pipe(&ends) }
        let (reading, writing) = (ends[0], ends[1])
        // F_SETPIPE_SZ, which Glibc's module lacks.
        _ = try SystemCall.run("fcntl") { fcntl(writing, 1_031, capacity) }
        target = [UInt8](repeating: 0, count: frames.layout.byteCount)
        reader = Descriptor(owning: reading)
        let turn = turn
        try startThread {
            var frame = 0
            while true {
                turn.wait()
                frames.withFrame(frame) { bytes in
                    unsafe bytes.withUnsafeBytes { bytes in
                        var done = 0
                        while done < bytes.count {
                            let count = unsafe write(writing, bytes.baseAddress! + done, bytes.count - done)
                            guard count > 0 else { return }
                            done += count
                        }
                    }
                }
                frame += 1
            }
        }
    }

    /// Has the next frame written, and reads it.
    func pass() throws -> UInt64 {
        turn.post()
        try unsafe target.withUnsafeMutableBytes { target in
            var done = 0
            while done < target.count {
                let (start, rest) = unsafe (target.baseAddress! + done, target.count - done)
                done += try SystemCall.run("read") { unsafe read(reader.rawValue, start, rest) }
            }
        }
        return unsafe target.withUnsafeBytes { unsafe sum($0.bytes) }
    }
}

/// All ways; a failure says why one isn't there.
private func allWays(_ frames: Frames) throws -> [(name: String, way: Result<Way, any Error>)] {
    let sharedFrames = try (0..<Frames.count).map { try frames.withFrame($0) { try SharedFrame($0) } }
    var target = [UInt8](repeating: 0, count: frames.layout.byteCount)
    var ways: [(String, Result<Way, any Error>)] = []
    func add(_ name: String, _ make: () throws -> (Int) throws -> UInt64) {
        ways.append((name, Result { Way(name: name, pass: try make()) }))
    }

    add("in the same process") { { frames.withFrame($0, sum) } }
    for size in [64, 1_024] {
        add("write and read, pipe of \(size) KiB") {
            let pipe = try FramePipe(frames, capacity: CInt(size << 10))
            return { _ in try pipe.pass() }
        }
    }
    add("pread from a memfd") {
        { frame in
            do {
                var span = target.mutableSpan
                var bytes = unsafe span.mutableBytes
                _ = try sharedFrames[frame % Frames.count].file.descriptor.pread(into: &bytes, at: 0)
            }
            return unsafe sum(target.span.bytes)
        }
    }
    add("memfd, mapped for each frame") { { try sharedFrames[$0 % Frames.count].sumOfNewMapping() } }
    add("memfd, mapping kept") { { sharedFrames[$0 % Frames.count].sumOfKeptMapping() } }
    add("udmabuf of the memfd, mapping kept") {
        let deviceFrames = try sharedFrames.map { try DeviceFrame.udmabuf($0) }
        return { try deviceFrames[$0 % Frames.count].sumOfKeptMapping() }
    }
    add("vgem dumb buffer, mapping kept") {
        let devices = DRMDevice.nodes().filter { $0.contains("card") }.compactMap { try? DRMDevice(path: $0) }
        guard let vgem = devices.first(where: { $0.driver == "vgem" }) else {
            throw Missing(description: "/dev/dri has no device of vgem's")
        }
        let deviceFrames = try (0..<Frames.count).map {
            try frames.withFrame($0) { try DeviceFrame.dumb(vgem, frames.layout, $0) }
        }
        return { try deviceFrames[$0 % Frames.count].sumOfKeptMapping() }
    }
    return ways
}

/// Measures and prints what it costs that a frame comes to another process.
func printPassing(of frames: Frames, count: Int, word: String) throws {
    let rows = try allWays(frames).filter { word.isEmpty || $0.name.contains(word) }
    guard !rows.isEmpty else { return }
    let ways = rows.compactMap { try? $0.way.get() }
    let sums = (0..<Frames.count).map { frames.withFrame($0, sum) }
    let times = try measure(frames: count, rows: ways.count) { way, frame in
        guard try ways[way].pass(frame) == sums[frame % Frames.count] else {
            throw Missing(description: "\(ways[way].name): the frame isn't what was sent")
        }
    }
    print("CPU ms that moving a frame of 1920x1080 in XRGB8888 costs, both ends together, with one look at every byte;")
    print("\(count) frames, the best of \(roundCount)")
    var next = 0
    for (name, way) in rows {
        switch way {
        case .success:
            print(row(name, [times[next]]))
            next += 1
        case .failure(let error): print(row(name, []) + "missing: \(error)")
        }
    }
}
