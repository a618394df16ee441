import CSwscale
import Pixels

/// Something that is done with each frame.
struct Work {
    let name: String
    /// Whether it makes the picture.
    var isConversion = true
    /// Given are the number of the frame, its bytes, and the picture.
    let run: (Int, RawSpan, inout MutableRawSpan) throws -> Void
}

/// All of it, for frames of this size.
func allWork(_ frames: Frames, _ layout: NV12Layout) -> [Work] {
    let bounds = frames.layout.size.bounds
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: frames.layout.byteCount, alignment: 64)
    unsafe copy.initializeMemory(as: UInt8.self, repeating: 1)
    var work = [
        Work(name: "whole frame") { _, frame, picture in
            try layout.convert(bounds, of: frame, frames.layout, to: &picture)
        },
        Work(name: "what changed") { index, frame, picture in
            for part in Frames.damage(index) { try layout.convert(part, of: frame, frames.layout, to: &picture) }
        },
        Work(name: "from NV12 to I420", isConversion: false) { _, _, picture in
            var target = unsafe copy.mutableBytes
            try layout.copyAsI420(picture.bytes, to: &target)
        },
        Work(name: "memcpy of the frame", isConversion: false) { _, frame, _ in
            unsafe frame.withUnsafeBytes { unsafe copy.copyMemory(from: $0) }
        },
    ]
    for (name, flags) in [("bilinear", SWS_BILINEAR), ("point", SWS_POINT)] {
        guard let other = unsafe Swscale(frames.layout, layout, flags: flags) else { continue }
        work.append(Work(name: "libswscale, \(name)") { unsafe other.convert($1, to: &$2) })
    }
    return work
}

/// How far bytes are from others on average.
private func difference(_ one: [UInt8], _ other: [UInt8]) -> Double {
    let sum = zip(one, other).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    return Double(sum) / Double(one.count)
}

/// Measures and prints what it costs to make video frames.
func printConversion(of frames: Frames, count: Int, word: String) throws {
    let layout = NV12Layout(width: frames.layout.size.width, height: frames.layout.size.height)!
    let work = allWork(frames, layout).filter { word.isEmpty || $0.name.contains(word) }
    guard !work.isEmpty else { return }
    // The frame before the first one.
    var before = [UInt8](repeating: 0, count: layout.byteCount)
    try frames.withFrame(Frames.count - 1) { bytes in
        var span = before.mutableSpan
        var picture = unsafe span.mutableBytes
        try layout.convert(frames.layout.size.bounds, of: bytes, frames.layout, to: &picture)
    }
    var pictures = work.map { _ in before }
    let times = try measure(frames: count, rows: work.count) { row, frame in
        try frames.withFrame(frame) { bytes in
            var span = pictures[row].mutableSpan
            var picture = unsafe span.mutableBytes
            try work[row].run(frame, bytes, &picture)
        }
    }
    print("CPU ms for a frame of 1920x1080 in XRGB8888, and how far bytes of NV12 are from those of the first row on")
    print("average; \(count) frames, the best of \(roundCount)")
    for (index, work) in work.enumerated() {
        let distance = work.isConversion ? difference(pictures[index], pictures[0]) : nil
        print(row(work.name, [times[index], distance]))
    }
}
