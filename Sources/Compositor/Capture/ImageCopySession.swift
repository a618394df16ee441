internal import DirectRendering
internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// `ext_image_copy_capture_session_v1`: captures one subject, a frame after the other.
///
/// An output's frames are those that it shows anyway; others are drawn for the session, which pays for their memory.
final class ImageCopySession: ExtImageCopyCaptureSessionV1.Requests, CaptureFollower, FrameObserver {
    let format: PixelFormat
    /// Whose frames are captured; nil once there are no more.
    private(set) var frames: FrameSource?
    /// Where they are drawn for this session alone.
    private var view: CaptureView?
    private let subject: () -> CaptureSubject?
    private weak var resource: ExtImageCopyCaptureSessionV1?
    private let account: ClientAccount
    private let studio: CaptureStudio
    private let reader = FrameReader()
    private var charge: Charge?
    /// The size that the client was told last.
    private var toldSize: Size?
    /// The number of the last frame that was captured.
    private var lastFrame: UInt64?
    /// Not destroyed yet.
    private weak var current: ImageCopyFrame?
    /// Whether its object is gone. A frame may go on.
    private var isLeft = false

    init(
        _ resource: ExtImageCopyCaptureSessionV1,
        _ studio: CaptureStudio,
        format: PixelFormat,
        of subject: @escaping () -> CaptureSubject?
    ) {
        self.resource = resource
        self.studio = studio
        self.format = format
        self.subject = subject
        account = resource.client.account
        charge = try? account.charge(of: .frames)
    }

    /// Tells what buffers have to be like, or that there is nothing to capture.
    func begin() {
        guard charge != nil, studio.add(self, of: account) else { return stop() }
        switch subject() {
        case .output(let output, hasCursor: true): frames = output.frames
        case nil: break
        default:
            view = CaptureView(of: subject, by: studio)
            frames = view?.frames
        }
        guard let frames else { return stop() }
        frames.add(self)
        tellSize()
    }

    var isStopped: Bool { frames == nil }

    private func tellSize() {
        guard let frames, let resource, resource.isAlive, frames.view.size != toldSize else { return }
        // It is told later.
        guard resource.client.hearsOfOthers else { return }
        toldSize = frames.view.size
        resource.sendBufferSize(width: UInt32(frames.view.size.width), height: UInt32(frames.view.size.height))
        resource.sendShmFormat(format: BufferFormat.pixels(format).shmFormat)
        if let device = studio.device {
            resource.sendDmabufDevice(device: WireArray(of: [device.number]))
            resource.sendDmabufFormat(format: format.fourcc, modifiers: WireArray(of: [DmabufModifier.linear]))
        }
        resource.sendDone()
    }

    func update() {
        view?.update()
        tellSize()
    }

    func createFrame(
        _ resource: ExtImageCopyCaptureSessionV1,
        frame: ExtImageCopyCaptureFrameV1
    ) throws(ProtocolError) {
        guard current == nil else {
            throw ProtocolError(
                ExtImageCopyCaptureSessionV1.Error.duplicateFrame,
                "a session has one frame at a time; destroy the last one first"
            )
        }
        let new = ImageCopyFrame(frame, of: self)
        frame.handler = new
        current = new
    }

    func destroyed(_ resource: ExtImageCopyCaptureSessionV1) {
        isLeft = true
        if current == nil { end() }
    }

    /// Its frame is gone.
    func frameDestroyed(_ frame: ImageCopyFrame) {
        guard current == nil || current === frame else { return }
        current = nil
        if isLeft { end() }
    }

    // MARK: Frames

    /// Makes ready to capture; nil where there is nothing to capture any more, or no memory for it.
    func capture(for client: Client) -> FrameCapture? {
        let isReady = view?.begin(for: account) ?? true
        tellSize()
        guard isReady, let frames else { return nil }
        let party = FrameCapture.Party(client: client, reader: reader, clock: studio.clock)
        return FrameCapture(of: frames, part: frames.view.size.bounds, for: party)
    }

    /// What the client has already, and whether it waits for something else.
    func order(_ buffer: ClientBuffer, _ target: FrameCopy.Target, stale: Region) -> FrameCapture.Order {
        let last = lastFrame
        return FrameCapture.Order(
            buffer: buffer,
            target: target,
            stale: last == nil ? Region(target.layout.size.bounds) : stale,
            waitsForChange: last != nil,
            known: { last }
        )
    }

    func captured(_ number: UInt64) { lastFrame = number }

    func frames(_ frames: FrameSource, have result: FrameSource.Result) {}

    func framesDidChange(_ frames: FrameSource) { tellSize() }

    func framesDidStop(_ frames: FrameSource) { stop() }

    private func stop() {
        end()
        if let resource, resource.isAlive, !isLeft { resource.sendStopped() }
    }

    /// Lets go of everything but the object.
    private func end() {
        studio.remove(self)
        let (frames, view) = (frames, view)
        self.frames = nil
        self.view = nil
        frames?.remove(self)
        view?.stop()
        charge = nil
    }
}
