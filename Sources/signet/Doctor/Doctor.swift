import ArgumentParser
import Glibc
import SharedMemory

/// `signet doctor`: what this kernel and this machine offer, and what follows for Signet.
///
/// Every check tries the thing itself; version numbers lie where a vendor ports features back and where a container
/// filters system calls. It reports and doesn't judge, so the exit status is 0.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells what this kernel and machine offer, and what that means for Signet."
    )

    func run() throws {
        // A limit of files' sizes is a finding, and not the end.
        signal(SIGXFSZ, SIG_IGN)
        let text = report(Self.findings())
        do throws(SystemError) {
            try writeAll(text.utf8, to: STDOUT_FILENO)
        } catch {
            throw Failure("the findings can't be written: \(error.errno)")
        }
    }

    /// All checks, in the order in which they are shown.
    static func findings() -> [Finding] {
        let memory = [
            MemoryChecks.memfd(), MemoryChecks.sealing(), MemoryChecks.futureWrite(), MemoryChecks.noexec(),
            MemoryChecks.overcommit(), MemoryChecks.posixSharedMemory(), MemoryChecks.frames(),
        ]
        let devices =
            [DeviceChecks.udmabuf()] + DeviceChecks.heaps() + DeviceChecks.graphics() + DeviceChecks.video()
        return memory + devices + [ProcessChecks.runtimeFolder(), ProcessChecks.policy(), ProcessChecks.openFiles()]
    }
}
