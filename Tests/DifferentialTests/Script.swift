import CLinux
import Glibc
import ProtocolRecorders
import SharedMemory
import TestSupport

/// A client that knows what it has: writes requests, right ones and others.
struct Script {
    struct Object {
        let id: UInt32
        let interface: Int
        let version: Int
    }

    static let registry: UInt32 = 2
    /// Descriptors that requests carry; they live as long as the process.
    static let files: [CInt] = {
        var numbers: [CInt] = [0, 0]
        _ = unsafe pipe(&numbers)
        return [
            TestFile.memfd(1).relinquish(), numbers[0], eventfd(0, 0), socket(AF_UNIX, 1, 0),
            unsafe open("/etc/passwd", 0),
        ]
    }()

    var pieces: [Piece] = []
    private(set) var objects: [Object] = []
    private var freeIDs: [UInt32] = []
    private var lastID: UInt32 = 2
    private var dead: [UInt32] = []
    var random: Randomness

    init(seed: UInt64) {
        random = Randomness(seed: seed)
        append(Self.request(1, 1, [Self.registry]))
    }

    static func request(_ object: UInt32, _ opcode: Int, _ arguments: [UInt32]) -> [UInt32] {
        [object, UInt32(8 + arguments.count * 4) << 16 | UInt32(opcode)] + arguments
    }

    static func words(_ bytes: [UInt8]) -> [UInt32] {
        stride(from: 0, to: bytes.count, by: 4).map { start in
            (0..<4).reduce(0) { start + $1 < bytes.count ? $0 | UInt32(bytes[start + $1]) << UInt32($1 * 8) : $0 }
        }
    }

    static func text(_ text: String) -> [UInt32] {
        let bytes = Array(text.utf8) + [0]
        return [UInt32(bytes.count)] + words(bytes)
    }

    mutating func append(_ words: [UInt32], _ descriptors: [CInt] = []) {
        let bytes = unsafe words.withUnsafeBytes { unsafe Array($0) }
        pieces.append(Piece(bytes: bytes, descriptors: descriptors))
    }

    mutating func newID() -> UInt32 {
        if let id = freeIDs.popLast() { return id }
        lastID += 1
        return lastID
    }

    /// Binds a global.
    @discardableResult
    mutating func bind(_ interface: Int, version: Int? = nil) -> Object {
        let recorded = Interfaces.all[interface]
        let object = Object(id: newID(), interface: interface, version: version ?? recorded.version)
        let arguments = [UInt32(interface + 1)] + Self.text(recorded.name) + [UInt32(object.version), object.id]
        append(Self.request(Self.registry, 0, arguments))
        objects.append(object)
        return object
    }

    mutating func sync() {
        let id = newID()
        append(Self.request(1, 0, [id]))
        freeIDs.append(id)
    }

    /// An object of this interface; bound where there is none.
    private mutating func object(of interface: Int) -> Object {
        objects.last { $0.interface == interface } ?? bind(interface)
    }

    /// A valid request's words, and its descriptors. The state follows it.
    mutating func valid(_ object: Object, _ opcode: Int) -> (words: [UInt32], descriptors: [CInt]) {
        let request = Interfaces.all[object.interface].requests[opcode]
        var arguments: [UInt32] = []
        var descriptors: [CInt] = []
        var isNullable = false
        var position = 0
        var made: [Object] = []
        for letter in request.signature where !letter.isNumber {
            if letter == "?" {
                isNullable = true
                continue
            }
            let type = request.types[position].flatMap(Interfaces.index)
            switch letter {
            case "s":
                let texts = ["", "a", "abc", "abcd", "äöü", String(repeating: "y", count: 700)]
                let isNull = isNullable && random.next() % 4 == 0
                arguments += isNull ? [0] : Self.text(texts[Int(random.next() % 6)])
            case "a":
                let count = [0, 1, 3, 4, 17, 400][Int(random.next() % 6)]
                arguments += [UInt32(count)] + Self.words((0..<count).map { UInt8(truncatingIfNeeded: $0) })
            case "h": descriptors.append(Self.files[Int(random.next() % UInt64(Self.files.count))])
            case "o":
                let isNull = isNullable && random.next() % 3 == 0
                if let type, !isNull { arguments.append(self.object(of: type).id) } else { arguments.append(0) }
            case "n":
                let new = Object(id: newID(), interface: type ?? 0, version: object.version)
                arguments.append(new.id)
                made.append(new)
            default: arguments.append(UInt32(truncatingIfNeeded: random.next()))
            }
            isNullable = false
            position += 1
        }
        objects += made
        if request.isDestructor {
            objects.removeAll { $0.id == object.id }
            dead.append(object.id)
            freeIDs.append(object.id)
        }
        return (Self.request(object.id, opcode, arguments), descriptors)
    }

    /// Something else than that: one word, the length or the descriptors are changed.
    mutating func mutated(_ words: [UInt32], _ descriptors: [CInt]) -> (words: [UInt32], descriptors: [CInt]) {
        var (words, descriptors) = (words, descriptors)
        let values: [UInt32] = [
            0, 1, 2, 3, .max, 0x7fff_ffff, 0xfeff_ffff, 0xff00_0000, lastID, lastID + 1, lastID + 2, dead.last ?? 7,
            objects.first?.id ?? 5, UInt32(truncatingIfNeeded: random.next()),
        ]
        let value = values[Int(random.next() % UInt64(values.count))]
        switch random.next() % 8 {
        case 0: words[0] = value
        case 1: words[1] = words[1] & 0xffff_0000 | value & 0xff
        case 2 where words.count > 2:
            words.removeLast()
            words[1] = UInt32(words.count * 4) << 16 | words[1] & 0xffff
        case 3:
            words.append(value)
            words[1] = UInt32(words.count * 4) << 16 | words[1] & 0xffff
        case 4: descriptors.append(Self.files[0])
        case 5: _ = descriptors.popLast()
        default: if words.count > 2 { words[2 + Int(random.next() % UInt64(words.count - 2))] = value }
        }
        return (words, descriptors)
    }

    /// The same bytes in other pieces; descriptors stay with their first byte, or come earlier.
    mutating func cut() {
        var result: [Piece] = []
        for piece in pieces {
            let joins = random.next() % 3 == 0 && (result.last?.descriptors.count ?? 0) + piece.descriptors.count <= 28
            if joins, !result.isEmpty {
                result[result.count - 1].bytes += piece.bytes
                result[result.count - 1].descriptors += piece.descriptors
                continue
            }
            let at = Int(random.next() % UInt64(piece.bytes.count + 1))
            if random.next() % 2 == 0, at > 0, at < piece.bytes.count {
                result.append(Piece(bytes: Array(piece.bytes[..<at]), descriptors: piece.descriptors))
                result.append(Piece(bytes: Array(piece.bytes[at...])))
            } else {
                result.append(piece)
            }
        }
        pieces = result
    }
}
