/// What is encoded, how, and where it goes: said once, with a descriptor that the result is written to.
public struct VideoOrder: Hashable, Sendable {
    /// In what the encoded video is packed.
    public enum Container: UInt64, Hashable, Sendable {
        /// Fragmented MP4 in a file; ISO/IEC 14496-12.
        case mp4 = 1
        /// MPEG transport stream, in datagrams of a connected socket; ISO/IEC 13818-1.
        case transportStream = 2
        /// Pictures as they are, each after a word of text; y4m(5) of mjpegtools.
        case y4m = 3
        /// The coded pictures as a device makes them, one after the other.
        case elementaryStream = 4
    }

    /// What the descriptor gets.
    public var container: Container
    /// Width in pixels.
    public var width: Int
    /// Height in pixels.
    public var height: Int
    /// Pictures in a second, in thousandths: exactly so many where ``isConstantRate`` is set, and at most otherwise.
    public var rate: Int
    /// Whether pictures come at equal distances.
    public var isConstantRate: Bool
    /// From 0, the smallest file, to 100, which can't be told from the original.
    public var quality: Int
    /// How many memories for pictures follow.
    public var slotCount: Int
    /// How luma and chroma are made of red, green and blue.
    public var matrix: Matrix

    /// Matrices, by their numbers in ITU-T H.273, table 4.
    public enum Matrix: UInt64, Hashable, Sendable {
        case bt709 = 1
        case bt601 = 6
    }

    /// The most memories for pictures.
    public static let mostSlots = 8

    /// An order.
    public init(
        container: Container,
        width: Int,
        height: Int,
        rate: Int,
        isConstantRate: Bool,
        quality: Int,
        slotCount: Int,
        matrix: Matrix = .bt709
    ) {
        self.container = container
        self.width = width
        self.height = height
        self.rate = rate
        self.isConstantRate = isConstantRate
        self.quality = quality
        self.slotCount = slotCount
        self.matrix = matrix
    }
}

/// What a picture's memory is.
public enum PictureMemoryKind: UInt64, Hashable, Sendable {
    /// A memfd that carries F_SEAL_SHRINK: it can be mapped.
    case sealed = 1
    /// A dma-buf, whose size never changes.
    case dmabuf = 2
    /// A file that can't be sealed: it is read, never mapped.
    case file = 3
}

/// What is said over a channel: the orderer's side first.
enum VideoMessage: Hashable, Sendable {
    /// With one descriptor, of what is written to.
    case order(VideoOrder)
    /// With one descriptor, of the memory.
    case memory(PictureMemoryKind, PictureLayout)
    /// The memory's picture is to be shown from `time` on, in nanoseconds since the first one. The orderer leaves the
    /// memory alone until it is answered.
    case picture(slot: Int, time: UInt64, dropped: UInt64)
    /// There are no more, and the last one is shown until `time`.
    case end(time: UInt64, dropped: UInt64)

    /// There is all that it takes, and what is written to is empty now.
    case begun
    /// The memory was read; so many pictures and bytes have been written so far.
    case done(slot: Int, pictures: UInt64, bytes: UInt64)

    /// Words of a message. All are equally long.
    private static let wordCount = 16
    static let byteCount = wordCount * 8
    /// What the first word has besides the message's number, so that both sides are of one version.
    private static let version: UInt64 = 0x5347_4e56_0001_0000

    /// How many descriptors it comes with.
    var descriptorCount: Int {
        switch self {
        case .order, .memory: 1
        case .picture, .end, .begun, .done: 0
        }
    }

    /// In the machine's order of bytes: both ends are on it.
    var words: [UInt64] {
        let (number, content): (UInt64, [UInt64])
        switch self {
        case .order(let order):
            number = 1
            content =
                [order.container.rawValue]
                + [
                    order.width, order.height, order.rate, order.isConstantRate ? 1 : 0, order.quality, order.slotCount,
                ].map(UInt64.init) + [order.matrix.rawValue]
        case .memory(let kind, let layout):
            number = 2
            content =
                [kind.rawValue, UInt64(layout.format.rawValue)]
                + [layout.width, layout.height, layout.planes.count].map(UInt64.init)
                + layout.planes.flatMap { [UInt64($0.offset), UInt64($0.stride)] }
        case .picture(let slot, let time, let dropped): (number, content) = (3, [UInt64(slot), time, dropped])
        case .end(let time, let dropped): (number, content) = (4, [time, dropped])
        case .begun: (number, content) = (6, [])
        case .done(let slot, let pictures, let bytes): (number, content) = (5, [UInt64(slot), pictures, bytes])
        }
        let words = [Self.version | number] + content
        return words + [UInt64](repeating: 0, count: Self.wordCount - words.count)
    }

    /// Nil where the words make no sense.
    init?(_ words: [UInt64]) {
        guard words.count == Self.wordCount else { return nil }
        // Numbers that are sizes and the like.
        func number(_ index: Int, in range: ClosedRange<Int>) -> Int? {
            Int(exactly: words[index]).flatMap { range.contains($0) ? $0 : nil }
        }
        let sides = 2...PictureLayout.longestSide
        switch words[0] {
        case Self.version | 1:
            guard let container = VideoOrder.Container(rawValue: words[1]), let width = number(2, in: sides),
                let height = number(3, in: sides), let rate = number(4, in: 1...1_000_000),
                let isConstantRate = number(5, in: 0...1), let quality = number(6, in: 0...100),
                let slotCount = number(7, in: 1...VideoOrder.mostSlots),
                let matrix = VideoOrder.Matrix(rawValue: words[8]), width % 2 == 0, height % 2 == 0
            else { return nil }
            self = .order(
                VideoOrder(
                    container: container,
                    width: width,
                    height: height,
                    rate: rate,
                    isConstantRate: isConstantRate == 1,
                    quality: quality,
                    slotCount: slotCount,
                    matrix: matrix
                )
            )
        case Self.version | 2:
            guard let kind = PictureMemoryKind(rawValue: words[1]),
                let format = UInt32(exactly: words[2]).flatMap(PictureLayout.Format.init(rawValue:)),
                let width = number(3, in: sides), let height = number(4, in: sides),
                let planeCount = number(5, in: 1...4)
            else { return nil }
            var planes: [PictureLayout.Plane] = []
            for plane in 0..<planeCount {
                guard let offset = number(6 + plane * 2, in: 0...1 << 40),
                    let stride = number(7 + plane * 2, in: 1...PictureLayout.longestStride)
                else { return nil }
                planes.append(PictureLayout.Plane(offset: offset, stride: stride))
            }
            guard let layout = PictureLayout(format: format, width: width, height: height, planes: planes) else {
                return nil
            }
            self = .memory(kind, layout)
        case Self.version | 3:
            guard let slot = number(1, in: 0...VideoOrder.mostSlots - 1) else { return nil }
            self = .picture(slot: slot, time: words[2], dropped: words[3])
        case Self.version | 4: self = .end(time: words[1], dropped: words[2])
        case Self.version | 5:
            guard let slot = number(1, in: 0...VideoOrder.mostSlots - 1) else { return nil }
            self = .done(slot: slot, pictures: words[2], bytes: words[3])
        case Self.version | 6: self = .begun
        default: return nil
        }
    }
}
