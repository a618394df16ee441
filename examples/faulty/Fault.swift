/// What the client can do wrong, one at a time.
enum Fault: String, CaseIterable {
    case none
    case unsealed
    case unsealable
    case sharedFile = "shared-file"
    case writesBeforeRelease = "writes-before-release"
    case noDamage = "no-damage"
    case smallDamage = "small-damage"
    case notOpaque = "not-opaque"
    case noAck = "no-ack"
    case fixedSize = "fixed-size"
    case leaksPools = "leaks-pools"
    case leaksBuffers = "leaks-buffers"
    case leaksSurfaces = "leaks-surfaces"
    case leaksRegions = "leaks-regions"
    case leaksFrames = "leaks-frames"
    case noPong = "no-pong"
    case chatty
    case spins
    case breaksProtocol = "breaks-protocol"
    case crashes
    case diesOfConfigures = "dies-of-configures"
    case diesOfNewOutput = "dies-of-new-output"
    case diesOfLostOutput = "dies-of-lost-output"
    case diesOfScale = "dies-of-scale"
    case otherFormat = "other-format"
    case diesOfFailedBuffer = "dies-of-failed-buffer"
    case ignoresClose = "ignores-close"
    case crashesOnClose = "crashes-on-close"
    case spinsWithoutFrames = "spins-without-frames"
    case diesWithoutRelease = "dies-without-release"
    case crashesOnNoMemory = "crashes-on-no-memory"
    case hangsOnNoMemory = "hangs-on-no-memory"

    /// What happens, in a line.
    var summary: String {
        switch self {
        case .none: "nothing is wrong"
        case .unsealed: "its memfds allow seals, and have none"
        case .unsealable: "its memfds are made without MFD_ALLOW_SEALING"
        case .sharedFile: "its memory is a file of shm_open(3)"
        case .writesBeforeRelease: "draws into the buffer that is shown"
        case .noDamage: "commits new pixels without damage"
        case .smallDamage: "its damage is where something appeared, and not where it was before"
        case .notOpaque: "its opaque region is the whole window, whose corner is transparent"
        case .noAck: "answers the first configure only"
        case .fixedSize: "stays as large as it is, also when it is maximized"
        case .leaksPools: "makes a pool for each frame, and destroys none"
        case .leaksBuffers: "makes a buffer for each frame, and destroys none"
        case .leaksSurfaces: "makes a surface for each frame, and destroys none"
        case .leaksRegions: "makes a region for each frame, and destroys none"
        case .leaksFrames: "asks for frame callbacks by a timer, also while none come"
        case .noPong: "doesn't answer xdg_wm_base.ping"
        case .chatty: "sends requests without end while nothing changes"
        case .spins: "asks for events without waiting for them"
        case .breaksProtocol: "shows pixels before the first configure"
        case .crashes: "crashes after some frames"
        case .diesOfConfigures: "crashes when configures come faster than it draws"
        case .diesOfNewOutput: "crashes when an output appears"
        case .diesOfLostOutput: "crashes when an output disappears"
        case .diesOfScale: "crashes when an output's scale changes"
        case .otherFormat: "uses XBGR8888 without looking whether the compositor has it"
        case .diesOfFailedBuffer: "crashes when a dma-buf isn't taken"
        case .ignoresClose: "doesn't hear xdg_toplevel.close"
        case .crashesOnClose: "crashes on xdg_toplevel.close"
        case .spinsWithoutFrames: "waits for its frame callback without sleeping"
        case .diesWithoutRelease: "crashes when two buffers aren't enough"
        case .crashesOnNoMemory: "crashes when the compositor ends the connection"
        case .hangsOnNoMemory: "stays when the compositor has ended the connection"
        }
    }

    /// Whether it shows only in a window that goes on drawing.
    var needsFrames: Bool {
        switch self {
        case .writesBeforeRelease, .noDamage, .smallDamage, .leaksPools, .leaksBuffers, .leaksSurfaces, .leaksRegions,
            .leaksFrames, .spinsWithoutFrames, .diesWithoutRelease:
            true
        default: false
        }
    }
}
