internal import Glibc
internal import SharedMemory

extension Group {
    /// signet_sealed_frame_manager_v1, where there is one: the rules of protocol/sealed-frame-v1.xml.
    package static let sealedFrames = Group(
        "sealed-frames",
        [
            framed("first-at-once", "R6: the first request is answered without waiting for a change") { session in
                let frame = session.next()
                try session.mustBeReady(frame)
            },
            framed("sealed", "R14: a sealed memfd can neither shrink, grow, nor be written to") { session in
                let kind = try session.take(session.next())
                let file = try session.file()
                guard kind.words[0] == 0 else { throw Skipped("the frame isn't a memfd, but of kind \(kind.words[0])") }
                let seals = try file.seals() ?? []
                guard seals.isSuperset(of: [.shrink, .grow, .futureWrite, .seal]) else {
                    throw Unmet("the seals are \(seals)")
                }
                guard unsafe pwrite(file.rawValue, [UInt8(1)], 1, 0) < 0 else { throw Unmet("it can be written to") }
                guard (try? WritableMapping(file, length: 4_096)) == nil else {
                    throw Unmet("it can be mapped for writing")
                }
            },
            framed("within-file", "R18: the last pixel lies within the file") { session in
                let memory = try session.take(session.next())
                let file = try session.file()
                let words = memory.words.map(Int.init)
                let end = words[1] << 32 + words[2] + words[5] * (words[4] - 1) + words[3] * 4
                let length = Int(lseek(file.rawValue, 0, CInt(SEEK_END)))
                guard end <= length else { throw Unmet("pixels end at \(end), and the file at \(length)") }
                _ = try ReadOnlyMapping(file, length: length)
            },
            framed("order", "R12: memory, damage and ready, in this order, once") { session in
                let frame = session.next()
                try session.mustBeReady(frame)
                session.client.linger(milliseconds: 50)
                let order = session.client.events.filter { $0.object == frame }.map(\.opcode)
                let isRight = order.first == 0 && order.last == 2 && order.dropFirst().dropLast().allSatisfy { $0 == 1 }
                guard isRight, order.count >= 2 else { throw Unmet("the events' opcodes were \(order)") }
            },
            Case("pending", "signet_sealed_frame_session_v1.next_frame: R9, frame_pending") { trial in
                let session = try FrameSession(trial.client())
                try session.mustBeReady(session.next())
                // Nothing changes: the second is awaited when the third comes.
                _ = session.next()
                _ = session.next()
                _ = session.next()
                return try trial.expect(.error(.framePending))
            },
            framed("at-most-three", "R8: a fourth frame waits until one is destroyed") { session in
                let window = try Window.shown(session.client)
                var held: [UInt32] = []
                for index in 0..<3 {
                    let frame = session.next()
                    session.client.show(window.surface, try session.client.makeBuffer(0xff00_0000 | UInt32(index) << 6))
                    try session.mustBeReady(frame)
                    held.append(frame)
                }
                let fourth = session.next()
                session.client.show(window.surface, try session.client.makeBuffer(0xffff_ffff))
                session.client.linger(milliseconds: 150)
                guard session.client.events(of: fourth, 2).isEmpty else { throw Unmet("a fourth frame was sent") }
                session.client.destroy(held[0])
                session.client.show(window.surface, try session.client.makeBuffer(0xff80_8080))
                try session.mustBeReady(fourth)
            },
            framed("withdrawn", "R17: a frame may be destroyed before it is answered") { session in
                try session.mustBeReady(session.next())
                for _ in 0..<20 { session.client.destroy(session.next()) }
            },
            framed("manager-destroyed", "R2: sessions live on without their manager") { session in
                session.client.send(session.manager, 0)
                try session.mustBeReady(session.next())
            },
            framed("held-after-session", "R5: a frame stays valid after its session") { session in
                let memory = try session.take(session.next())
                let file = try session.file()
                session.client.destroy(session.session)
                guard session.client.answer() == .served else { return }
                let length = Int(lseek(file.rawValue, 0, CInt(SEEK_END)))
                guard length >= Int(memory.words[5]) else { throw Unmet("the file has \(length) bytes") }
                _ = try ReadOnlyMapping(file, length: length)
            },
        ]
    )

    private static func framed(
        _ name: String,
        _ rule: String,
        body: @escaping @Sendable (FrameSession) throws -> Void
    ) -> Case {
        Case(name, "sealed-frame-v1: \(rule)") { trial in
            try body(FrameSession(trial.client()))
            return try trial.expect(.served)
        }
    }
}

/// A capture session of the first output.
private final class FrameSession {
    let client: RawClient
    let manager: UInt32
    let session: UInt32

    init(_ client: RawClient) throws {
        self.client = client
        manager = try client.bind("signet_sealed_frame_manager_v1")
        let output = try client.bind("wl_output")
        session = client.newObject("signet_sealed_frame_session_v1")
        client.send(manager, 1, [session, output])
    }

    /// session.next_frame.
    func next() -> UInt32 {
        let frame = client.newObject("signet_sealed_frame_v1")
        client.send(session, 1, [frame])
        return frame
    }

    func mustBeReady(_ frame: UInt32) throws {
        guard client.wait(until: { !client.events(of: frame, 2).isEmpty }) else {
            throw Unmet("ready never came: \(client.answer().description)")
        }
    }

    /// Waits for a frame; its memory, without the descriptor, which is ``file()``.
    func take(_ frame: UInt32) throws -> RawEvent {
        try mustBeReady(frame)
        guard let memory = client.events(of: frame, 0).first, memory.words.count == 9 else {
            throw Unmet("memory never came before ready")
        }
        return memory
    }

    /// The oldest descriptor that came.
    func file() throws -> Descriptor {
        guard let file = client.socket.descriptors.takeFirst() else { throw Unmet("no descriptor came with memory") }
        return file
    }
}
