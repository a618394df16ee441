internal import SharedMemory
internal import WaylandServer

/// `zwp_virtual_keyboard_manager_v1`: keyboards that clients play.
final class VirtualKeyboardManagerGlobal: ZwpVirtualKeyboardManagerV1.Requests, Service {
    private unowned let seat: Seat
    private let admission: Admission

    init(seat: Seat, admission: Admission) {
        self.seat = seat
        self.admission = admission
    }

    func bind(_ resource: ZwpVirtualKeyboardManagerV1) { resource.handler = self }

    func createVirtualKeyboard(
        _ resource: ZwpVirtualKeyboardManagerV1,
        seat: WlSeat,
        id: ZwpVirtualKeyboardV1
    ) throws(ProtocolError) {
        id.handler = VirtualKeyboard(id, self.seat, admission)
    }
}

/// `zwp_virtual_keyboard_v1`: a keyboard that a client plays, with a keymap of its own.
///
/// The keymap's file is admitted as any shared memory, and read, never mapped, on the client's lane. What is typed
/// meanwhile waits for it.
final class VirtualKeyboard: ZwpVirtualKeyboardV1.Requests {
    private enum Step {
        case keymap(ClientFile, SharedCharge, size: Int)
        case key(UInt32, isPressed: Bool)
        case modifiers(KeyboardState.Modifiers)
    }

    private weak var resource: ZwpVirtualKeyboardV1?
    private unowned let seat: Seat
    private let admission: Admission
    private let account: ClientAccount
    /// Nil before there is a keymap.
    private var source: InputSource?
    /// For what clients get of its keymap.
    private var charge: Charge?
    private var descriptorCharge: Charge?
    /// What xkbcommon keeps of a keymap, in bytes, at most: for 4,096 keys.
    private static let compiledSize = 512 << 10
    /// What waits for a keymap that is being read.
    private var waiting: [Step] = []
    private var waitingCharge: Charge?
    private var isReading = false
    private var hasKeymap = false

    init(_ resource: ZwpVirtualKeyboardV1, _ seat: Seat, _ admission: Admission) {
        self.resource = resource
        self.seat = seat
        self.admission = admission
        account = resource.client.account
    }

    func destroyed(_ resource: ZwpVirtualKeyboardV1) {
        waiting = []
        waitingCharge = nil
        source?.end()
        source = nil
        charge = nil
        descriptorCharge = nil
    }

    // MARK: Requests

    func keymap(
        _ resource: ZwpVirtualKeyboardV1,
        format: UInt32,
        fd: consuming Descriptor,
        size: UInt32
    ) throws(ProtocolError) {
        let file = ClientFile(fd)
        let charge = SharedCharge(try account.charge(of: .descriptors))
        guard format == WlKeyboard.KeymapFormat.xkbV1.rawValue else {
            throw noKeymap("keymaps are of wl_keyboard.keymap_format xkb_v1 (1) here, not \(format)")
        }
        guard size > 0, size <= account.limits.keymapBytes else {
            throw noKeymap("a keymap has 1 to \(account.limits.keymapBytes) bytes of text here, not \(size)")
        }
        hasKeymap = true
        try add(.keymap(file, charge, size: Int(size)))
    }

    func key(_ resource: ZwpVirtualKeyboardV1, time: UInt32, key: UInt32, state: UInt32) throws(ProtocolError) {
        try checkKeymap()
        try add(.key(key, isPressed: state != 0))
    }

    func modifiers(
        _ resource: ZwpVirtualKeyboardV1,
        modsDepressed: UInt32,
        modsLatched: UInt32,
        modsLocked: UInt32,
        group: UInt32
    ) throws(ProtocolError) {
        try checkKeymap()
        let all = KeyboardState.Modifiers(
            depressed: modsDepressed,
            latched: modsLatched,
            locked: modsLocked,
            group: group
        )
        try add(.modifiers(all))
    }

    private func checkKeymap() throws(ProtocolError) {
        if !hasKeymap { throw noKeymap("this keyboard has no keymap; send one before keys and modifiers") }
    }

    /// There is one error for all that can be wrong with a keymap.
    private func noKeymap(_ text: String) -> ProtocolError {
        guard let resource, resource.isAlive else { return .implementation(text) }
        return ProtocolError(ZwpVirtualKeyboardV1.Error.noKeymap, text, on: resource)
    }

    // MARK: In their order

    private func add(_ step: Step) throws(ProtocolError) {
        guard isReading else { return try take(step) }
        guard waiting.count < account.limits.waitingInput else {
            throw .noMemory(
                "\(waiting.count) keys and modifiers wait for a keymap that is being read, and no more can; wait for a "
                    + "wl_display.sync after a keymap"
            )
        }
        try account.change(&waitingCharge, to: waiting.count + 1, of: .objects)
        waiting.append(step)
    }

