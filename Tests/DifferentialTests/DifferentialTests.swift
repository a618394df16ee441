import Foundation
import ProtocolRecorders
import SharedMemory
import TestSupport
import Testing
import WaylandServer

/// The same bytes to libwayland's server and to ours: what comes back is the same, byte for byte, and so is what
/// handlers are told; but for the differences that are wanted.
@Suite(.serialized) struct DifferentialTests {
    /// What differs on purpose.
    enum WantedDifference: String, CaseIterable {
        /// A message with a length below 8, or none of whole words. libwayland takes the arguments for what is wrong,
        /// or takes the message; ours is told apart at the header, before anything follows from it.
        case badLength
        /// A message of more than 4,096 bytes. libwayland's buffer doesn't hold it, and the client is closed without an
        /// error; ours takes what the header can say.
        case longMessage
        /// A client that hangs up after requests. libwayland looks at the hang-up first and drops them; ours serves
        /// them.
        case servedAfterHangUp
        /// A global that is hidden from the client. libwayland says of a wrong bind what is wrong with it, and so that
        /// there is such a global; ours says that there is none.
        case hiddenGlobal
        /// An error whose text has bytes of the client's that aren't UTF-8. libwayland sends them back; ours are
        /// replaced by U+FFFD, as what goes into logs is to be text.
        case repairedText
        /// When `wl_display.delete_id` is sent. libwayland keeps it back until there is another event; ours is sent at
        /// the end of the turn.
        case promptDeleteID
        /// An error whose text has more than 127 bytes, where libwayland cuts it off.
        case longErrorText
    }

