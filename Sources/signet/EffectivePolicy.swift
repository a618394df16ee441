import Compositor
import Logging
import SharedMemory

extension ShmPolicy {
    /// The policy for this kernel: strict by default, and copy where no client can have a sealed buffer at all.
    static func effective(_ chosen: ShmPolicy?, log: Logger) throws -> ShmPolicy {
        switch (chosen, AnonymousFile.kernelHasMemfd) {
        case (let chosen?, true): return chosen
        case (nil, true): return .strict
        case (.strict, false), (.seal, false):
            throw Failure(
                "this kernel has no memfd_create, so no client could pass '\(chosen!.rawValue)'; use --shm-policy copy"
            )
        case (.copy, false): return .copy
        case (nil, false):
            log.notice("this kernel has no memfd_create: the policy is 'copy', and client memory is read, never mapped")
            return .copy
        }
    }
}
