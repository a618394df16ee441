import Compositor
import Glibc
import Logging
import SharedMemory
import WaylandServer

/// What Signet finds where it is started: folder, policy, limits.
enum ProcessChecks {
    static func runtimeFolder() -> Finding {
        runtimeFolder(set: environmentValue("XDG_RUNTIME_DIR"), own: RuntimeFolder.ownPath)
    }

    /// The finding for XDG_RUNTIME_DIR's value, and for the folder that is taken without one.
    static func runtimeFolder(set: String?, own: String) -> Finding {
        let name = "runtime folder"
        guard let set, !set.isEmpty else {
            let state = "XDG_RUNTIME_DIR isn't set"
            switch RuntimeFolder.isPrivate(own) {
            case nil: return Finding(name, state, "signet run makes \(own), and says so")
            case true?: return Finding(name, state, "signet run takes \(own), and says so")
            case false?: return Finding(name, state, "\(own) isn't ours alone, so signet run fails: set it")
            }
        }
        // The thing itself: a socket with its lock, gone again at once. Its name is as short as signet run's.
        do throws(ListeningSocket.Failure) {
            _ = try ListeningSocket(name: "d\(getpid())", in: set)
        } catch {
            let reason =
                switch error {
                case .unusable(_, let error): "\(error.errno)"
                case .folderTooLong: "its path is too long"
                case .relativeFolder: "it isn't an absolute path"
                case .badName, .nameTooLong, .occupied, .taken, .allTaken: "names are taken"
                }
            let meaning = "signet run fails: set XDG_RUNTIME_DIR to a folder of yours that can be written to"
            return Finding(name, "\(set) takes no socket (\(reason))", meaning)
        }
        // The dot is for a symbolic link, which is followed here.
        if RuntimeFolder.isPrivate(set + "/.") != true {
            return Finding(name, "\(set) isn't ours alone", "clients can connect, and others may get at the socket")
        }
        return Finding(name, "\(set) is ours", "clients can connect")
    }

    static func policy() -> Finding {
        let name = "shm policy"
        let silent = Logger(label: "signet") { _ in SwiftLogNoOpLogHandler() }
        switch try? ShmPolicy.effective(nil, log: silent) {
        case .strict?: return Finding(name, "strict by default", "only memfds with F_SEAL_SHRINK are taken")
        case .seal?: return Finding(name, "seal by default", "memfds are sealed on arrival")
        case .copy?: return Finding(name, "copy by default", "memory that can't be sealed is read, never mapped")
        case nil: return Finding(name, "none", "signet run fails")
        }
    }

    static func openFiles() -> Finding {
        let limit = DescriptorLimit()
        return openFiles(limit.original, isRaised: limit.raised != nil)
    }

    /// The finding for a limit, and for whether the soft one could be raised to the hard one.
    static func openFiles(_ limit: rlimit?, isRaised: Bool) -> Finding {
        let name = "open files"
        guard let limit else { return Finding(name, "no limit is told", "Signet runs with what there is") }
        let consequence =
            if limit.rlim_cur == limit.rlim_max {
                "it is as high as it gets"
            } else {
                isRaised ? "signet run raises soft to hard" : "soft can't be raised"
            }
        let state = "soft \(text(limit.rlim_cur)), hard \(text(limit.rlim_max))"
        return Finding(name, state, "\(consequence); one client may hold \(Limits().descriptors)")
    }

    private static func text(_ limit: rlim_t) -> String { limit == rlim_t.max ? "unlimited" : "\(limit)" }
}
