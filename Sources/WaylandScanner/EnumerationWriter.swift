/// Writes a protocol's enumeration as an enum that has room for unknown values, a bitfield as an option set.
enum EnumerationWriter {
    static func write(
        _ enumeration: ProtocolDescription.Enumeration,
        of interface: ProtocolDescription.Interface,
        to writer: inout CodeWriter
    ) {
        writer.line("/// `\(interface.name).\(enumeration.name)`")
        if enumeration.isBitfield {
            writeOptionSet(enumeration, to: &writer)
        } else {
            writeEnum(enumeration, to: &writer)
        }
    }

    private static func comment(_ entry: ProtocolDescription.Entry) -> String {
        let text = SwiftName.comment(entry.summary, otherwise: "`\(entry.name)`")
        return "/// \(text)" + (entry.since > 1 ? " (since version \(entry.since))" : "")
    }

    private static func writeOptionSet(
        _ enumeration: ProtocolDescription.Enumeration,
        to writer: inout CodeWriter
    ) {
        let name = SwiftName.type(enumeration.name)
        writer.block("public struct \(name): OptionSet, Hashable, Sendable") { writer in
            writer.line("/// The bits on the wire.")
            writer.line("public let rawValue: UInt32")
            writer.line("/// The set of these bits, named or not.")
            writer.line("public init(rawValue: UInt32) { self.rawValue = rawValue }")
            // Zero is the empty set, and Swift already has a name for it.
            for entry in enumeration.entries where entry.value != 0 {
                writer.line(comment(entry))
                writer.line("public static let \(SwiftName.member(entry.name)) = \(name)(rawValue: \(entry.value))")
            }
            let all = enumeration.entries.reduce(0) { $0 | $1.value }
            writer.line("/// Every bit that the description names.")
            writer.line("public static let allNamed = \(name)(rawValue: \(all))")
        }
    }

    private static func writeEnum(_ enumeration: ProtocolDescription.Enumeration, to writer: inout CodeWriter) {
        var named: [UInt32: String] = [:]
        var aliases: [ProtocolDescription.Entry] = []
        let conformance = enumeration.name == "error" ? "WireError" : "WireEnumeration"
        writer.block("public enum \(SwiftName.type(enumeration.name)): \(conformance)") { writer in
            var cases: [ProtocolDescription.Entry] = []
            for entry in enumeration.entries {
                if named[entry.value] != nil {
                    aliases.append(entry)
                    continue
                }
                named[entry.value] = SwiftName.member(entry.name)
                cases.append(entry)
                writer.line(comment(entry))
                writer.line("case \(SwiftName.member(entry.name))")
            }
            writer.line("/// A value that the description doesn't name.")
            writer.line("case unrecognized(UInt32)")
            for alias in aliases {
                writer.line(comment(alias))
                writer.line("public static let \(SwiftName.member(alias.name)) = Self.\(named[alias.value]!)")
            }
            writer.line()
            writer.line("/// The case for a number.")
            writer.block("public init(rawValue: UInt32)") { writer in
                writer.block("switch rawValue") { writer in
                    for entry in cases { writer.line("case \(entry.value): self = .\(SwiftName.member(entry.name))") }
                    writer.line("default: self = .unrecognized(rawValue)")
                }
            }
            writer.line("/// The number on the wire.")
            writer.block("public var rawValue: UInt32") { writer in
                writer.block("switch self") { writer in
                    for entry in cases { writer.line("case .\(SwiftName.member(entry.name)): \(entry.value)") }
                    writer.line("case .unrecognized(let value): value")
                }
            }
        }
    }
}
