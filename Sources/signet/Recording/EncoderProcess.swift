import CProcess
import Glibc
import SharedMemory
import VideoChannel

/// Another program of Signet's, started to work for this one.
struct HelperProcess {
    let process: pid_t

    /// Starts a program, in a process group of its own, so that keys of the terminal don't reach it. It gets TERM when
    /// this process ends.
    init(_ arguments: [String], mask: sigset_t) throws {
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe strings.append(nil)
        defer { for index in unsafe strings.indices { unsafe free(strings[index]) } }
        var process: pid_t = 0
        let error = unsafe strings.withUnsafeMutableBufferPointer { strings in
            unsafe withUnsafePointer(to: mask) { mask in
                var spawn = unsafe signet_spawn(
                    arguments: strings.baseAddress,
                    mask: mask,
                    default_signals: nil,
                    default_signal_count: 0,
                    open_files: nil,
                    terminal: -1,
                    output: -1,
                    environment: nil,
                    parent_death_signal: SIGTERM
                )
                return unsafe signet_spawn(&spawn, &process)
            }
        }
        guard error == 0 else {
            throw Failure("'\(arguments[0])' can't be started: \(unsafe String(cString: strerror(error)))")
        }
        self.process = process
    }

    func send(_ signal: CInt) { kill(process, signal) }

    /// Waits until it has ended, and kills it after a time; its exit status, or 128 + n for a signal n.
    func waitForEnd(milliseconds: Int) -> CInt {
        var code: CInt = 0
        var hasEnded = false
        for _ in 0..<milliseconds / 10 where !hasEnded {
            hasEnded = unsafe waitpid(process, &code, WNOHANG) != 0
            if !hasEnded { usleep(10_000) }
        }
        if !hasEnded {
            send(SIGKILL)
            while unsafe waitpid(process, &code, 0) < 0, errno == EINTR {}
        }
        if case .ended(let status, _) = ProcessChange(code) { return status }
        return 1
    }

    /// The path of the program that runs here; where there is no /proc, the one by which it was started.
    static var ownPath: String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe readlink("/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        if count > 0, count < buffer.count { return String(decoding: buffer.prefix(count), as: UTF8.self) }
        return unsafe signet_program_path().map { unsafe String(cString: $0) }
    }
}

/// The program that makes a video of pictures, and this end of the channel to it.
struct EncoderProcess: ~Copyable {
    let helper: HelperProcess
    let channel: Descriptor

    /// Starts the program for a container; `device` is the one that codes, where a device does.
    init(for container: VideoOrder.Container, device: String?, mask: sigset_t) throws {
        let ends: VideoOrderer.Ends
        do throws(SystemError) { ends = try VideoOrderer.makeEnds() } catch {
            throw Failure("no channel to the encoder can be made: \(error)")
        }
        let program = try Self.program(for: container, device)
        helper = try HelperProcess(program + [String(ends.taker.rawValue)], mask: mask)
        channel = ends.takeOrderer()
    }

    consuming func takeChannel() -> Descriptor { channel }

    private static func program(for container: VideoOrder.Container, _ device: String?) throws -> [String] {
        let own = HelperProcess.ownPath
        if let device { return [own ?? "signet", EncodeOnDevice.name, "--", device] }
        if container == .y4m { return [own ?? "signet", WriteY4M.name] }
        let folder = own.map { $0.prefix(upTo: $0.lastIndex(of: "/") ?? $0.startIndex) }
        let places = folder.map { ["\($0)/signet-encoder", "\($0)/../libexec/signet/signet-encoder"] } ?? []
        if let place = places.first(where: { unsafe access($0, X_OK) == 0 }) { return [place] }
        let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in path.split(separator: ":") where unsafe access("\(folder)/signet-encoder", X_OK) == 0 {
            return ["\(folder)/signet-encoder"]
        }
        throw Failure(
            "there is no signet-encoder, which makes H.264 with libx264: install the package signet-encoder, or build "
                + "it with 'swift build --product signet-encoder'; 'signet record -' writes pictures without it"
        )
    }
}
