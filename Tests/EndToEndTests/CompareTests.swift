import Foundation
import TestSupport
import Testing

/// `signet compare`: what it counts, what it says, and its exit status.
@Suite(.serialized) struct CompareTests {
    let folder = RuntimeDirectory()

    /// Writes a picture of one colour, with some pixels of other ones; its path.
    private func picture(
        _ name: String,
        width: Int = 40,
        height: Int = 30,
        color: UInt32 = 0x20_4060,
        _ others: [(x: Int, y: Int, color: UInt32)] = []
    ) throws -> String {
        var rows = [[UInt32]](repeating: [UInt32](repeating: color, count: width), count: height)
        for other in others { rows[other.y][other.x] = other.color }
        let path = "\(folder.path)/\(name).png"
        try PNG(rows).write(to: path)
        return path
    }

    private func compare(_ arguments: String...) throws -> Program.Outcome {
        try Program.run("signet", ["compare"] + arguments, in: folder)
    }

    /// A file with these bytes, in base64; its path.
    private func file(_ name: String, _ base64: String) throws -> String {
        let path = "\(folder.path)/\(name).png"
        try #require(Data(base64Encoded: base64)).write(to: URL(filePath: path))
        return path
    }

    private func expectTrouble(
        _ outcome: Program.Outcome,
        saying words: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.errors.hasPrefix("signet: "), "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)", sourceLocation: sourceLocation)
        for word in words { #expect(outcome.errors.contains(word), "\(outcome)", sourceLocation: sourceLocation) }
    }

    @Test func `the same pictures are 0`() throws {
        let outcome = try compare(try picture("a"), try picture("b"))
        #expect(outcome.status == 0)
        #expect(outcome.output == "0 of 1200 pixels differ (0 %), the largest difference of a channel is 0\n")
        #expect(outcome.errors.isEmpty)
    }

