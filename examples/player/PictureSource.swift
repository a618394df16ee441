import CLibAV
import Glibc
import SharedMemory

/// JPEG pictures that another process hands over by descriptor.
///
/// The other process is a stranger's: what it says is looked at, and no more is mapped than what it can neither shorten
/// nor change any more.
final class PictureSource: PacketSource {
    let name = "the receiver"
    let codec = AV_CODEC_ID_MJPEG
    let isLive = true
    private let socket: DescriptorBox
    private let patience: Patience

    init(_ socket: DescriptorBox, _ patience: Patience) {
        self.socket = socket
        self.patience = patience
    }

    func configure(_ context: UnsafeMutablePointer<AVCodecContext>) {}

    /// Pictures have no times: each is shown when it comes.
    func time(of frame: UnsafeMutablePointer<AVFrame>) -> Int64? {
        patience.renew()
        return nil
    }

    func read(into packet: UnsafeMutablePointer<AVPacket>) throws -> Bool {
        let number = socket.descriptor.rawValue
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&entry, 1, 100) == 0 {
            if patience.isOver { throw Failure("\(name): no picture came for \(patience.seconds) s") }
        }
        let received: (picture: DescriptorBox, byteCount: UInt64)?
        do { received = try PictureChannel.receive(over: socket.descriptor) } catch { throw refusal("\(error)") }
        guard let received else { return false }
        let picture = try map(received.picture.descriptor, received.byteCount)
        var answer: UInt8 = 0
        _ = unsafe send(number, &answer, 1, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
        // libavcodec reads the mapping itself, and lets go of it when it is done.
        let free: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?) -> Void = { picture, _ in
            unsafe Unmanaged<MappedPicture>.fromOpaque(picture!).release()
        }
        let (start, length) = unsafe picture.withBytes { unsafe ($0, picture.length) }
        let owned = unsafe Unmanaged.passRetained(picture)
        guard let buffer = unsafe av_buffer_create(start, length, free, owned.toOpaque(), AV_BUFFER_FLAG_READONLY)
        else {
            unsafe owned.release()
            throw Failure("there is no memory for a picture")
        }
        unsafe packet.pointee.buf = buffer
        unsafe packet.pointee.data = start
        unsafe packet.pointee.size = CInt(received.byteCount)
        return true
    }

    private func refusal(_ reason: String) -> Failure { Failure("\(name) isn't to be trusted: \(reason)") }

    /// Maps a picture after having looked at its file.
    private func map(_ descriptor: borrowing Descriptor, _ byteCount: UInt64) throws -> MappedPicture {
        guard (1...UInt64(PictureChannel.mostBytes)).contains(byteCount) else {
            throw refusal("a picture of \(byteCount) bytes, which are more than \(PictureChannel.mostBytes) or none")
        }
        let length = Int(byteCount) + PictureChannel.padding
        // Asked first, as only the kernel's memory has seals: no other file system is asked anything.
        guard let seals = try descriptor.seals() else { throw refusal("a picture that isn't in a memfd") }
        guard seals.isSuperset(of: [.shrink, .write]) else {
            throw refusal("a picture whose memfd isn't sealed with SHRINK and WRITE; its seals: \(seals)")
        }
        let facts = try DescriptorFacts.read(descriptor)
        guard facts.kind == .regular, facts.fileSystem == .tmpfs else {
            throw refusal("a picture in \(facts.kind) on \(facts.fileSystem)")
        }
        guard facts.size >= length else {
            throw refusal("a picture of \(byteCount) bytes, with \(PictureChannel.padding) after it, in \(facts.size)")
        }
        do throws(SystemError) {
            return MappedPicture(try ReadOnlyMapping(descriptor, length: length))
        } catch {
            throw refusal("its memfd can't be mapped: \(error)")
        }
    }
}

/// A picture's bytes in memory, in an object that a packet can own.
private final class MappedPicture {
    private let mapping: ReadOnlyMapping

    init(_ mapping: consuming ReadOnlyMapping) { self.mapping = mapping }

    var length: Int { mapping.length }

    /// The first byte, valid as long as this object. libavcodec's type for it is one that could be written to.
    @unsafe
    func withBytes<R>(_ body: (UnsafeMutablePointer<UInt8>) -> R) -> R {
        mapping.withBytes(in: 0..<mapping.length) { bytes in
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe body(UnsafeMutablePointer(mutating: bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)))
            }
        }
    }
}
