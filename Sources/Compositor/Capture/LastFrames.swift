internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// Keeps what the outputs showed when there were windows last: for a picture of a program that has failed and is gone.
///
/// A frame of each output is drawn just before a client's windows go: when the client has hung up and its objects are
/// still there, and when it destroys an `xdg_toplevel`, or commits no buffer to one. What the frame needs of their
/// contents is held until it is drawn, and a newer frame takes its place. Where a frame is being drawn already, for a
/// reader, that one is kept: it shows what was there one refresh earlier at most.
public final class LastFrames {
    /// A frame's pixels.
    public struct Picture {
        /// The output's name, as `HEADLESS-1`.
        public let output: String
        /// In pixels.
        public let width: Int
        /// In pixels.
        public let height: Int
        /// Bytes from a row to the next.
        public let stride: Int
        fileprivate let buffer: FrameBuffer

        /// Lends the rows: four bytes a pixel, blue, green, red and one that means nothing.
        public func withBytes<R>(_ body: (RawSpan) -> R) -> R { buffer.withBytes(body) }
    }

    /// Nil once it is about to go, and its clients go with it.
    private weak var compositor: Compositor?
    /// By output, in the order in which they were drawn first.
    private var keepers = OrderedDictionary<ObjectIdentifier, FrameKeeper>()

    init(of compositor: Compositor) {
        self.compositor = compositor
    }

    /// Windows are about to go: has what is shown drawn now, if there are any.
    func windowsWillGo() {
        if hasWindows { draw() }
    }

    /// Has what is shown drawn now where there are windows to be seen, or where nothing has been kept before. Doesn't
    /// wait for that; what it shows is settled all the same.
    public func update() {
        if hasWindows || keepers.values.allSatisfy({ $0.buffer == nil && !$0.isWaiting }) { draw() }
    }

    private var hasWindows: Bool { compositor?.windows.windows.isEmpty == false }

    /// Whether a frame is being drawn.
    public var isDrawing: Bool { keepers.values.contains(where: \.isWaiting) }

    /// What is kept, an output after the other. Those whose frames couldn't be drawn are missing.
    public var pictures: [Picture] {
        keepers.values.compactMap { keeper in
            guard let buffer = keeper.buffer else { return nil }
            let layout = buffer.layout
            return Picture(
                output: keeper.name,
                width: layout.size.width,
                height: layout.size.height,
                stride: layout.stride,
                buffer: buffer
            )
        }
    }

    private func draw() {
        for output in compositor?.outputs ?? [] {
            let key = ObjectIdentifier(output)
            let keeper = keepers[key] ?? FrameKeeper(output.frames)
            keepers[key] = keeper
            keeper.draw()
        }
    }
}

/// Keeps a frame of an output.
private final class FrameKeeper: FrameObserver {
    let name: String
    /// The frame that is kept.
    private(set) var buffer: FrameBuffer?
    /// Whether a newer one is being drawn.
    private(set) var isWaiting = false
    /// Which knows the keeper. Nil once it is gone; its last frame stays.
    private weak var frames: FrameSource?
    private let reader = FrameReader()

    init(_ frames: FrameSource) {
        name = frames.name
        self.frames = frames
        frames.add(self)
    }

    func draw() {
        guard !isWaiting, let frames else { return }
        isWaiting = true
        frames.drawNow(for: self)
    }

    func frames(_ frames: FrameSource, have result: FrameSource.Result) {
        guard isWaiting else { return }
        isWaiting = false
        frames.stopWaiting(self)
        guard case .shown = result, let newest = frames.newest, newest !== buffer else { return }
        buffer?.giveBack()
        newest.hand(to: reader, atOutputsExpense: false)
        buffer = newest
    }

    func framesDidStop(_ frames: FrameSource) {
        isWaiting = false
        self.frames = nil
    }
}