    @Test func `pixels that differ are counted, measured and enclosed`() throws {
        let other = try picture("b", [(5, 7, 0x20_4061), (9, 7, 0x20_4060 + 0x2000), (12, 20, 0)])
        let outcome = try compare(try picture("a"), other)
        #expect(outcome.status == 1)
        #expect(
            outcome.output == "3 of 1200 pixels differ (0.2500 %), the largest difference of a channel is 96, "
                + "all within 8x14 at 5,7\n"
        )
    }

    @Test func `a channel that differs by the tolerance counts as the same, and one more doesn't`() throws {
        let (one, other) = (try picture("a"), try picture("b", [(0, 0, 0x25_3b65)]))
        #expect(try compare(one, other, "--tolerance", "5").status == 0)
        #expect(try compare(one, other, "--tolerance", "5").output.contains("0 of 1200"))
        #expect(try compare(one, other, "--tolerance", "4").status == 1)
    }

    @Test func `as many pixels may differ as are allowed`() throws {
        let (one, other) = (try picture("a"), try picture("b", [(0, 0, 0), (1, 0, 0), (2, 0, 0)]))
        #expect(try compare(one, other, "--allow", "3").status == 0)
        #expect(try compare(one, other, "--allow", "2").status == 1)
        #expect(try compare(one, other, "--allow", "0.25%").status == 0)
        #expect(try compare(one, other, "--allow", "0.24%").status == 1)
    }

    @Test func `rectangles that are ignored aren't looked at, where they overlap and stick out too`() throws {
        let (one, other) = (try picture("a"), try picture("b", [(3, 3, 0), (39, 29, 0)]))
        let ignoring = ["--ignore=-2,-2,6,6", "--ignore", "2,2,2,2"]
        let outcome = try compare(one, other, ignoring[0], ignoring[1], ignoring[2], "--ignore", "39,29,2000000000,9")
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("0 of 1183 pixels"), "\(outcome)")
        #expect(try compare(one, other, ignoring[0]).output.contains("1 of 1184 pixels"))
    }

    @Test func `alpha counts`() throws {
        // One pixel of 8-bit RGBA, red: opaque, and half transparent.
        let opaque = try file(
            "a",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
        )
        let half = try file(
            "b",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DQAAAEgQGALFXOsAAAAABJRU5ErkJggg=="
        )
        let outcome = try compare(opaque, half)
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("the largest difference of a channel is 127"), "\(outcome)")
    }

    @Test func `pictures of different sizes differ, and a line says how`() throws {
        let outcome = try compare(try picture("a"), try picture("b", width: 41))
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("40x30") && outcome.output.contains("41x30"), "\(outcome)")
        #expect(outcome.output.split(separator: "\n").count == 1)
    }

    @Test func `the picture of the difference is the first one, faded, with red where they differ`() throws {
        let path = folder.path + "/diff.png"
        let (one, other) = (try picture("a", color: 0), try picture("b", color: 0, [(5, 7, 0xffffff)]))
        #expect(try compare(one, other, "--diff", path).status == 1)
        let difference = try Picture(contentsOf: path)
        #expect(difference.width == 40 && difference.height == 30)
        #expect(difference.pixels[7 * 40 + 5] == 0xff_0000)
        #expect(difference.count(of: 0xc0_c0c0) == 1_199)
        expectTrouble(try compare(one, other, "--diff", "/nonexistent/x.png"), saying: "/nonexistent/x.png")
    }

    @Test func `a picture can come from a pipe`() throws {
        let (one, other) = (try picture("a"), try picture("b"))
        let script = "cat '\(one)' | '\(Program.path(of: "signet"))' compare - '\(other)'"
        #expect(try Program.run("/bin/sh", ["-c", script], in: folder).status == 0)
    }

    @Test func `files that are no pictures, or not whole, are trouble`() throws {
        let picture = try picture("a")
        expectTrouble(try compare(picture, "/nonexistent/b.png"), saying: "/nonexistent/b.png", "No such file")
        expectTrouble(try compare(picture, "/etc/passwd"), saying: "/etc/passwd", "PNG")
        expectTrouble(try compare(folder.path, picture), saying: folder.path)
        let whole = try Data(contentsOf: URL(filePath: picture))
        for length in [0, 7, 8, 20, 33, 40, whole.count / 2, whole.count - 20] {
            let part = folder.path + "/part.png"
            try whole.prefix(length).write(to: URL(filePath: part))
            expectTrouble(try compare(picture, part), saying: "part.png")
        }
    }

    @Test func `a small file that claims to be huge is refused before there is memory for it`() throws {
        let files = [
            // 1,000,000 x 70 and 30,000 x 30,000 pixels.
            ("wide", "iVBORw0KGgoAAAANSUhEUgAPQkAAAABGCAAAAACl6/JAAAAACUlEQVR4nGMAAAABAAFe/335AAAAAElFTkSuQmCC"),
            ("huge", "iVBORw0KGgoAAAANSUhEUgAAdTAAAHUwCAIAAADpRW/tAAAACUlEQVR4nGMAAAABAAFe/335AAAAAElFTkSuQmCC"),
        ]
        for (name, base64) in files {
            let outcome = try compare(try picture("a"), try file(name, base64))
            expectTrouble(outcome, saying: name)
        }
    }

    @Test func `bytes that are changed at random end in an answer`() throws {
        let whole = try Data(contentsOf: URL(filePath: try picture("a", [(3, 3, 0), (20, 8, 0xff_ffff)])))
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<40 {
            var data = whole
            for _ in 0..<3 { data[Int.random(in: 8..<data.count, using: &generator)] = .random(in: 0...255) }
            let path = folder.path + "/random.png"
            try data.write(to: URL(filePath: path))
            let outcome = try compare(folder.path + "/a.png", path)
            #expect((0...2).contains(outcome.status), "\(outcome) \(data.base64EncodedString())")
        }
    }

    @Test(arguments: [
        ["--tolerance", "256"], ["--tolerance=-1"], ["--allow", "x"], ["--allow", "101%"], ["--ignore", "1,2,3"],
        ["--ignore", "1,2,0,4"], ["--diff", "-"],
    ])
    func `a wrong option ends in one line`(arguments: [String]) throws {
        let outcome = try Program.run("signet", ["compare"] + arguments + ["a.png", "b.png"], in: folder)
        #expect(outcome.status == 64, "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
    }
}
