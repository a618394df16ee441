internal import Dispatch

/// Gives things back to the kernel on another thread, where that can take long.
package enum Reaper {
    private static let queue = DispatchQueue(label: "signet.reaper", qos: .utility)

    static func run(_ work: @escaping @Sendable () -> Void) {
        queue.async(execute: work)
    }

    /// Waits until everything handed over so far is done.
    package static func drain() {
        queue.sync {}
    }
}
