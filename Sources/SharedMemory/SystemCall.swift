internal import Glibc

/// The door through which system calls go, so that tests can make them fail.
///
/// A call is named as in its manual page. In debug builds ``InjectedFaults`` is asked first; release builds have no
/// trace of it.
package enum SystemCall {
    /// Runs a call that returns -1 and sets errno where it fails. EINTR repeats it.
    package static func run<Result: SignedInteger>(
        _ name: String,
        _ call: () -> Result
    ) throws(SystemError) -> Result {
        while true {
            #if DEBUG
                if let injected = InjectedFaults.current?.next(for: name) {
                    if injected == .interrupted { continue }
                    throw SystemError(call: name, errno: injected)
                }
            #endif
            let result = call()
            if result >= 0 { return result }
            let error = Errno(rawValue: errno)
            if error != .interrupted { throw SystemError(call: name, errno: error) }
        }
    }
}

#if DEBUG
    /// System calls that are to fail, for tests: for each call's name the errors of its next calls, in order.
    package final class InjectedFaults: @unchecked Sendable {
        /// Those of the running test; a task-local value, so that tests beside it aren't met.
        @TaskLocal package static var current: InjectedFaults?

        private var plan: [String: [Errno?]]
        private var interventions: [String: () -> Void]

        /// Lets calls fail as planned; nil lets one pass. What `interventions` has for a call happens once, right
        /// before it is made: what another process could do then.
        package init(_ plan: [String: [Errno?]], before interventions: [String: () -> Void] = [:]) {
            self.plan = plan
            self.interventions = interventions
        }

        /// What was planned and hasn't happened.
        package var isUsedUp: Bool { plan.values.allSatisfy(\.isEmpty) }

        func next(for call: String) -> Errno? {
            interventions.removeValue(forKey: call)?()
            guard plan[call]?.isEmpty == false else { return nil }
            return plan[call]!.removeFirst()
        }
    }
#endif
