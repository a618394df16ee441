import Glibc

/// The folder for sockets: XDG_RUNTIME_DIR, or where that isn't set a folder of the user's own under /tmp.
///
/// The compositor makes the latter, and all commands look there, so that a container without a login session needs no
/// setting up.
struct RuntimeFolder {
    let path: String
    /// Whether XDG_RUNTIME_DIR wasn't set, so that clients have to be told.
    let isOurs: Bool

    /// Finds the folder; `create` makes our own where it is missing.
    init(create: Bool) throws {
        if let set = environmentValue("XDG_RUNTIME_DIR"), !set.isEmpty {
            guard !set.unicodeScalars.contains("\u{fffd}") else {
                throw Failure("XDG_RUNTIME_DIR isn't UTF-8; set it to a folder whose path is")
            }
            path = set
            isOurs = false
            return
        }
        path = Self.ownPath
        isOurs = true
        if create { try make() }
        unsafe setenv("XDG_RUNTIME_DIR", path, 1)
    }

    private func make() throws {
        if unsafe mkdir(path, 0o700) == 0 { return }
        let reason = unsafe String(cString: strerror(errno))
        guard let isPrivate = Self.isPrivate(path) else {
            throw Failure("\(path) can't be made: \(reason); set XDG_RUNTIME_DIR")
        }
        guard isPrivate else {
            throw Failure("\(path) belongs to another user or is open to others; set XDG_RUNTIME_DIR")
        }
    }

    /// What is unsafe about a folder that XDG_RUNTIME_DIR names, if anything is, with the remedy.
    ///
    /// The specification of base directories wants a folder of the user's own that nobody else can enter. Others are
    /// taken, as many containers have /tmp there.
    var warning: String? {
        var status = stat()
        guard !isOurs, unsafe stat(path, &status) == 0 else { return nil }
        let remedy = "set it to a folder of your own with mode 0700"
        if status.st_uid != geteuid() {
            return "XDG_RUNTIME_DIR \(path) belongs to user \(status.st_uid), who can replace the socket; \(remedy)"
        }
        if status.st_mode & 0o022 != 0 {
            return "XDG_RUNTIME_DIR \(path) can be written to by others, who can put sockets there; \(remedy)"
        }
        return nil
    }

    /// Where our own is.
    static var ownPath: String { "/tmp/signet-runtime-\(geteuid())" }

    /// Whether what is at `path` is a folder of ours that nobody else can enter; nil where nothing is there.
    ///
    /// Anybody can put something under /tmp first.
    static func isPrivate(_ path: String) -> Bool? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid() && status.st_mode & 0o077 == 0
    }
}

/// An environment variable's value.
func environmentValue(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
}
