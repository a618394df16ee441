// shrinker: tries to take its memory back after the compositor got it.
//
// For each kind of memory that clients use, and for each way of taking it back, it connects anew, shows a small window,
// tries, lets the compositor look again, and prints what the kernel answered and what the compositor did. A compositor
// that maps memory its clients can truncate would be dead after the first line.
//
//     shrinker

import CLinux
import ClientToolkit
import Glibc
import SharedMemory
import WaylandClient

/// Kinds of memory, as clients bring them.
enum Memory: String, CaseIterable {
    case sealed = "memfd, sealed SHRINK"
    case sealable = "memfd, not sealed"
    case unsealable = "memfd that takes no seals"
    case posix = "shm_open file"

    /// A file of `size` bytes, all 0x80.
    func make(_ size: Int) throws -> Descriptor {
        let descriptor: Descriptor
        switch self {
        case .sealed, .sealable: descriptor = try memfd(SIGNET_MFD_ALLOW_SEALING)
        case .unsealable: descriptor = try memfd(0)
        case .posix:
            let name = "/shrinker-\(getpid())"
            let number = unsafe shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard number >= 0 else { throw SystemError(call: "shm_open", errno: Errno(rawValue: errno)) }
            unsafe shm_unlink(name)
            descriptor = Descriptor(owning: number)
        }
        let bytes = [UInt8](repeating: 0x80, count: size)
        _ = unsafe pwrite(descriptor.rawValue, bytes, size, 0)
        if self == .sealed { try descriptor.addSeals(.shrink) }
        return descriptor
    }

    private func memfd(_ flags: UInt32) throws -> Descriptor {
        let number = unsafe memfd_create("shrinker", SIGNET_MFD_CLOEXEC | flags)
        guard number >= 0 else { throw SystemError(call: "memfd_create", errno: Errno(rawValue: errno)) }
        return Descriptor(owning: number)
    }
}

/// Ways to take it back.
enum Attack: String, CaseIterable {
    case truncate = "ftruncate to 0"
    case punch = "punch a hole"
    case resize = "resize past the end"

    /// What the kernel says.
    func run(on file: borrowing Descriptor, _ pool: WlShmPool, size: Int) -> String {
        let result: CInt
        switch self {
        case .truncate: result = ftruncate(file.rawValue, 0)
        case .punch:
            let mode = CInt(SIGNET_FALLOC_FL_PUNCH_HOLE | SIGNET_FALLOC_FL_KEEP_SIZE)
            result = fallocate(file.rawValue, mode, 0, off_t(size))
        case .resize:
            pool.resize(size: Int32(size * 2))
            return "not asked"
        }
        return result == 0 ? "done" : unsafe String(cString: strerror(errno))
    }
}

/// Shows a window from `memory`, attacks, shows it again; returns what the kernel and the compositor said.
func attempt(_ memory: Memory, _ attack: Attack) throws -> (kernel: String, compositor: String) {
    let globals = try Globals(try Connection())
    let (width, height) = (64, 64)
    let size = width * height * 4
    let file = try memory.make(size)
    let surface = globals.compositor.createSurface()
    let shellSurface = globals.wmBase.getXdgSurface(surface: surface)
    let toplevel = shellSurface.getToplevel()
    toplevel.setTitle(title: "shrinker")
    shellSurface.onConfigure = { [unowned shellSurface] in shellSurface.ackConfigure(serial: $0) }
    surface.commit()
    try globals.connection.roundTrip()
    let pool = globals.shm.createPool(fd: file, size: Int32(size))
    let buffer = pool.createBuffer(offset: 0, width: 64, height: 64, stride: 256, format: .xrgb8888)
    func show() throws {
        surface.attach(buffer: buffer, x: 0, y: 0)
        surface.damageBuffer(x: 0, y: 0, width: 64, height: 64)
        surface.commit()
        try globals.connection.roundTrip()
    }
    do {
        try show()
    } catch {
        return ("not asked", "refused it: \(error)")
    }
    // Time for a frame.
    usleep(50_000)
    let kernel = attack.run(on: file, pool, size: size)
    do {
        try show()
        usleep(50_000)
        try show()
        return (kernel, "goes on showing it")
    } catch {
        return (kernel, "ended the client: \(error)")
    }
}

func cell(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
}

do {
    print(cell("memory", 27) + cell("attack", 21) + cell("the kernel", 26) + "the compositor")
    for memory in Memory.allCases {
        for attack in Attack.allCases {
            let answer = try attempt(memory, attack)
            print(cell(memory.rawValue, 27) + cell(attack.rawValue, 21) + cell(answer.kernel, 26) + answer.compositor)
        }
    }
    // Another client, to see that the compositor is still there.
    try Connection().roundTrip()
    print("the compositor is alive")
} catch {
    fflush(nil)
    let line = "shrinker: \(error)\n"
    _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
    exit(1)
}
