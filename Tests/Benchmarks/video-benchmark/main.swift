// What it costs to make video frames, NV12, of pictures in which a window moves, beside copying the same bytes, and
// beside libswscale; and what it costs that such a picture comes from one process to another. CPU time of the process.
//
//     swift run -c release video-benchmark [FRAMES [WORD]]
//
// WORD chooses rows by a part of their names. It reports, and judges nothing.

import Foundation
import Glibc
import Pixels
import SharedMemory

/// How often each row is measured.
let roundCount = 5

/// CPU time that each row takes for a frame, in milliseconds: the best of all rounds. `body` does a row's work for one
/// frame, given both numbers.
func measure(frames count: Int, rows: Int, _ body: (Int, Int) throws -> Void) throws -> [Double] {
    var best = [Double](repeating: .infinity, count: rows)
    // Taken in turn, so that what else the machine does hits all of them.
    for round in 0..<roundCount {
        for row in 0..<rows {
            let start = time(of: CLOCK_PROCESS_CPUTIME_ID)
            for frame in round * count..<(round + 1) * count { try body(row, frame) }
            best[row] = min(best[row], Double(time(of: CLOCK_PROCESS_CPUTIME_ID) - start) / Double(count) / 1e6)
        }
    }
    return best
}

/// A line of a table.
func row(_ name: String, _ figures: [Double?]) -> String {
    let figures = figures.compactMap { $0 }.map { String(format: "%8.3f", $0) }.joined()
    return name.padding(toLength: 40, withPad: " ", startingAt: 0) + figures
}

do {
    let words = CommandLine.arguments.dropFirst()
    let count = words.first.flatMap { Int($0) } ?? 100
    let word = words.dropFirst().first ?? ""
    let frames = Frames(Size(width: 1920, height: 1080))
    try printConversion(of: frames, count: count, word: word)
    try printPassing(of: frames, count: count, word: word)
} catch {
    print("video-benchmark: \(error)")
    exit(1)
}
