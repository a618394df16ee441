internal import Glibc
internal import SharedMemory

extension Group {
    /// signet_sealed_buffer_manager_v1, where there is one: the rules of protocol/sealed-buffer-v1.xml.
    package static let sealedBuffers = Group(
        "sealed-buffers",
        [
            offered("announced", "R1: policy, seals, limits, formats and done come in this order, once") { offers in
                let opcodes = offers.client.events.filter { $0.object == offers.manager }.map(\.opcode)
                let formats = opcodes.dropFirst(3).dropLast()
                guard opcodes.prefix(3) == [0, 1, 2], opcodes.last == 4, !formats.isEmpty,
                    formats.allSatisfy({ $0 == 3 })
                else { throw Unmet("the events' opcodes were \(opcodes)") }
            },
            offered("shown", "R8, R12: memory with the required seals is taken, and shown") { offers in
                let window = try Window(offers.client)
                try window.configure()
                let offer = try offers.offer(offers.sealedFile())
                try offers.mustBeAccepted(offer)
                let buffer = offers.buffer(of: offer)
                let frame = offers.client.frame(window.surface)
                offers.client.show(window.surface, buffer)
                try offers.client.awaitFrame(frame, or: buffer)
            },
            offered("released", "R12: the buffer is released when another one is shown") { offers in
                let window = try Window.shown(offers.client)
                let offer = try offers.offer(offers.sealedFile())
                try offers.mustBeAccepted(offer)
                let buffer = offers.buffer(of: offer)
                offers.client.show(window.surface, buffer)
                offers.client.show(window.surface, try window.makeBuffer())
                guard offers.client.wait(until: { !offers.client.events(of: buffer, 0).isEmpty }) else {
                    throw Unmet("release never came: \(offers.client.answer().description)")
                }
            },
            offered("far-offset", "offsets have 64 bits: a picture may begin behind 4 GiB") { offers in
                let offset = 5 << 30
                let file = try offers.sealedFile(offset + Window.size)
                try offers.mustBeAccepted(offers.offer(file, offset: UInt64(offset)))
            },
            offered("once", "R4: each offer is answered once") { offers in
                let offer = try offers.offer(offers.sealedFile())
                try offers.mustBeAccepted(offer)
                offers.client.linger(milliseconds: 50)
                let count = offers.client.events.count { $0.object == offer }
                guard count == 1 else { throw Unmet("\(count) answers came") }
            },
            offered("without-manager", "R2: offers and buffers live on without their manager") { offers in
                let offer = try offers.offer(offers.sealedFile())
                offers.client.destroy(offers.manager)
                try offers.mustBeAccepted(offer)
                _ = offers.buffer(of: offer)
            },
            offered("unsealed", "R3: what its owner can shrink is refused, sealed or read, by the policy") { offers in
                let file = try AnonymousFile.memfd("unsealed")
                try file.setSize(Window.size)
                let offer = try offers.offer(file)
                guard offers.policy == 0 else { return try offers.mustBeAccepted(offer) }
                try offers.mustBeRefused(offer, .missingSeal)
            },
            offered("unsealable", "R3: the same of memory that takes no seals") { offers in
                let file = try unsealableMemory()
                try file.setSize(Window.size)
                let offer = try offers.offer(file)
                guard offers.policy < 2 else { return try offers.mustBeAccepted(offer) }
                try offers.mustBeRefused(offer, .unsealable)
            },
            refused("pipe", "R4: a pipe", .notMemory) { offers in
                var ends: [CInt] = [0, 0]
                _ = try SystemCall.run("pipe") { unsafe pipe(&ends) }
                _ = Descriptor(owning: ends[1])
                return try offers.offer(Descriptor(owning: ends[0]))
            },
            refused("folder", "R4: a folder", .notMemory) { offers in
                let number = try SystemCall.run("open") { unsafe open("/", O_RDONLY | O_CLOEXEC) }
                return try offers.offer(Descriptor(owning: number))
            },
            refused("write-only", "R4: a file that can't be read", .notReadable) { offers in
                let file = try offers.sealedFile()
                let path = "/proc/self/fd/\(file.rawValue)"
                let number = try SystemCall.run("open") { unsafe open(path, O_WRONLY | O_CLOEXEC) }
                return try offers.offer(Descriptor(owning: number))
            },
            refused("short", "R6: the file ends before the picture", .tooSmall, .outOfBounds) { offers in
                try offers.offer(offers.sealedFile(Window.size - 1))
            },
            refused("behind-the-end", "R6: the picture begins behind the file's end", .outOfBounds, .tooSmall) {
                offers in
                try offers.offer(offers.sealedFile(), offset: UInt64(Window.size))
            },
            refused("endless", "R11: an end beyond 63 bits", .outOfBounds) { offers in
                try offers.offer(offers.sealedFile(), offset: UInt64(Int64.max) - 100)
            },
            refused("negative-offset", "R11: an offset beyond 63 bits", .outOfBounds) { offers in
                try offers.offer(offers.sealedFile(), offset: .max - 4_095)
            },
            refused("no-width", "R11: a width of 0", .badSize) { offers in
                try offers.offer(offers.sealedFile(), width: 0)
            },
            refused("negative-height", "R11: a negative height", .badSize) { offers in
                try offers.offer(offers.sealedFile(), height: -1)
            },
            refused("narrow-stride", "R11: a row doesn't fit into its stride", .badStride) { offers in
                try offers.offer(offers.sealedFile(), stride: Window.width * 4 - 1)
            },
            refused("negative-stride", "R11: a negative stride", .badStride) { offers in
                try offers.offer(offers.sealedFile(), stride: -Window.width * 4)
            },
            refused("format", "R11: a format that wasn't announced", .unknownFormat) { offers in
                try offers.offer(offers.sealedFile(), format: 0x7465_6e6f)
            },
            refused("too-large", "R11: more than the limits say", .overLimit, .tooSmall, .outOfBounds, .badStride) {
                offers in
                try offers.offer(offers.sealedFile(), width: 1 << 28, height: .max, stride: 1 << 30)
            },
            Case("not-accepted", "sealed-buffer-v1: get_buffer for an offer that was refused: not_accepted") { trial in
                let offers = try Offers(trial.client())
                let offer = try offers.offer(offers.sealedFile(), width: 0)
                try offers.mustBeRefused(offer, .badSize)
                _ = offers.buffer(of: offer)
                return try trial.expect(.error(.offerNotAccepted))
            },
            Case("used-twice", "sealed-buffer-v1: get_buffer twice: already_used") { trial in
                let offers = try Offers(trial.client())
                let offer = try offers.offer(offers.sealedFile())
                try offers.mustBeAccepted(offer)
                for _ in 0..<2 { _ = offers.buffer(of: offer) }
                return try trial.expect(.error(.offerUsed))
            },
            Case("withdrawn", "sealed-buffer-v1: R10: offers may be destroyed before they are answered") { trial in
                try trial.cost(rounds: 20) { client, round in
                    let offers = try Offers(round == 0 ? client : trial.connect())
                    for _ in 0..<50 { offers.client.destroy(try offers.offer(offers.sealedFile())) }
                }
            },
        ]
    )

