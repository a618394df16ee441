import Testing

@testable import ClientCheck

struct WireFormatTests {
    @Test func `what is written is read`() {
        let values: [WireValue] = [
            .uint(7), .string("wl_output"), .int(-3), .array([1, 2, 3]), .string(nil), .object(9),
        ]
        let bytes = WireFormat.bytes(to: 5, opcode: 2, values)
        #expect(bytes.count % 4 == 0)
        #expect(WireFormat.values(bytes[...], [.uint, .string, .int, .array, .string, .object]) == values)
        #expect(WireFormat.values(bytes.dropLast(4), [.uint, .string, .int, .array, .string, .object]) == nil)
    }

    @Test func `every interface that a message makes has its table`() {
        for interface in WireTable.interfaces.values {
            for message in interface.requests + interface.events {
                guard let name = message.newInterface else { continue }
                #expect(WireTable.interfaces[name] != nil, "\(interface.name).\(message.name)")
            }
        }
    }
}
