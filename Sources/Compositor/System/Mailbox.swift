internal import CLinux
internal import Dispatch
internal import Glibc
internal import SharedMemory
internal import Synchronization
internal import WaylandServer

/// Has work done on other threads, and brings word of its end to the event loop's.
///
/// What is to happen then waits here under a number and never leaves the loop's thread; only the number travels.
final class Mailbox {
    /// What both threads see.
    private final class Slot: Sendable {
        let wake: Descriptor
        private let numbers = Mutex<[UInt64]>([])

        init(_ wake: consuming Descriptor) {
            self.wake = wake
        }

        func post(_ number: UInt64) {
            numbers.withLock { $0.append(number) }
            var one: UInt64 = 1
            _ = unsafe write(wake.rawValue, &one, 8)
        }

        func takeAll() -> [UInt64] {
            var count: UInt64 = 0
            _ = unsafe read(wake.rawValue, &count, 8)
            return numbers.withLock { numbers in
                defer { numbers = [] }
                return numbers
            }
        }
    }

    private let slot: Slot
    private var actions: [UInt64: () -> Void] = [:]
    private var lastNumber: UInt64 = 0

    /// For actions in `loop`; nil where there is no descriptor for it. Source: eventfd(2).
    init?(loop: EventLoop) {
        let number = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        guard number >= 0 else { return nil }
        slot = Slot(Descriptor(owning: number))
        let source = loop.watch(number, for: .readable) { [weak self] _ in self?.deliver() }
        guard source != nil else { return nil }
    }

    /// Runs `work` on `queue`, and `action` in the loop afterwards.
    func run(_ work: @escaping @Sendable () -> Void, on queue: DispatchQueue, then action: @escaping () -> Void) {
        lastNumber += 1
        let number = lastNumber
        actions[number] = action
        queue.async { [slot] in
            work()
            slot.post(number)
        }
    }

    private func deliver() {
        for number in slot.takeAll() { actions.removeValue(forKey: number)?() }
    }
}
