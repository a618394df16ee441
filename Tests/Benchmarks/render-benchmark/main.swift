// What a frame costs: CPU time of the compositor's process, all threads together, for scenes of real clients.
//
//     swift build -c release
//     swift run -c release render-benchmark [--frames N] [--scene WORD]... [--watched | --unwatched]
//                                           [--running PID@DISPLAY]... [--store FILE] [--compare FILE] [SIGNET...]
//
// Each SIGNET is a command, as '.build/release/signet' or 'old/signet run'. --watched has a reader who asks for each
// frame, --unwatched nobody; without either there are both. It reports, and judges nothing.

import Foundation
import Glibc
import SharedMemory
import WaylandClient

struct Options {
    var frames = 200
    var words: [String] = []
    var watching = [true, false]
    var running: [String] = []
    var commands: [String] = []
    var storePath: String?
    var comparePath: String?

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        func value(_ name: String) throws -> String {
            guard let value = rest.popFirst() else { throw Problem("\(name) wants a value") }
            return value
        }
        while let word = rest.popFirst() {
            switch word {
            case "--frames":
                guard let count = Int(try value(word)), count > 0 else { throw Problem("--frames wants a number") }
                frames = count
            case "--scene": words.append(try value(word))
            case "--watched": watching = [true]
            case "--unwatched": watching = [false]
            case "--running": running.append(try value(word))
            case "--store": storePath = try value(word)
            case "--compare": comparePath = try value(word)
            case _ where word.hasPrefix("--"): throw Problem("there is no \(word)")
            default: commands.append(word)
            }
        }
        if commands.isEmpty, running.isEmpty { commands = [".build/release/signet"] }
    }

    var scenes: [Scene] {
        Scene.allCases.filter { scene in words.isEmpty || words.contains { scene.rawValue.contains($0) } }
    }
}

struct Result {
    /// Milliseconds of CPU for each frame that the clients were asked for.
    let cost: Double
    /// Frames a second that they were asked for.
    let rate: Double
    /// Pixels of the output that differed, for each frame; nil where nobody looked.
    let damage: Double?
}

func measure(_ scene: Scene, on server: Server, isWatched: Bool, frames: Int) throws -> Result? {
    let client = try BenchmarkClient(server.display)
    let reader = isWatched ? try Reader.make(client.globals) : nil
    if isWatched, reader == nil { return nil }
    let windows = try scene.open(client)
    // Those behind may be covered, and hear of frames rarely.
    let frontmost = windows[windows.count - 1]
    func run(_ count: Int) throws {
        let end = frontmost.frames + count
        let deadline = time(of: CLOCK_MONOTONIC) + 60_000_000_000
        while frontmost.frames < end {
            try client.connection.dispatch()
            if time(of: CLOCK_MONOTONIC) > deadline { throw Problem("\(server.label) asks for no frames") }
        }
    }
    try run(40)
    let (cpu, start) = (server.cpu, time(of: CLOCK_MONOTONIC))
    let (damage, seen) = (reader?.damage ?? 0, reader?.frames ?? 0)
    try run(frames)
    let spent = Double(server.cpu - cpu) / 1e6 / Double(frames)
    let seconds = Double(time(of: CLOCK_MONOTONIC) - start) / 1e9
    let area = reader.map { Double($0.damage - damage) / Double(max(1, $0.frames - seen)) }
    withExtendedLifetime(windows) {}
    return Result(cost: spent, rate: Double(frames) / seconds, damage: area)
}

func cell(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

func number(_ value: Double) -> String { String(format: value < 1 ? "%.3f" : "%.2f", value) }

/// Rows by their names, as `--store` wrote them.
func stored(_ path: String) throws -> [String: [Double]] {
    var result: [String: [Double]] = [:]
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
        let cells = line.split(separator: "\t")
        result[String(cells[0])] = cells.dropFirst().map { Double($0) ?? .nan }
    }
    return result
}

func run() throws {
    let options = try Options(Array(CommandLine.arguments.dropFirst()))
    let servers =
        try options.running.map { try Server(running: $0) } + options.commands.map { try Server(starting: $0) }
    let older = try options.comparePath.map(stored) ?? [:]
    let machine = Machine.measure()
    print("CPU ms a frame, of the whole process; in brackets frames a second; \(options.frames) frames each")
    print("this machine copies \(number(machine.copyRate)) bytes/ns (read + written), ", terminator: "")
    print("blends \(number(machine.blendRate)) cached pixels/ns")
    for (index, server) in servers.enumerated() { print("  [\(index + 1)] \(server.label)") }
    print(cell("", 36) + cell("bound", 8) + servers.indices.map { cell("[\($0 + 1)]", 16) }.joined())
    var table = ""
    for isWatched in options.watching {
        for scene in options.scenes {
            let results = try servers.map {
                try measure(scene, on: $0, isWatched: isWatched, frames: options.frames)
            }
            let area = results.compactMap { $0?.damage }.first
            let bound = area.map { area in
                let bytes = 4 * area + Double(scene.sourceBytes ?? Int(4 * area))
                return (bytes / machine.copyRate + Double(scene.blendedPixels) / machine.blendRate) / 1e6
            }
            let name = "\(scene.rawValue), \(isWatched ? "watched" : "unwatched")"
            var line = name + String(repeating: " ", count: max(0, 36 - name.count))
            line += cell(bound.map(number) ?? "", 8)
            for (index, result) in results.enumerated() {
                guard let result else {
                    line += cell("-", 16)
                    continue
                }
                var text = "\(number(result.cost)) (\(Int(result.rate.rounded())))"
                if let before = older[name], before.indices.contains(index) {
                    text += String(format: " x%.2f", result.cost / before[index])
                }
                line += cell(text, 16)
            }
            print(line)
            fflush(nil)
            table += "\(name)\t\(results.map { $0.map { number($0.cost) } ?? "-" }.joined(separator: "\t"))\n"
        }
    }
    print("memory of its own, MB: \(servers.map { number(Double($0.residentBytes) / 1e6) }.joined(separator: "  "))")
    if let path = options.storePath { try table.write(toFile: path, atomically: true, encoding: .utf8) }
}

do { try run() } catch {
    print("render-benchmark: \(error)")
    exit(1)
}
