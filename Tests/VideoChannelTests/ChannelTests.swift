import Glibc
import SharedMemory
import TestSupport
import Testing

@testable import VideoChannel

/// Both ends of a channel for pictures, one of which is hostile.
@Suite struct ChannelTests {
    private static let order = VideoOrder(
        container: .y4m,
        width: 64,
        height: 48,
        rate: 60_000,
        isConstantRate: false,
        quality: 50,
        slotCount: 2
    )
    private static let layout = PictureLayout(
        format: .nv12,
        width: 64,
        height: 48,
        planes: [PictureLayout.Plane(offset: 0, stride: 64), PictureLayout.Plane(offset: 64 * 48, stride: 64)]
    )!

    /// The two ends, in one process.
    private func makeEnds() throws -> (orderer: CInt, taker: CInt) {
        var ends: [CInt] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, CInt(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    private func nothing() -> Descriptor { TestFile.open("/dev/null", O_RDWR) }

    private func memory(_ size: Int, _ seals: Seals, fill: UInt8 = 0) throws -> AnonymousFile {
        let file = try AnonymousFile.create(name: "test", size: size, seals: seals)
        var mapping = try WritableMapping(file.descriptor, length: size)
        mapping.withMutableBytes(in: 0..<size) { bytes in
            for offset in 0..<size { bytes.storeBytes(of: fill, toByteOffset: offset, as: UInt8.self) }
        }
        return file
    }

    @Test func `pictures go one way, and answers the other`() throws {
        let ends = try makeEnds()
        let orderer = try VideoOrderer(Self.order, over: Descriptor(owning: ends.orderer), into: nothing())
        for fill: UInt8 in [10, 20] {
            let file = try memory(Self.layout.byteCount, [.shrink, .grow], fill: fill)
            try orderer.add(try file.readOnlyDescriptor(), fill == 10 ? .sealed : .file, Self.layout)
        }
        let taker = try VideoTaker(over: Descriptor(owning: ends.taker))
        #expect(taker.order == Self.order && taker.takeTarget() != nil && taker.takeTarget() == nil)
        #expect(orderer.isReady && orderer.freeSlots(besides: 0) == [1])
        try orderer.send(slot: 0, time: 5, dropped: 1)
        try orderer.send(slot: 1, time: 6, dropped: 2)
        #expect(!orderer.isReady && orderer.freeSlots(besides: nil).isEmpty)
        for (slot, byte, time): (Int, UInt8, UInt64) in [(0, 10, 5), (1, 20, 6)] {
            #expect(try taker.next() == .picture(slot: slot, time: time, dropped: UInt64(slot) + 1))
            try taker.withPicture(slot: slot) { bytes, layout in
                #expect(layout == Self.layout && bytes.byteCount == layout.byteCount)
                #expect(unsafe bytes.unsafeLoad(fromByteOffset: 100, as: UInt8.self) == byte)
            }
            try taker.done(slot: slot, pictures: UInt64(slot), bytes: 7)
        }
        try orderer.dispatchAvailable()
        #expect(orderer.isReady && orderer.freeSlots(besides: nil) == [0, 1])
        #expect(orderer.pictures == 1 && orderer.bytes == 7)
        try orderer.end(time: 9, dropped: 3)
        #expect(try taker.next() == .end(time: 9, dropped: 3))
    }

    @Test(arguments: ["shrinkable", "small", "file on disk", "pipe", "pipe as a dma-buf", "memfd as a dma-buf"])
    func `memory that could go away isn't mapped`(what: String) throws {
        let ends = try makeEnds()
        let orderer = try VideoOrderer(Self.order, over: Descriptor(owning: ends.orderer), into: nothing())
        let size = Self.layout.byteCount
        switch what {
        case "shrinkable": try orderer.add(try memory(size, []).readOnlyDescriptor(), .sealed, Self.layout)
        case "small": try orderer.add(try memory(size - 1, .shrink).readOnlyDescriptor(), .sealed, Self.layout)
        case "file on disk":
            var path = Array("/tmp/signet-test-XXXXXX".utf8CString)
            let file = Descriptor(owning: unsafe mkstemp(&path))
            unsafe unlink(path)
            try #require(ftruncate(file.rawValue, off_t(size)) == 0)
            try orderer.add(file, .sealed, Self.layout)
        case "memfd as a dma-buf": try orderer.add(try memory(size, .shrink).readOnlyDescriptor(), .dmabuf, Self.layout)
        default:
            var ends: [CInt] = [-1, -1]
            try #require(unsafe pipe(&ends) == 0)
            close(ends[1])
            try orderer.add(Descriptor(owning: ends[0]), what == "pipe" ? .sealed : .dmabuf, Self.layout)
        }
        try orderer.add(try memory(size, .shrink).readOnlyDescriptor(), .sealed, Self.layout)
        #expect(throws: (any Error).self) { try VideoTaker(over: Descriptor(owning: ends.taker)) }
    }

    @Test func `a file that becomes shorter is an error, and nothing else`() throws {
        let ends = try makeEnds()
        var order = Self.order
        order.slotCount = 1
        let orderer = try VideoOrderer(order, over: Descriptor(owning: ends.orderer), into: nothing())
        let file = try memory(Self.layout.byteCount, [])
        try orderer.add(try file.descriptor.duplicate(), .file, Self.layout)
        let taker = try VideoTaker(over: Descriptor(owning: ends.taker))
        try taker.withPicture(slot: 0) { _, _ in }
        try #require(ftruncate(file.descriptor.rawValue, 100) == 0)
        #expect(throws: VideoChannelError.self) { try taker.withPicture(slot: 0) { _, _ in } }
    }

    @Test func `half a message is an end`() throws {
        let ends = try makeEnds()
        let orderer = try VideoOrderer(Self.order, over: Descriptor(owning: ends.orderer), into: nothing())
        try #require(unsafe write(ends.taker, "12345678", 8) == 8)
        #expect(throws: VideoChannelError.self) { try orderer.dispatchAvailable() }
        close(ends.taker)
    }

    @Test func `pictures aren't further apart than pictures are`() {
        for (offset, stride) in [(1 << 35, 64), (0, 1 << 17), (64 * 48 * 3, 64), (-1, 64), (0, 63)] {
            let planes = [
                PictureLayout.Plane(offset: 0, stride: 64), PictureLayout.Plane(offset: offset, stride: stride),
            ]
            #expect(PictureLayout(format: .nv12, width: 64, height: 48, planes: planes) == nil)
        }
    }

    @Test func `words that make no sense are refused, whatever they are`() {
        var random = SystemRandomNumberGenerator()
        let messages: [VideoMessage] = [
            .order(Self.order), .memory(.sealed, Self.layout), .picture(slot: 1, time: .max, dropped: .max),
            .end(time: .max, dropped: .max), .done(slot: 7, pictures: .max, bytes: .max),
        ]
        for message in messages {
            #expect(VideoMessage(message.words) == message)
            for index in message.words.indices {
                for value in [
                    0, 1, 7, 255, 1 << 31, 1 << 40, 1 << 63, .max, UInt64.random(in: 0...(.max), using: &random),
                ] {
                    var words = message.words
                    words[index] = value
                    // What is accepted says the same when it is said again, and has sums that don't overflow.
                    guard let read = VideoMessage(words) else { continue }
                    #expect(VideoMessage(read.words) == read)
                    if case .memory(_, let layout) = read { #expect(layout.byteCount > 0) }
                }
            }
        }
        #expect(VideoMessage([]) == nil)
    }

    @Test func `an end that closes is an end, and answers to nothing are refused`() throws {
        var ends = try makeEnds()
        close(ends.taker)
        #expect(throws: VideoChannelError.closed) {
            _ = try VideoOrderer(Self.order, over: Descriptor(owning: ends.orderer), into: nothing())
        }
        ends = try makeEnds()
        close(ends.orderer)
        #expect(throws: VideoChannelError.closed) { try VideoTaker(over: Descriptor(owning: ends.taker)) }
        ends = try makeEnds()
        let orderer = try VideoOrderer(Self.order, over: Descriptor(owning: ends.orderer), into: nothing())
        let taker = Descriptor(owning: ends.taker)
        try VideoMessage.done(slot: 0, pictures: 0, bytes: 0).send(over: taker, with: DescriptorList())
        #expect(throws: VideoChannelError.self) { try orderer.dispatchAvailable() }
    }
}
