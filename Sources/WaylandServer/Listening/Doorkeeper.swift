internal import CLinux
internal import Glibc
internal import SharedMemory

/// Lets clients in at the listening socket, as long as there is room for them.
///
/// A descriptor is kept in reserve: when all others are used up, it is spent on taking the next connection and
/// closing it, so that the client hears of it and the socket doesn't stay readable for ever. Closing is for
/// ``Disposal``, so the number is free a little later; until then nobody is let in. Who is turned away is logged once a
/// burst.
final class Doorkeeper {
    private let socket: ListeningSocket
    /// Serves who is let in; nil where there is no room.
    private let connect: (consuming Descriptor) -> Client?
    private var source: EventLoop.Source?
    private var reserve: Descriptor?
    private var isTurningAway = false
    /// Set while the socket isn't watched.
    private var pause: EventLoop.Timer?

    /// How long the socket isn't watched where there is no number even for turning somebody away, in nanoseconds.
    private static let pauseTime: UInt64 = 20_000_000
    /// How many connections are taken before other events are looked at.
    private static let admissionsAtOnce = 16
    /// And for how long, in nanoseconds.
    private static let admissionTime: UInt64 = 1_000_000

    init(
        _ socket: consuming ListeningSocket,
        loop: EventLoop,
        connect: @escaping (consuming Descriptor) -> Client?
    ) {
        let number = socket.descriptorNumber
        self.socket = socket
        self.connect = connect
        reserve = Self.makeReserve()
        source = loop.watch(number, for: .readable) { [unowned self] _ in admit() }
        pause = loop.makeTimer { [unowned self] in source?.update(.readable) }
    }

    deinit {
        source?.remove()
    }

    private static func makeReserve() -> Descriptor? {
        let number = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        return number < 0 ? nil : Descriptor(owning: number)
    }

    /// Lets in who stands there, some at a time: those who are in already have their turns in between.
    private func admit() {
        let end = EventLoop.now + Self.admissionTime
        for _ in 0..<Self.admissionsAtOnce {
            guard admitOne(), EventLoop.now < end else { return }
        }
    }

    /// False where that was the last one for now.
    private func admitOne() -> Bool {
        if reserve == nil { reserve = Self.makeReserve() }
        guard reserve != nil else {
            source?.update([])
            pause?.set(at: EventLoop.now + Self.pauseTime)
            return false
        }
        switch socket.accept() {
        case .nobody: return false
        case .client(let descriptor):
            if connect(descriptor) != nil { isTurningAway = false }
        case .noDescriptor:
            if !isTurningAway { ServerLog.write("descriptors have run out; new clients are turned away") }
            isTurningAway = true
            reserve = nil
            if case .client(let descriptor) = socket.accept() { Display.refuse(descriptor) }
            return false
        }
        return true
    }
}
