import SharedMemory
import TestProtocolClient
import TestProtocolServer
import TestSupport
import Testing
import WaylandClient
import WaylandServer
import WaylandWire

/// Every argument type there and back.
@Suite(.serialized) struct RoundTripTests {
    let fixture = Fixture()
    let client: TestProtocolClient.TestV1
    let server: TestProtocolServer.TestV1

    init() {
        (client, server) = fixture.bind()
    }

    @Test(arguments: [
        (Int32.min, UInt32.max, Fixed(rawValue: .min), UInt32(0), UInt32(0)), (-1, 0, Fixed(-0.5), 0x10, 1),
        (.max, 1, Fixed(rawValue: .max), 99, .max),
    ])
    func numbers(int: Int32, uint: UInt32, fixed: Fixed, mode: UInt32, flags: UInt32) {
        var heard: [String] = []
        client.onNumbers = { heard.append("\($0) \($1) \($2) \($3.rawValue) \($4.rawValue)") }
        client.takeNumbers(
            int: int,
            uint: uint,
            fixed: fixed,
            mode: .init(rawValue: mode),
            flags: .init(rawValue: flags)
        )
        fixture.pump()
        #expect(fixture.handler.heard == ["\(int) \(uint) \(fixed) \(Server.Mode(rawValue: mode)) \(flags)"])
        #expect(heard == ["\(int) \(uint) \(fixed) \(mode) \(flags)"])
    }

    @Test func valuesWithoutANameStayWhatTheyAre() {
        #expect(Server.Mode(rawValue: 16) == .fast && Server.Mode(rawValue: 17) == .unrecognized(17))
        #expect(Server.Mode.unrecognized(17).rawValue == 17)
        #expect(Server.Flags(rawValue: 4).isSubset(of: .allNamed) == false)
    }

    @Test(arguments: [
        ("", nil as String?, [UInt32]()), ("ä€😀", "", [0]), ("%s%n %d", "%p", Array(0..<900)),
        (String(repeating: "x", count: 3_000), "y", [.max]),
    ])
    func textsAndArrays(text: String, other: String?, numbers: [UInt32]) {
        var heard: [String] = []
        client.onTexts = { heard.append("\($0) \($1 ?? "null") \($2.elements(as: UInt32.self))") }
        client.takeTexts(text: text, default: other, array: WireArray(of: numbers))
        fixture.pump()
        #expect(fixture.handler.heard == ["\(text) \(other ?? "null") \(numbers)"])
        #expect(heard == fixture.handler.heard)
    }

    @Test func arraysNeedNotBeWholeNumbers() {
        #expect(WireArray(bytes: [1, 0, 0, 0, 9]).elements(as: UInt32.self) == [1])
        #expect(WireArray(of: [0x0201 as UInt16]).bytes == [1, 2])
    }

    @Test func objects() {
        let (first, second) = (client.makeChild(tag: 1), client.makeChild(tag: 2))
        var heard: [(UInt32, UInt32?)] = []
        client.onObjects = { heard.append(($0!.id, $1?.id)) }
        client.takeObjects(child: first, other: nil)
        client.takeObjects(child: second, other: first)
        fixture.pump()
        #expect(heard.map(\.0) == [first.id, second.id] && heard.map(\.1) == [nil, first.id])
        #expect(fixture.handler.children.map(\.id) == [first.id, second.id])
        #expect(fixture.handler.children.allSatisfy { $0.version == 3 })
    }

    @Test func anObjectOfTheServersMaking() throws {
        var made: TestProtocolClient.TestChildV1?
        client.onChild = { made = $0 }
        let child = try TestProtocolServer.TestChildV1(client: server.client, version: 3, id: 0)
        let handler = ChildHandler()
        child.handler = handler
        server.sendChild(id: child)
        fixture.pump()
        let proxy = try #require(made)
        #expect(proxy.id == child.id && proxy.id >= 0xff00_0000)
        var tags: [UInt32] = []
        proxy.onPoked = { tags.append($0) }
        proxy.poke()
        child.sendPoked(tag: 5)
        fixture.pump()
        #expect(handler.pokes == 1 && tags == [5])
        proxy.destroy()
        fixture.pump()
        #expect(!child.isAlive && !proxy.isAlive)
    }

    @Test func descriptors() throws {
        let before = openDescriptorCount()
        do {
            let first = TestFile.memfd(11)
            let second = TestFile.memfd(22)
            var sizes: [Int64] = []
            client.onDescriptors = { first, _, second in
                sizes = [try! DescriptorFacts.read(first).size, try! DescriptorFacts.read(second).size]
            }
            client.takeDescriptors(first: first, tag: 7, second: second)
            fixture.pump()
            #expect(fixture.handler.heard == ["descriptors 7"] && fixture.handler.sizes == [11, 22])
            #expect(sizes == [11, 22])
            #expect(openDescriptorCount() == before + 2)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test func descriptorsThatNobodyTakesAreClosed() {
        let before = openDescriptorCount()
        let first = TestFile.memfd(1)
        let second = TestFile.memfd(2)
        // No closure at the client, then no handler at the server.
        client.takeDescriptors(first: first, tag: 1, second: second)
        fixture.pump()
        server.handler = nil
        client.takeDescriptors(first: first, tag: 2, second: second)
        fixture.pump()
        #expect(fixture.handler.heard == ["descriptors 1"])
        #expect(openDescriptorCount() == before + 2)
    }

    @Test func descriptorsOfARequestThatFailsAreClosed() {
        let before = openDescriptorCount()
        do {
            let fixture = Fixture()
            let (client, _) = fixture.bind()
            fixture.handler.failure = ProtocolError(Server.Error.askedFor, "so")
            let file = TestFile.memfd(1)
            client.takeDescriptors(first: file, tag: 1, second: file)
            client.takeDescriptors(first: file, tag: 2, second: file)
            fixture.pump()
            #expect(fixture.handler.heard == ["descriptors 1", "destroyed"])
        }
        #expect(openDescriptorCount() == before)
    }

    @Test func descriptorsForAnObjectThatIsGoneAreClosed() {
        let before = openDescriptorCount()
        let file = TestFile.memfd(1)
        server.sendDescriptors(first: file, tag: 1, second: file)
        client.destroy()
        fixture.pump()
        #expect(openDescriptorCount() == before + 1)
    }
}

private typealias Server = TestProtocolServer.TestV1

private final class ChildHandler: TestProtocolServer.TestChildV1.Requests {
    var pokes = 0

    func poke(_ resource: TestProtocolServer.TestChildV1) { pokes += 1 }
}