    /// Plays both and compares.
    private func expectSame(
        _ script: Script,
        _ comment: @autoclosure () -> String,
        _ plan: Plan = Plan(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let (reference, ours) = Session.play(script.pieces, plan)
        guard reference != ours, !isWanted(reference, ours, plan) else { return }
        let (first, second) = (reference.lines, ours.lines)
        let common = zip(first, second).prefix { $0 == $1 }.count
        let parts = [first, second].map { $0.dropFirst(common).prefix(12).joined(separator: "\n    ") }
        let text = "\(comment())\n  after \(common) lines, reference:\n    \(parts[0])\n  ours:\n    \(parts[1])"
        Issue.record("\(text)", sourceLocation: sourceLocation)
    }

    /// Whether the difference is one of texts, as it should be.
    private func isWanted(_ reference: Outcome, _ ours: Outcome, _ plan: Plan) -> Bool {
        guard let first = reference.error, let second = ours.error, first.object == second.object,
            first.code == second.code, reference.log == ours.log
        else { return false }
        if plan.hidden >= 0 { return second.text.hasPrefix("invalid global ") && first.text.contains(" for global ") }
        return second.text == first.text || second.text.utf8.count > 127 && second.text.hasPrefix(first.text)
    }

    // MARK: Every request

    @Test(arguments: Interfaces.all.indices)
    func `every request, right and wrong`(index: Int) {
        let interface = Interfaces.all[index]
        for opcode in interface.requests.indices {
            let since = Int(interface.requests[opcode].signature.prefix { $0.isNumber }) ?? 1
            for version in Set([1, since - 1, since, interface.version]).filter({ $0 > 0 }).sorted() {
                var script = Script(seed: UInt64(index * 1_000 + opcode))
                let object = script.bind(index, version: version)
                let valid = script.valid(object, opcode)
                script.append(valid.words, valid.descriptors)
                script.sync()
                expectSame(script, "\(interface.name) \(version) \(interface.requests[opcode].name)")
            }
            for seed in 0..<40 {
                var script = Script(seed: UInt64(index * 100_000 + opcode * 100 + seed))
                let object = script.bind(index)
                let valid = script.valid(object, opcode)
                let mutated = script.mutated(valid.words, valid.descriptors)
                script.append(mutated.words, mutated.descriptors)
                script.sync()
                expectSame(script, "\(interface.name).\(interface.requests[opcode].name), changed, seed \(seed)")
            }
        }
    }

    @Test(arguments: Record.Action.allCases)
    func `handlers that do something else`(action: Record.Action) {
        for number in 1...12 {
            var script = Script(seed: UInt64(number))
            let object = script.bind(Interfaces.index(of: "test_v1")!)
            for opcode in [1, 2, 5, 6, 1, 5, 3, 4, 6, 7, 0] {
                let valid = script.valid(object, opcode)
                script.append(valid.words, valid.descriptors)
            }
            script.sync()
            expectSame(script, "\(action) at request \(number)", Plan(action: (number, action)))
        }
    }

    // MARK: Globals

    @Test func `binding, right and wrong`() {
        let (test, output) = (Interfaces.index(of: "test_v1")!, Interfaces.index(of: "wl_output")!)
        func bind(_ name: UInt32, _ interface: String, _ version: UInt32, _ id: UInt32) -> [UInt32] {
            Script.request(Script.registry, 0, [name] + Script.text(interface) + [version, id])
        }
        let name = UInt32(test + 1)
        let requests: [[UInt32]] = [
            bind(name, "test_v1", 3, 3), bind(name, "test_v1", 1, 3), bind(name, "test_v1", 4, 3),
            bind(name, "test_v1", 0, 3), bind(name, "test_v1", .max, 3), bind(name, "wl_output", 1, 3),
            bind(name, "", 1, 3), bind(name, "nothing", 0, 3), bind(0, "test_v1", 1, 3), bind(.max, "test_v1", 1, 3),
            bind(500, "test_v1", 0, 3), bind(name, "test_v1", 1, 0), bind(name, "test_v1", 1, 2),
            bind(name, "test_v1", 1, 9), bind(name, "test_v1", 1, 0xff00_0000), bind(name, "test_v1", 3, 1),
            Script.request(Script.registry, 0, [name, 0, 3, 3]), Script.request(Script.registry, 0, [name]),
            Script.request(Script.registry, 1, []), Script.request(Script.registry, 0, []),
            bind(name, "test_v1\0x", 1, 3), bind(UInt32(output + 1), "wl_output", 1, 3),
        ]
        for request in requests {
            for plan in [Plan(), Plan(hidden: test), Plan(withdrawn: (1, test)), Plan(withdrawn: (0, output))] {
                var script = Script(seed: 1)
                script.append(request)
                script.sync()
                expectSame(script, "\(request)", plan)
            }
        }
    }

    @Test func `several registries, and globals that go`() {
        for piece in 0..<6 {
            var script = Script(seed: 1)
            script.append(Script.request(1, 1, [3]) + Script.request(1, 1, [4]))
            script.append(Script.request(1, 0, [5]))
            script.append(Script.request(1, 1, [5]))
            script.append(Script.request(1, 1, [6]) + Script.request(1, 0, [7]) + Script.request(1, 0, [7]))
            script.append(Script.request(1, 0, [7]))
            expectSame(script, "\(piece)", Plan(withdrawn: (piece, 3)))
        }
    }

    // MARK: Numbers

    @Test func `numbers of objects at their edges`() {
        let test = Interfaces.index(of: "test_v1")!
        for id in [0, 1, 2, 3, 4, 5, 6, 7, 0x00f0_0000, 0x00f0_0001, 0xfeff_ffff, 0xff00_0000, UInt32.max] {
            for before in 0..<3 {
                var script = Script(seed: 1)
                let object = script.bind(test)
                for _ in 0..<before {
                    let valid = script.valid(object, 5)
                    script.append(valid.words)
                }
                script.append(Script.request(object.id, 5, [0, id]))
                script.append(Script.request(object.id, 5, [0, id &+ 1]))
                script.append(Script.request(id, 0, []))
                script.append(Script.request(object.id, 5, [0, id]))
                script.sync()
                expectSame(script, "\(id) after \(before)")
            }
        }
    }

    @Test func `the end of a client: objects go in the order of their numbers`() {
        for seed in 0..<20 {
            var script = Script(seed: UInt64(seed))
            let object = script.bind(Interfaces.index(of: "test_v1")!)
            for _ in 0..<30 {
                let last = script.objects.last!
                let goes = script.random.next() % 3 == 0 && last.id != object.id
                script.append(goes ? script.valid(last, 0).words : script.valid(object, 5).words)
            }
            expectSame(script, "seed \(seed)", Plan(hangsUp: true))
        }
    }

    // MARK: Streams

    private static let streamCount =
        ProcessInfo.processInfo.environment["DIFFERENTIAL_STREAMS"].flatMap { Int($0) } ?? 150

    /// A client's life, with a mistake at its end in most cases.
    private func stream(_ seed: Int) -> Script {
        var script = Script(seed: UInt64(seed) &* 7_919)
        for _ in 0..<60 {
            switch script.random.next() % 10 {
            case 0: script.bind(Int(script.random.next() % UInt64(Interfaces.all.count)))
            case 1: script.sync()
            default:
                guard let object = script.objects.randomElement(using: &script.random) else { continue }
                let interface = Interfaces.all[object.interface]
                let usable = interface.requests.indices.filter { opcode in
                    (Int(interface.requests[opcode].signature.prefix { $0.isNumber }) ?? 1) <= object.version
                }
                guard let opcode = usable.randomElement(using: &script.random) else { continue }
                let valid = script.valid(object, opcode)
                script.append(valid.words, valid.descriptors)
            }
        }
        if script.random.next() % 3 > 0, let last = script.pieces.popLast() {
            let words = unsafe last.bytes.withUnsafeBytes { unsafe Array($0.bindMemory(to: UInt32.self)) }
            let mutated = script.mutated(words, last.descriptors)
            script.append(mutated.words, mutated.descriptors)
        }
        // libwayland keeps wl_display.delete_id back until there is another event.
        script.sync()
        return script
    }

    @Test func `clients' lives, in pieces of any length`() {
        for seed in 0..<Self.streamCount {
            var script = stream(seed)
            script.cut()
            let hangsUp = seed % 2 == 0
            expectSame(script, "seed \(seed)", Plan(hangsUp: hangsUp, replies: seed % 5 > 0))
        }
    }

    @Test func `a byte at a time`() {
        for seed in 1_000..<1_010 {
            var script = stream(seed)
            script.pieces = script.pieces.flatMap { piece in
                piece.bytes.enumerated().map { index, byte in
                    Piece(bytes: [byte], descriptors: index == 0 ? piece.descriptors : [])
                }
            }
            expectSame(script, "seed \(seed)")
        }
    }

    @Test func `descriptors long before their requests`() {
        for seed in 2_000..<2_030 {
            var script = stream(seed)
            var descriptors = script.pieces.flatMap(\.descriptors)
            for index in script.pieces.indices { script.pieces[index].descriptors = [] }
            for index in script.pieces.indices {
                script.pieces[index].descriptors = Array(descriptors.prefix(28))
                descriptors.removeFirst(min(28, descriptors.count))
            }
            expectSame(script, "seed \(seed)")
        }
    }

    @Test func `requests at the wrap of a buffer`() {
        let test = Interfaces.index(of: "test_v1")!
        for length in stride(from: 900, to: 1_100, by: 7) {
            var script = Script(seed: 1)
            let object = script.bind(test)
            for _ in 0..<12 {
                let arguments = Script.text(String(repeating: "z", count: length * 3)) + [0, 0]
                script.append(Script.request(object.id, 2, arguments))
            }
            let bytes = script.pieces.flatMap(\.bytes)
            script.pieces = stride(from: 0, to: bytes.count, by: 3_000).map { start in
                Piece(bytes: Array(bytes[start..<min(start + 3_000, bytes.count)]))
            }
            expectSame(script, "\(length)")
        }
    }

    // MARK: Wanted differences

    @Test(arguments: WantedDifference.allCases)
    func `what differs on purpose still does`(difference: WantedDifference) {
        var script = Script(seed: 1)
        let object = script.bind(Interfaces.index(of: "test_v1")!)
        var plan = Plan()
        switch difference {
        case .badLength:
            script.append([object.id, 10 << 16 | 6, 0])
            script.sync()
        case .longMessage:
            script.append(Script.request(object.id, 2, Script.text(String(repeating: "q", count: 5_000)) + [0, 0]))
            script.sync()
        case .servedAfterHangUp:
            plan.hangsUpAtOnce = true
        case .hiddenGlobal:
            plan.hidden = object.interface
            script = Script(seed: 1)
            script.bind(object.interface, version: 9)
        case .repairedText:
            let words = Script.words([0xff, 0])
            script.append(Script.request(Script.registry, 0, [999, 2] + words + [1, 4]))
        case .promptDeleteID:
            plan.replies = false
            script.append(Script.request(object.id, 0, []))
        case .longErrorText:
            let name = String(repeating: "n", count: 200)
            script.append(Script.request(Script.registry, 0, [999] + Script.text(name) + [1, 4]))
        }
        let (reference, ours) = Session.play(script.pieces, plan)
        switch difference {
        case .badLength: #expect(ours.error?.code == 1 && ours.error?.text != reference.error?.text)
        case .longMessage: #expect(reference.error == nil && reference.hasEnded && !ours.hasEnded)
        case .servedAfterHangUp: #expect(reference.log.isEmpty && ours.log == "bind test_v1@3 3\ngone test_v1@3\n")
        case .hiddenGlobal:
            #expect(reference.error!.text.contains("have 3, wanted 9") && isWanted(reference, ours, plan))
        case .repairedText:
            #expect(reference.error!.text == ours.error!.text && reference.bytes.count < ours.bytes.count)
        case .promptDeleteID: #expect(ours.bytes.count == reference.bytes.count + 12)
        case .longErrorText:
            #expect(reference.error!.text.utf8.count == 127 && isWanted(reference, ours, plan))
        }
    }
}