    private static func offered(
        _ name: String,
        _ rule: String,
        body: @escaping @Sendable (Offers) throws -> Void
    ) -> Case {
        Case(name, "sealed-buffer-v1: \(rule)") { trial in
            try body(Offers(trial.client()))
            return try trial.expect(.served)
        }
    }

    private static func refused(
        _ name: String,
        _ rule: String,
        _ reasons: Offers.Reason...,
        offer: @escaping @Sendable (Offers) throws -> UInt32
    ) -> Case {
        offered(name, "\(rule): refused, and nothing else") { offers in
            try offers.mustBeRefused(offer(offers), reasons)
        }
    }
}

/// A client's signet_sealed_buffer_manager_v1.
private final class Offers {
    enum Reason: UInt32 {
        case notMemory, notReadable, missingSeal, unsealable, fileSystem, tooSmall, outOfBounds, badSize, badStride
        case unknownFormat, overLimit, failed
    }

    let client: RawClient
    let manager: UInt32
    /// 0 is strict, 1 seal, 2 copy.
    let policy: UInt32

    init(_ client: RawClient) throws {
        self.client = client
        let manager = try client.bind("signet_sealed_buffer_manager_v1")
        guard client.wait(until: { !client.events(of: manager, 4).isEmpty }) else {
            throw Unmet("done never came: \(client.answer().description)")
        }
        self.manager = manager
        policy = client.events(of: manager, 0).first?.words.first ?? 0
    }

    func sealedFile(_ size: Int = Window.size) throws -> Descriptor {
        try AnonymousFile.create(name: "offered", size: size).descriptor.duplicate()
    }

    /// manager.offer, of a picture as large as a window.
    func offer(
        _ file: borrowing Descriptor,
        offset: UInt64 = 0,
        width: Int32 = Window.width,
        height: Int32 = Window.height,
        stride: Int32 = Window.width * 4,
        format: UInt32 = 0x3432_5258
    ) throws -> UInt32 {
        let offer = client.newObject("signet_sealed_buffer_offer_v1")
        let place = [UInt32(offset >> 32), UInt32(truncatingIfNeeded: offset)]
        let size = [width, height, stride].map { UInt32(bitPattern: $0) }
        try client.send(manager, 1, [offer] + place + size + [format], with: file)
        return offer
    }

    /// offer.get_buffer.
    func buffer(of offer: UInt32) -> UInt32 {
        let buffer = client.newObject("wl_buffer")
        client.send(offer, 1, [buffer])
        return buffer
    }

    private func answer(to offer: UInt32) throws -> RawEvent {
        guard client.wait(until: { client.events.contains { $0.object == offer } }) else {
            throw Unmet("the offer wasn't answered: \(client.answer().description)")
        }
        return client.events.first { $0.object == offer }!
    }

    func mustBeAccepted(_ offer: UInt32) throws {
        let answer = try answer(to: offer)
        guard answer.opcode == 0 else { throw Unmet("it was refused: \(answer.words[0]), \(answer.text(at: 1))") }
    }

    func mustBeRefused(_ offer: UInt32, _ reasons: Reason...) throws { try mustBeRefused(offer, reasons) }

    func mustBeRefused(_ offer: UInt32, _ reasons: [Reason]) throws {
        let answer = try answer(to: offer)
        guard answer.opcode == 1, answer.words.count > 1 else { throw Unmet("it was accepted") }
        let text = answer.text(at: 1)
        guard let reason = Reason(rawValue: answer.words[0]), reasons.contains(reason) else {
            throw Unmet("it was refused for reason \(answer.words[0]) (\(text)), not for \(reasons)")
        }
        let length = text.utf8.count
        guard (1...1_000).contains(length) else { throw Unmet("R13: the sentence has \(length) bytes") }
    }
}
