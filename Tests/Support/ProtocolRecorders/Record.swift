import Glibc
package import SharedMemory
import TestSupport
package import WaylandServer
import WaylandWire

/// An interface as data, and how a global of it is made; see the generated files.
package struct RecordedInterface: Sendable {
    package typealias Message = (name: String, signature: String, types: [String?], isDestructor: Bool)

    package let name: String
    package let version: Int
    package let requests: [Message]
    package let events: [Message]
    /// Announces it, and returns what takes the announcement back.
    package let announce: @Sendable (Display, Record) -> () -> Void

    package init(
        _ name: String,
        version: Int,
        requests: [Message],
        events: [Message],
        announce: @escaping @Sendable (Display, Record) -> () -> Void
    ) {
        self.name = name
        self.version = version
        self.requests = requests
        self.events = events
        self.announce = announce
    }
}

/// What one server was asked, as the reference writes it down, and what it answers.
package final class Record {
    package enum Action: Int32, CaseIterable {
        case nothing, destroy, error, noMemory, implementation
    }

    package private(set) var log = ""
    private var number = 0
    package var plan: (number: Int, action: Action) = (0, .nothing)
    package var replies = true
    package var hidden = -1
    package let file = TestFile.memfd(1)
    private let interfaces: [String]

    package init(interfaces: [String]) { self.interfaces = interfaces }

    // MARK: Asked

    var isVisible: (Client) -> Bool {
        // Globals are made in their order, and ask for this once each.
        defer { announced += 1 }
        return { [unowned self, announced] _ in announced != hidden }
    }
    private var announced = 0

    func note(_ resource: Resource, _ request: String, _ arguments: [String]) -> Int {
        number += 1
        log += "\(type(of: resource).interface.name)@\(resource.id).\(request)(\(arguments.joined(separator: ", ")))\n"
        return number
    }

    func noteBind(_ resource: Resource) {
        log += "bind \(type(of: resource).interface.name)@\(resource.id) \(resource.version)\n"
    }

    func noteEnd(of resource: Resource) { log += "gone \(type(of: resource).interface.name)@\(resource.id)\n" }

    func act(_ number: Int, on resource: Resource) throws(ProtocolError) {
        guard number == plan.number else { return }
        switch plan.action {
        case .nothing: break
        case .destroy: resource.destroy()
        case .error: throw ProtocolError(AskedFor(rawValue: 7), "asked for")
        case .noMemory: throw .noMemory("no memory")
        case .implementation: throw .implementation("asked for")
        }
    }

    private struct AskedFor: WireError {
        let rawValue: UInt32
    }

    func text(_ value: Int32) -> String { "\(UInt32(bitPattern: value))" }
    func text(_ value: UInt32) -> String { "\(value)" }
    func text(_ value: Fixed) -> String { text(value.rawValue) }
    func text(_ value: Resource?) -> String { "\(value?.id ?? 0)" }
    func text(_ value: String?) -> String {
        value.map { "'\(String(String.UnicodeScalarView($0.unicodeScalars.filter(\.isASCII))))'" } ?? "null"
    }
    func text(_ value: WireArray) -> String {
        value.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    func text(_ value: borrowing Descriptor) -> String {
        var status = stat()
        unsafe fstat(value.rawValue, &status)
        return "file \(status.st_ino)"
    }

    // MARK: Answered

    func uint(_ number: Int, _ position: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: number) &* 2_654_435_761 &+ UInt32(position) &* 40_503
    }

    func int(_ number: Int, _ position: Int) -> Int32 { Int32(bitPattern: uint(number, position)) }

    func string(_ number: Int, _ position: Int) -> String {
        ["", "a", "abc", "abcd", String(repeating: "x", count: 300)][(number + position) % 5]
    }

    func optionalString(_ number: Int, _ position: Int) -> String? {
        (number + position) % 6 == 5 ? nil : string(number, position)
    }

    func array(_ number: Int, _ position: Int) -> WireArray {
        let count = [0, 1, 4, 7, 300][(number + position) % 5]
        return WireArray(bytes: (0..<count).map { UInt8(ascii: "A") + UInt8($0 % 26) })
    }
}
