import Foundation
import Testing
import WireFuzzing

/// What a fuzzer was started with, and what it found: played again. See Tests/Fuzzing/run.
@Suite(.serialized) struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fuzzing/Corpus").standardized

    private static let files =
        ((try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? [])
        .sorted { $0.path < $1.path }

    @Test func `every input leaves nothing behind`() throws {
        #expect(Self.files.count >= 20)
        for file in Self.files { WireFuzzing.play(Array(try Data(contentsOf: file))) }
    }

    @Test func `every beginning of an input leaves nothing behind`() throws {
        for file in Self.files {
            let input = Array(try Data(contentsOf: file))
            for count in stride(from: 0, to: min(input.count, 200), by: 7) { WireFuzzing.play(Array(input[..<count])) }
        }
    }
}
