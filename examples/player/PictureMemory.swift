import SharedMemory
import Synchronization

/// A picture's memory: a memfd that never gets another size. The decoder writes into it, the compositor shows it.
@safe
final class PictureMemory: @unchecked Sendable {
    let layout: PictureLayout
    let file: AnonymousFile
    private let mapping: WritableMapping
    /// The first byte, valid as long as this object.
    let start: UnsafeMutablePointer<UInt8>

    init(_ layout: PictureLayout) throws(SystemError) {
        self.layout = layout
        file = try AnonymousFile.create(name: "decoded", size: layout.byteCount, seals: [.shrink, .grow, .seal])
        mapping = try WritableMapping(file.descriptor, length: layout.byteCount)
        unsafe start = mapping.withSharedMutableBytes(in: 0..<layout.byteCount) { bytes in
            unsafe bytes.withUnsafeMutableBytes { unsafe $0.baseAddress!.assumingMemoryBound(to: UInt8.self) }
        }
    }
}

/// The memory that a decoder writes into: made when it is needed, and used again.
///
/// The decoder takes from it on its thread; memory comes back from there, or from the thread that shows pictures.
final class MemoryPool: Sendable {
    /// Why there is no memory for a picture.
    enum Refusal: Error, Sendable, CustomStringConvertible {
        /// No format of the compositor's lies in memory like that; its name.
        case format(String)
        /// More bytes than ``limit`` in all.
        case tooMuch(width: Int, height: Int)
        case system(SystemError)

        var description: String {
            switch self {
            case .format(let name):
                "its pictures are \(name); what can be shown from the decoder's memory is yuv420p and yuv422p"
            case .tooMuch(let width, let height):
                "its pictures of \(width)x\(height) pixels take more than \(limit >> 20) MiB in all"
            case .system(let error): "there is no memory for its pictures: \(error)"
            }
        }
    }

    private struct State {
        var layout: PictureLayout?
        var free: [PictureMemory] = []
        var byteCount = 0
        var made = 0
        var refusal: Refusal?
    }

    /// The most bytes that are in use and waiting for use.
    static let limit = 1 << 30

    private let state = Mutex(State())

    /// How many memories were made.
    var made: Int { state.withLock(\.made) }

    /// The last refusal, if there was one.
    var refusal: Refusal? {
        get { state.withLock(\.refusal) }
        set { state.withLock { $0.refusal = newValue } }
    }

    /// Memory that nobody uses.
    func take(_ layout: PictureLayout, width: Int, height: Int) throws(Refusal) -> PictureMemory {
        try state.withLock { (state) throws(Refusal) in
            if state.layout != layout {
                // The video has changed its size. What is still shown goes when it comes back.
                state.byteCount -= state.free.reduce(0) { $0 + $1.layout.byteCount }
                state.free = []
                state.layout = layout
            }
            if let memory = state.free.popLast() { return memory }
            guard state.byteCount + layout.byteCount <= Self.limit else {
                throw .tooMuch(width: width, height: height)
            }
            do throws(SystemError) {
                let memory = try PictureMemory(layout)
                state.byteCount += layout.byteCount
                state.made += 1
                return memory
            } catch {
                throw .system(error)
            }
        }
    }

    /// Neither the decoder nor the compositor looks at it any more.
    func giveBack(_ memory: PictureMemory) {
        state.withLock { state in
            if memory.layout == state.layout {
                state.free.append(memory)
            } else {
                state.byteCount -= memory.layout.byteCount
            }
        }
    }
}
