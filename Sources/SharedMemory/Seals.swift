internal import CLinux

/// What the kernel no longer lets anybody do to a memfd.
///
/// Seals can be added and never taken away. Source: fcntl(2), "File Sealing".
public struct Seals: OptionSet, Hashable, Sendable, CustomStringConvertible {
    /// The kernel's bits.
    public let rawValue: CInt

    /// The set of these bits.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// Those of an open file; nil where it knows none. Asks the kernel's memory file system alone, and waits for
    /// nobody.
    package init?(of number: CInt) {
        let seals = signet_get_seals(number)
        guard seals >= 0 else { return nil }
        rawValue = seals
    }

    /// F_SEAL_SEAL: no more seals.
    public static let seal = Seals(rawValue: SIGNET_F_SEAL_SEAL)
    /// F_SEAL_SHRINK: the file doesn't get shorter. Whoever has mapped it can rely on its pages.
    public static let shrink = Seals(rawValue: SIGNET_F_SEAL_SHRINK)
    /// F_SEAL_GROW: the file doesn't get longer.
    public static let grow = Seals(rawValue: SIGNET_F_SEAL_GROW)
    /// F_SEAL_WRITE: the content stays. Can't be added while a writable shared mapping exists.
    public static let write = Seals(rawValue: SIGNET_F_SEAL_WRITE)
    /// F_SEAL_FUTURE_WRITE: nobody can write any more but through mappings that exist already.
    public static let futureWrite = Seals(rawValue: SIGNET_F_SEAL_FUTURE_WRITE)
    /// F_SEAL_EXEC: the execute permission stays as it is.
    public static let exec = Seals(rawValue: SIGNET_F_SEAL_EXEC)

    /// As in `SHRINK|GROW`; `none` for the empty set.
    public var description: String {
        let names: [(Seals, String)] = [
            (.seal, "SEAL"), (.shrink, "SHRINK"), (.grow, "GROW"), (.write, "WRITE"), (.futureWrite, "FUTURE_WRITE"),
            (.exec, "EXEC"),
        ]
        let present = names.filter { contains($0.0) }.map(\.1)
        return present.isEmpty ? "none" : present.joined(separator: "|")
    }
}

extension Descriptor {
    /// The file's seals; nil where it is of a kind that knows none.
    ///
    /// A file on tmpfs that isn't a memfd, and a memfd without MFD_ALLOW_SEALING, say `.seal`.
    public borrowing func seals() throws(SystemError) -> Seals? {
        let number = rawValue
        do throws(SystemError) {
            return Seals(rawValue: try SystemCall.run("fcntl(F_GET_SEALS)") { signet_get_seals(number) })
        } catch {
            // O_PATH descriptors say EBADF.
            if error.errno == .invalidArgument || error.errno == .badDescriptor { return nil }
            throw error
        }
    }

    /// Adds seals, for everybody and for good.
    ///
    /// EPERM where the descriptor isn't open for writing or `.seal` is set, EBUSY for `.write` while somebody has a
    /// writable mapping, EINVAL where the file knows no seals.
    public borrowing func addSeals(_ seals: Seals) throws(SystemError) {
        let number = rawValue
        _ = try SystemCall.run("fcntl(F_ADD_SEALS)") { signet_add_seals(number, seals.rawValue) }
    }
}
