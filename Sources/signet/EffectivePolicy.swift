import Compositor
import Logging
import SharedMemory

extension ShmPolicy {
    /// The policy for this kernel: strict by default, and copy where no client can have a sealed buffer at all.
    ///
    /// A sandbox around Signet says nothing about the one around a client, so that a memfd_create that is forbidden
    /// here changes no policy.
    static func effective(_ chosen: ShmPolicy?, log: Logger) throws -> ShmPolicy {
        switch (AnonymousFile.memfdSupport, chosen) {
        case (.works, _), (.missing, .copy?): return chosen ?? .strict
        case (.missing, let chosen?):
            throw Failure(
                "this kernel has no memfd_create, so no client could pass '\(chosen.rawValue)'; use --shm-policy copy"
            )
        case (.missing, nil):
            log.notice("this kernel has no memfd_create: the policy is 'copy', and client memory is read, never mapped")
            return .copy
        case (.forbidden(let error), let chosen):
            if chosen != .copy {
                log.warning(
                    """
                    memfd_create fails (\(error)), as in some sandboxes: readers get copies of frames, and clients in \
                    the same sandbox are refused unless --shm-policy copy is given
                    """
                )
            }
            return chosen ?? .strict
        }
    }
}
