import Glibc
import SharedMemory
import TestSupport
import Testing

@testable import ClientCheck

struct WireTests {
    @Test func `bytes become messages however they come`() {
        var queue = MessageQueue()
        let first = WireFormat.bytes(to: 3, opcode: 1, [.string("a title")])
        let second = WireFormat.bytes(to: 4, opcode: 0, [])
        for byte in (first + second).dropLast() { queue.append([byte]) }
        #expect(queue.next().map { Array($0.bytes) } == first)
        #expect(queue.next() == nil)
        queue.append(second.suffix(1))
        let last = queue.next()
        #expect(last?.header.object == 4 && last?.header.size == 8)
        #expect(queue.takeRest().isEmpty)
    }

    @Test func `a size below the header's own ends nothing`() {
        var queue = MessageQueue()
        queue.append([3, 0, 0, 0, 0, 0, 0, 0])
        let objects = ObjectMap()
        let message = queue.next()
        #expect(message?.bytes.count == 8)
        #expect(message.map { objects.read($0.header, $0.bytes, isRequest: true) == nil } == true)
    }

    @Test func `descriptors travel with their message, and what finds no room waits`() throws {
        let pair = SocketPair()
        let queue = OutgoingQueue()
        let file = try AnonymousFile.create(name: "passed", size: 4_096)
        queue.append([UInt8](repeating: 1, count: 1 << 20))
        var descriptors = DescriptorList()
        descriptors.append(try file.descriptor.duplicate())
        queue.append([2, 2, 2, 2], with: descriptors)
        var isOpen = queue.flush(to: pair.first)
        #expect(isOpen && queue.size > 4)
        var received = 0
        var came = DescriptorList()
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while received < 1 << 20 + 4 {
            var span = bytes.mutableSpan
            var raw = unsafe span.mutableBytes
            received += try pair.second.receiveAvailable(into: &raw, descriptors: &came)
            isOpen = queue.flush(to: pair.first)
        }
        let count = came.count
        #expect(isOpen && queue.isEmpty && count == 1)
    }

    @Test func `numbers are free when the other end says so`() {
        let objects = ObjectMap()
        let display = objects[1]!
        let sync = display.interface.requests[0]
        let callback = objects.add(madeBy: sync, [.newObject(2)], on: display)
        #expect(callback?.name == "wl_callback#2" && objects.all.count { _ in true } == 2)
        callback.map(objects.end)
        #expect(objects.all.count { _ in true } == 1 && objects[2] != nil)
        objects.remove(2)
        #expect(objects[2] == nil)
    }

    @Test func `a number that is an object's can't become another's`() {
        let objects = ObjectMap()
        let display = objects[1]!
        for id: UInt32 in [1, 2, 1] {
            let bytes = WireFormat.bytes(to: 1, opcode: 0, [.newObject(id)])
            var queue = MessageQueue()
            queue.append(bytes)
            let (header, message) = queue.next()!
            let read = objects.read(header, message, isRequest: true)
            #expect((read == nil) == (id == 1))
            if let read { _ = objects.add(madeBy: read.wire, read.values, on: read.object) }
        }
        #expect(objects[1] === display && objects[2]?.interface.name == "wl_callback")
    }
}