    private func take(_ step: Step) throws(ProtocolError) {
        switch step {
        case .key(let code, let isPressed): source?.send(.key(code, isPressed: isPressed))
        case .modifiers(let modifiers): source?.setModifiers(modifiers)
        case .keymap(let file, let charge, let size): try read(file, charge, size: size)
        }
    }

    private func read(_ file: ClientFile, _ charge: SharedCharge, size: Int) throws(ProtocolError) {
        let (admission, process, limit) = (admission, account.process, account.limits.keymapBytes)
        isReading = true
        try account.look({ cancellation -> Result<PlayedKeymap, PlayedKeymap.Failure>? in
            if cancellation.isCancelled { return .failure(.keymap(.unreadable)) }
            do throws(PlayedKeymap.Failure) {
                return .success(try PlayedKeymap(file, size: size, admission, of: process, upTo: limit))
            } catch {
                return .failure(error)
            }
        }) { [weak self] result in
            withExtendedLifetime(charge) { self?.answer(result) }
        }
    }

    private func answer(_ result: Result<PlayedKeymap, PlayedKeymap.Failure>) {
        isReading = false
        guard account.isOpen, resource?.isAlive == true else { return }
        do throws(ProtocolError) {
            switch result {
            case .failure(let failure): throw noKeymap("\(failure)")
            case .success(let played): try plugIn(played)
            }
            try goOn()
        } catch {
            account.end(with: error)
        }
    }

    /// Takes some of what has waited, and the rest in later turns. What comes after another keymap waits for that.
    private func goOn() throws(ProtocolError) {
        var rest = waiting[...]
        waiting = []
        var count = 0
        while !isReading, count < Self.stepsPerTurn, let next = rest.popFirst() {
            try take(next)
            count += 1
        }
        waiting = Array(rest)
        try account.change(&waitingCharge, to: waiting.count, of: .objects)
        guard !isReading, !waiting.isEmpty else { return }
        isReading = true
        try account.look({ _ -> Bool? in true }) { [weak self] _ in
            guard let self, account.isOpen, self.resource?.isAlive == true else { return }
            isReading = false
            do throws(ProtocolError) { try goOn() } catch { account.end(with: error) }
        }
    }

    private static let stepsPerTurn = 64

    private func plugIn(_ played: PlayedKeymap) throws(ProtocolError) {
        try account.change(&charge, to: 2 * played.keymap.size + Self.compiledSize, of: .copiedBytes)
        if descriptorCharge == nil { descriptorCharge = try account.charge(of: .descriptors) }
        source?.end()
        source = nil
        // Without keys of its own, the seat has no others either.
        guard let number = seat.keyboard?.makeNumber() else { return }
        let device = KeyboardDevice(played.keymap, played: played.state, number: number)
        source = InputSource(seat, keyboard: device)
    }
}

/// A keymap that a client brought, and the state of a keyboard that has it: made on the client's lane, and handed over
/// once.
struct PlayedKeymap: @unchecked Sendable {
    /// Why there is none.
    enum Failure: Error, CustomStringConvertible {
        case refused(Refusal)
        case unreadable(SystemError)
        case tooShort(Int)
        case keymap(Keymap.Failure)

        var description: String {
            switch self {
            case .refused(let refusal): "\(refusal)"
            case .unreadable(let error): "the keymap can't be read: \(error)"
            case .tooShort(let size): "the keymap's file has \(size) bytes, which is less than it is said to have"
            case .keymap(let failure): "\(failure)"
            }
        }
    }

    let keymap: Keymap
    let state: KeyboardState

    /// Reads a keymap of `size` bytes from a file that a process sent.
    init(
        _ file: ClientFile,
        size: Int,
        _ admission: Admission,
        of process: Int32,
        upTo limit: Int
    ) throws(Failure) {
        do throws(Refusal) { _ = try admission.admit(file.descriptor, size: Int64(size), of: process) } catch {
            throw .refused(error)
        }
        let text = try Self.text(file, size: size)
        do throws(Keymap.Failure) {
            let compiled = try CompiledKeymap(checking: text)
            keymap = try Keymap(compiled, upTo: limit)
            guard let state = KeyboardState(compiled) else { throw .unreadable }
            self.state = state
        } catch {
            throw .keymap(error)
        }
    }

    /// Up to the first zero, and a zero.
    private static func text(_ file: ClientFile, size: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        let count: Int
        do throws(SystemError) {
            var span = bytes.mutableSpan
            var raw = unsafe span.mutableBytes
            count = try file.descriptor.pread(into: &raw, at: 0)
        } catch {
            throw .unreadable(error)
        }
        guard count == size else { throw .tooShort(count) }
        return Array(bytes.prefix { $0 != 0 }) + [0]
    }
}
