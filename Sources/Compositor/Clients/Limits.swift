internal import CLinux
internal import Glibc
internal import SharedMemory

/// How much clients may hold of everything that they can ask for: all bounds there are, but those of the connections
/// themselves, which are WaylandServer's `ConnectionLimits`.
///
/// Each is what a client may hold. The connections of a process together get as much as one; a user's processes get
/// ``userShare`` times as much, and everybody ``totalShare`` times, as far as the machine has that. The last eighth of
/// what many share is for processes that hold no more than a thirty-second part of what they may. A breach ends the
/// client with `wl_display.no_memory` and a message, unless said otherwise; nobody else notices.
public struct Limits: Sendable {
    /// Protocol objects, of any kind. That of one connection is `ConnectionLimits.objects`.
    public var objects = 65_536
    /// Descriptors kept for it: one a pool, one a dma-buf.
    public var descriptors = 512
    /// Mappings of its memory, and of copies of it.
    public var mappings = 2_048
    /// Bytes of pixels that were copied from it and are kept.
    public var copiedBytes = 256 << 20
    /// Bytes of mapped memory that buffers in use refer to. Pools alone aren't counted: some clients reserve hundreds
    /// of megabytes and use a few.
    public var mappedBytes = 2 << 30
    /// `wl_surface` objects.
    public var surfaces = 4_096
    /// `wl_buffer` objects.
    public var buffers = 16_384
    /// Rectangles of all its regions.
    public var rectangles = 262_144
    /// Commits that wait for their buffers.
    public var commits = 4_096
    /// Pools and buffers that are being looked at, read, or waited for.
    public var lookups = 1_024
    /// Bytes of titles, applications' ids, and the MIME types of what can be pasted or dropped.
    public var textBytes = 4 << 20
    /// Bytes of what the compositor draws for it, as title bars. A bar for which there is no room isn't shown.
    public var drawnBytes = 64 << 20
    /// Frames of outputs that readers hold. Beyond that there are no more of them.
    public var frames = 64

    /// What part of its bound counts as little.
    static let littleShare = 32
    /// How many times as much as a process all of a user's may hold.
    public var userShare = 8
    /// How many times as much everybody may hold.
    public var totalShare = 16

    /// Levels of `wl_subsurface`.
    public var subsurfaceDepth = 64
    /// Popups that stand on one another.
    public var popupDepth = 64
    /// Popups of one parent.
    public var popups = 256
    /// `wl_subsurface` objects of one parent.
    public var subsurfaces = 1_024
    /// Rectangles in a region; four times as many are too much.
    public var regionRectangles = 1_024
    /// Rectangles of an opaque region that are made use of: so many of the largest.
    public var opaqueRectangles = 64
    /// Damage rectangles in a commit before they become their bounding box.
    public var damageRectangles = 256
    /// Bytes of a title or an application's id, beyond which it is cut off.
    public var titleBytes = 4_000
    /// MIME types of one data source; further ones aren't offered to anybody.
    public var offeredTypes = 256
    /// Bytes of one of them; a longer one isn't offered either.
    public var mimeTypeBytes = 1_024
    /// Bytes of all of them; nor are those beyond.
    public var offeredTypeBytes = 16_384
    /// Bytes of events that a client hasn't read, beyond which other clients can have no more sent to it: it hears that
    /// there is nothing to paste.
    public var unreadByOthers = 128 << 10
    /// Bytes of a keymap that a client types with.
    public var keymapBytes = 512 << 10
    /// Keys and modifiers that wait for a keyboard's keymap to be read.
    public var waitingInput = 4_096
    /// `wl_callback` objects that wait for a frame, for each surface; beyond that the oldest is answered.
    public var frameCallbacks = 256

