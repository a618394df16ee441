import Glibc
import Testing
import WaylandScanner

/// What is generated, as a whole, for a description that has one of everything.
@Suite struct GeneratorTests {
    /// After a wanted change: `UPDATE_GOLDEN=1 swift test --filter GeneratorTests`, and read the difference.
    @Test(arguments: [BindingsGenerator.Side.server, .client, .table])
    func generatedCodeIsAsExpected(side: BindingsGenerator.Side) throws {
        let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
        let xml = try #require(TextFile.read(folder + "/Support/test-v1.xml"))
        let description = try ProtocolParser.parse(file: "test-v1.xml", bytes: Array(xml.utf8))
        let code = BindingsGenerator(description, side: side, imports: ["Module"]).generate()
        let golden = folder + "/WaylandScannerTests/Golden/\(side).txt"
        if unsafe getenv("UPDATE_GOLDEN") != nil { TextFile.write(code, to: golden) }
        let expected = try #require(TextFile.read(golden)).split(separator: "\n", omittingEmptySubsequences: false)
        for (number, lines) in zip(expected, code.split(separator: "\n", omittingEmptySubsequences: false)).enumerated()
        {
            try #require(lines.0 == lines.1, "line \(number + 1)")
        }
        #expect(code.utf8.count == expected.map { $0.utf8.count + 1 }.reduce(-1, +))
    }
}
