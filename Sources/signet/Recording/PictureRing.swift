import Pixels
import SharedMemory
import SignetDriver
import VideoChannel

/// Memory for pictures in YUV, some of which others read while one is written: what frames are converted into.
///
/// Each is a memfd that can neither shrink nor grow, nor be written but by the mapping here. Only what has changed
/// since it was written last is converted.
final class PictureRing: Pictures {
    private struct Slot: ~Copyable {
        let file: AnonymousFile
        var memory: WritableMapping
        let kind: PictureMemoryKind
        /// What isn't as in the newest frame.
        var stale: [Rectangle]
    }

    private let picture: NV12Layout
    /// A class, as arrays hold nothing that can't be copied.
    private final class Box {
        var slot: Slot

        init(_ slot: consuming Slot) { self.slot = slot }
    }
    private var slots: [Box] = []

    /// So many pictures: one that is encoded, the next, and one that is written.
    private static let slotCount = VideoOrderer.limit + 1
    /// More rectangles than that are converted as one.
    private static let rectangleLimit = 16

    /// For frames of a size in pixels.
    init(width: Int, height: Int) throws {
        guard let layout = NV12Layout(width: width, height: height) else {
            throw Failure("a video of \(width)x\(height) pixels can't be made")
        }
        picture = layout
        do throws(SystemError) {
            for _ in 0..<Self.slotCount { slots.append(Box(try Self.makeSlot(layout))) }
        } catch {
            throw Failure("there is no memory for pictures of \(width)x\(height) pixels: \(error)")
        }
    }

    private static func makeSlot(_ layout: NV12Layout) throws(SystemError) -> Slot {
        let length = layout.byteCount
        let file = try AnonymousFile.create(name: "signet-picture", size: length, seals: [.shrink, .grow])
        let memory = try WritableMapping(file.descriptor, length: length)
        var kind = PictureMemoryKind.sealed
        if case .posixSharedMemory = file.backing {
            kind = .file
        } else {
            // After the mapping. Kernels before 5.1 don't know the former; readers have no other guarantee then, and
            // need none.
            try? file.descriptor.addSeals(.futureWrite)
            try file.descriptor.addSeals(.seal)
        }
        let everything = Rectangle(x: 0, y: 0, width: layout.width, height: layout.height)
        return Slot(file: file, memory: memory, kind: kind, stale: [everything])
    }

    let count = slotCount
    let matrix = VideoOrder.Matrix.bt709

    var layout: PictureLayout {
        let planes = [0, picture.chromaOffset].map { PictureLayout.Plane(offset: $0, stride: picture.stride) }
        return PictureLayout(format: .nv12, width: picture.width, height: picture.height, planes: planes)!
    }

    func hand(to orderer: VideoOrderer) throws {
        for box in slots { try orderer.add(try box.slot.file.readOnlyDescriptor(), box.slot.kind, layout) }
    }

    func note(_ damage: [PixelArea]?) {
        let everything = Rectangle(x: 0, y: 0, width: picture.width, height: picture.height)
        let rectangles = damage?.map { Rectangle(x: $0.x, y: $0.y, width: $0.width, height: $0.height) } ?? [everything]
        for box in slots {
            for rectangle in rectangles {
                // The same changes frame after frame; each place is converted once.
                if box.slot.stale.contains(where: { $0.contains(rectangle) }) { continue }
                box.slot.stale.removeAll { rectangle.contains($0) }
                box.slot.stale.append(rectangle)
            }
            if box.slot.stale.count > Self.rectangleLimit {
                box.slot.stale = [box.slot.stale.dropFirst().reduce(box.slot.stale[0]) { $0.union($1) }]
            }
        }
    }

    func convert(_ frame: ReceivedFrame, into free: [Int]) throws -> Int {
        let slot = free[0]
        let (layout, box) = (picture, slots[slot])
        let size = Size(width: frame.width, height: frame.height)
        guard let source = PixelLayout(size: size, stride: frame.rowLength, format: .xrgb8888) else {
            throw Failure("the compositor sent a frame whose rows overlap")
        }
        let stale = box.slot.stale
        let failure = try frame.withBytes { bytes -> NV12Error? in
            box.slot.memory.withMutableBytes(in: 0..<layout.byteCount) { target in
                do throws(NV12Error) {
                    for rectangle in stale { try layout.convert(rectangle, of: bytes, source, to: &target) }
                    return nil
                } catch {
                    return error
                }
            }
        }
        if let failure { throw Failure("a frame can't be converted: \(failure)") }
        box.slot.stale = []
        return slot
    }
}

extension Rectangle {
    /// Whether all of `other` is in it.
    fileprivate func contains(_ other: Rectangle) -> Bool {
        minX <= other.minX && minY <= other.minY && other.maxX <= maxX && other.maxY <= maxY
    }
}
