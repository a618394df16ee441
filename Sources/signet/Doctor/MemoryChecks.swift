import CLinux
import Compositor
import Glibc
import SharedMemory

/// Which memory clients can hand over, and which Signet can make.
enum MemoryChecks {
    static func memfd() -> Finding {
        let name = "memfd_create"
        do throws(SystemError) {
            _ = try makeMemfd()
            return Finding(name, "works", "clients can hand over memory that is safe to map")
        } catch {
            switch AnonymousFile.memfdSupport {
            case .missing:
                return Finding(name, "missing", "client memory is read, never mapped; readers get copies of frames")
            case .forbidden(let errno):
                let meaning = "a sandbox forbids it: clients in the same one need --shm-policy copy; frames are copied"
                return Finding(name, "fails (\(errno))", meaning)
            case .works: return Finding(name, "fails (\(error.errno))", "no frame can be made at the moment")
            }
        }
    }

    /// Makes what an output draws into, as signet run does before it says that it is ready.
    static func frames() -> Finding {
        let name = "frames"
        do throws(SystemError) {
            let isSealed = try Compositor.tryFrameMemory()
            return isSealed
                ? Finding(name, "sealed memfds", "readers map them, and can't change them")
                : Finding(name, "can't be sealed here", "every reader gets a copy")
        } catch {
            let meaning = "signet run fails: it takes memfd_create, or room in /dev/shm"
            return Finding(name, "can't be made (\(error))", meaning)
        }
    }

    static func sealing() -> Finding {
        let name = "sealing"
        do throws(SystemError) {
            let descriptor = try makeMemfd()
            try checked("ftruncate", ftruncate(descriptor.rawValue, 4_096))
            try descriptor.addSeals(.shrink)
            if ftruncate(descriptor.rawValue, 0) == 0 {
                return Finding(
                    name,
                    "F_SEAL_SHRINK doesn't hold",
                    "sealed memory can be taken away: don't use Signet here"
                )
            }
            return Finding(name, "F_SEAL_SHRINK holds", "a mapped buffer's pages can't be taken away")
        } catch {
            return untried(name, error, "no client memory is safe to map, and none is; --shm-policy copy reads it")
        }
    }

    static func futureWrite() -> Finding {
        let name = "F_SEAL_FUTURE_WRITE"
        do throws(SystemError) {
            let descriptor = try makeMemfd()
            try checked("ftruncate", ftruncate(descriptor.rawValue, 4_096))
            var before = try WritableMapping(descriptor, length: 4_096)
            try descriptor.addSeals(.futureWrite)
            if (try? WritableMapping(descriptor, length: 4_096)) != nil {
                return Finding(name, "doesn't hold", "readers could draw into finished frames")
            }
            // Who had the memory mapped before can write still.
            before.withMutableBytes(in: 0..<1) { $0.storeBytes(of: 1, as: UInt8.self) }
            return Finding(name, "holds", "frames are handed to readers without a copy")
        } catch {
            return untried(name, error, "every reader gets a copy of the frame")
        }
    }

    static func noexec() -> Finding {
        let mode = readLine(of: "/proc/sys/vm/memfd_noexec")
        do throws(SystemError) {
            let flags = SIGNET_MFD_CLOEXEC | SIGNET_MFD_ALLOW_SEALING | SIGNET_MFD_NOEXEC_SEAL
            _ = Descriptor(owning: try checked("memfd_create", unsafe memfd_create("signet-doctor", flags)))
            return noexec(mode: mode, error: nil)
        } catch {
            return noexec(mode: mode, error: error)
        }
    }

    /// The finding for a mode (nil where the kernel has none) and what MFD_NOEXEC_SEAL met.
    static func noexec(mode: String?, error: SystemError?) -> Finding {
        let name = "memfd_noexec"
        let modeText = mode.map { "mode \($0)" } ?? "no mode"
        switch (error, mode) {
        case (nil, "1"), (nil, "2"):
            let meaning = "clients' memfds take seals unasked, so --shm-policy seal takes more"
            return Finding(name, "\(modeText), MFD_NOEXEC_SEAL accepted", meaning)
        case (nil, _):
            return Finding(name, "\(modeText), MFD_NOEXEC_SEAL accepted", "frames can't be made executable")
        case (SystemError(call: "memfd_create", errno: .invalidArgument)?, _):
            return Finding(
                name,
                "\(modeText), MFD_NOEXEC_SEAL unknown",
                "frames are made without it, and work the same"
            )
        case (let error?, _):
            return untried(name, error, "it is about memfds only")
        }
    }

    static func overcommit() -> Finding {
        overcommit(mode: readLine(of: "/proc/sys/vm/overcommit_memory"))
    }

    /// The finding for a mode; nil where it can't be read.
    static func overcommit(mode: String?) -> Finding {
        let name = "overcommit"
        guard let mode else {
            let meaning = "what the kernel does is tried instead; where it may fail to back a page, nothing is mapped"
            return Finding(name, "can't be read", meaning)
        }
        let meaning =
            mode == "2"
            ? "the kernel may fail to back a page: client memory is read, never mapped"
            : "sealed client memory is mapped"
        return Finding(name, "mode \(mode)", meaning)
    }

    static func posixSharedMemory() -> Finding {
        let name = "/dev/shm"
        do throws(SystemError) {
            _ = try AnonymousFile.posixSharedMemory(size: 4_096)
            return Finding(name, "shm_open works", "there is a fallback for memfd_create")
        } catch {
            return Finding(name, "unusable (\(error))", "there is no fallback for memfd_create; needed only without it")
        }
    }

    private static func untried(_ name: String, _ error: SystemError, _ meaning: String) -> Finding {
        if error.call == "memfd_create", AnonymousFile.memfdSupport != .works {
            return Finding(name, "none without memfd_create", meaning)
        }
        return Finding(name, "fails (\(error))", meaning)
    }

    private static func makeMemfd() throws(SystemError) -> Descriptor { try AnonymousFile.memfd("signet-doctor") }
}

/// The result of a system call that returns -1 and sets errno where it fails.
@discardableResult
func checked(_ call: String, _ result: CInt) throws(SystemError) -> CInt {
    guard result >= 0 else { throw SystemError(call: call, errno: Errno(rawValue: errno)) }
    return result
}

/// The first line of a small file; nil where it can't be read.
func readLine(of path: String) -> String? {
    guard let file = unsafe fopen(path, "re") else { return nil }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&line, CInt(line.count), file) != nil else { return nil }
    return String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
