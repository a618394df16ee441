import Compositor
import DirectRendering
import Glibc
import Logging
import SharedMemory

/// What outputs' frames are made of, and whether they can be made at all, which is asked before anything else: without
/// them a compositor serves nobody.
enum FrameMemory {
    /// What frames are made of, as `--frame-memory` names it.
    enum Choice {
        case sealed
        case dumbBuffers(path: String)

        /// From a text like `sealed` or `dumb:/dev/dri/card0`.
        init?(_ text: String) {
            let prefix = "dumb:"
            if text == "sealed" {
                self = .sealed
            } else if text.hasPrefix(prefix), text != prefix {
                self = .dumbBuffers(path: String(text.dropFirst(prefix.count)))
            } else {
                return nil
            }
        }
    }

    /// Opens the device that was chosen, if one was.
    static func open(_ choice: Choice) throws -> FrameStorage {
        guard case .dumbBuffers(let path) = choice else { return .files }
        do throws(DeviceError) {
            return .dumbBuffers(try DRMDevice(path: path))
        } catch {
            throw Failure("--frame-memory \(error); 'signet doctor' lists what there is, and 'sealed' needs no device")
        }
    }

    /// Makes a frame for each output, and lets it go again.
    static func check(_ storage: FrameStorage, for outputs: [OutputMode]) throws {
        do throws(SystemError) {
            for output in outputs.isEmpty ? [OutputMode()] : outputs {
                _ = try Compositor.tryFrameMemory(output, in: storage)
            }
        } catch {
            throw failure(error, in: storage)
        }
    }

    /// Says what was chosen that isn't of much use.
    static func warn(_ storage: FrameStorage, log: Logger) {
        guard case .dumbBuffers(let device) = storage, device.prefersShadow else { return }
        log.warning("drawing frames is slow: \(device.path) (\(device.driver)) says that reading its buffers is")
    }

    /// The command's error for a frame that can't be made.
    static func failure(_ error: SystemError, in storage: FrameStorage) -> Failure {
        if case .dumbBuffers(let device) = storage {
            return Failure(
                """
                no frame can be made of \(device.path) (\(device.driver)): \(error); --frame-memory dumb: takes a \
                card that makes dumb buffers, as /dev/dri/card0, and 'sealed' needs no device
                """
            )
        }
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
