import Compositor
import Glibc
import SharedMemory

/// Whether frames can be made at all, asked before anything else: without them a compositor serves nobody.
enum FrameMemory {
    /// Makes a frame for each output, and lets it go again.
    static func check(for outputs: [OutputMode]) throws {
        do throws(SystemError) {
            for output in outputs.isEmpty ? [OutputMode()] : outputs { _ = try Compositor.tryFrameMemory(output) }
        } catch {
            throw failure(error)
        }
    }

    /// The command's error for a frame that can't be made.
    static func failure(_ error: SystemError) -> Failure {
        if error.errno == Errno(rawValue: EFBIG) {
            return Failure("no frame can be made (\(error)); raise the limit of files' sizes, 'ulimit -f'")
        }
        return Failure(
            """
            no frame can be made (\(error)): it takes memory and memfd_create, or room for it in /dev/shm; \
            'signet doctor' tells what there is
            """
        )
    }
}