    /// Commits of one surface that wait for their buffers.
    public var waitingCommits = 64
    /// Configures of one xdg_surface that aren't acked; beyond that the next waits for an ack.
    public var unackedConfigures = 32
    /// Activation tokens of all clients that nobody has used; beyond that the oldest is forgotten.
    public var activationTokens = 256
    /// `wl_output` objects for one output that hear of surfaces which enter and leave.
    public var hearingOutputs = 4
    /// Frames that a reader of one capture session holds (R8); more of them have to wait.
    public var framesPerSession = 3
    /// Buffers of one output that readers hold at the output's expense; those beyond are charged to whoever gets them.
    public var heldFrameBuffers = 8

    /// Parts of outputs of which one screencopy manager knows the frame that it copied last; beyond that the oldest is
    /// forgotten, and counts as damaged everywhere.
    public var rememberedCopies = 16
    /// Sessions of ext-image-copy-capture, of all clients, which are told of each tick; further ones are stopped.
    public var captures = 64
    /// The same, of one process.
    public var capturesPerProcess = 16
    /// Nanoseconds for which a frame is being copied into a client's buffer; then the copy has failed.
    public var copyingTime: UInt64 = 5_000_000_000

    /// Descriptors that a user's clients sent, that are let go, and that can't be closed so far, since their file
    /// systems or peers don't answer. Beyond that the user gets no new connection.
    public var unclosedDescriptors = 256

    /// Connections altogether.
    public var clients = 4_096
    /// Connections of one process.
    public var clientsPerProcess = 256

    /// The defaults.
    public init() {}

    /// The most of `resource` that there is for a client, a process, a user or all.
    func most(_ resource: ClientAccount.Resource, _ scope: Ledger.Tally.Scope) -> Int {
        let one = amount(of: resource)
        switch scope {
        case .client, .process: return one
        case .user: return min(one.multipliedClamped(by: userShare), ofMachine(resource))
        case .all: return min(one.multipliedClamped(by: totalShare), ofMachine(resource))
        }
    }

    private func amount(of resource: ClientAccount.Resource) -> Int {
        switch resource {
        case .objects: objects
        case .descriptors: descriptors
        case .mappings: mappings
        case .mappedBytes: mappedBytes
        case .copiedBytes: copiedBytes
        case .surfaces: surfaces
        case .buffers: buffers
        case .rectangles: rectangles
        case .commits: commits
        case .lookups: lookups
        case .textBytes: textBytes
        case .drawnBytes: drawnBytes
        case .frames: frames
        }
    }

    /// What this process may use for clients of what the kernel gives it.
    private func ofMachine(_ resource: ClientAccount.Resource) -> Int {
        switch resource {
        // The other half is for connections, and our own.
        case .descriptors: max(8, (Self.descriptorLimit - 64) / 2)
        // The allocator needs some too, and ends the process where it gets none.
        case .mappings: Self.mappingLimit / 2
        case .copiedBytes: Self.memory / 4
        // Each may be a buffer of its own, with a descriptor.
        case .frames: max(8, (Self.descriptorLimit - 64) / 8)
        default: Int.max
        }
    }

    /// Connections that there is room for, in this process.
    var roomForClients: Int { min(clients, max(4, Self.descriptorLimit / 2)) }

    /// RLIMIT_NOFILE; getrlimit(2).
    private static let descriptorLimit: Int = {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(min(limit.rlim_cur, rlim_t(Int32.max)))
    }()

    /// vm.max_map_count; proc_sys_vm(5).
    private static let mappingLimit: Int = {
        let text = readFile("/proc/sys/vm/max_map_count", upTo: 32).map { String(decoding: $0, as: UTF8.self) }
        return text.flatMap { Int($0.prefix { $0.isNumber }) } ?? 65_530
    }()

    /// Bytes that the machine has; sysconf(3).
    private static let memory: Int = {
        let (pages, size) = (sysconf(CInt(_SC_PHYS_PAGES)), sysconf(CInt(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? pages * size : 1 << 30
    }()
}

extension Int {
    fileprivate func multipliedClamped(by factor: Int) -> Int {
        let (result, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? Int.max : result
    }
}
