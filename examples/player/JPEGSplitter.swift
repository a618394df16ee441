/// Finds the pictures in a stream of JPEG pictures, one after the other and without anything between them.
///
/// Source: ITU-T T.81, annex B: markers are 0xFF and a byte that is neither 0 nor 0xFF; segments after a marker say how
/// long they are, coded data ends at the next marker that isn't a restart.
struct JPEGSplitter {
    private enum Place {
        /// Before a picture.
        case outside
        /// Where a marker is.
        case marker
        /// In coded data.
        case data
    }

    private var bytes: [UInt8] = []
    /// Up to where the bytes were looked at.
    private var position = 0
    private var place = Place.outside
    private let limit: Int

    /// For pictures of `limit` bytes at most.
    init(limit: Int) { self.limit = limit }

    mutating func append(_ new: some Sequence<UInt8>) { bytes.append(contentsOf: new) }

    /// The next picture; nil where more has to come first. What isn't a picture is left out.
    mutating func next() throws(Failure) -> [UInt8]? {
        while true {
            switch place {
            case .outside:
                guard let start = startOfPicture() else { return nil }
                bytes.removeFirst(start)
                (position, place) = (2, .marker)
            case .marker:
                guard bytes.count > position + 1 else { return try waitForMore() }
                guard bytes[position] == 0xff else {
                    place = .outside
                    continue
                }
                switch bytes[position + 1] {
                case 0xff: position += 1
                case 0xd8: place = .outside
                case 0xd9:
                    let picture = Array(bytes[..<(position + 2)])
                    bytes.removeFirst(position + 2)
                    (position, place) = (0, .outside)
                    if picture.count > limit { throw tooLarge }
                    return picture
                case 0x01, 0xd0...0xd7: position += 2
                case let marker:
                    guard bytes.count > position + 3 else { return try waitForMore() }
                    let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
                    guard bytes.count >= position + 2 + length else { return try waitForMore() }
                    position += 2 + max(2, length)
                    if marker == 0xda { place = .data }
                }
            case .data:
                while position + 1 < bytes.count {
                    if bytes[position] == 0xff, bytes[position + 1] != 0, !(0xd0...0xd7).contains(bytes[position + 1]) {
                        break
                    }
                    position += 1
                }
                guard position + 1 < bytes.count else { return try waitForMore() }
                place = .marker
            }
        }
    }

    private func waitForMore() throws(Failure) -> [UInt8]? {
        if bytes.count > limit { throw tooLarge }
        return nil
    }

    private var tooLarge: Failure { Failure("the sender's picture is larger than \(limit >> 20) MiB") }

    /// Where the next 0xFF 0xD8 is. What is before it isn't needed any more.
    private mutating func startOfPicture() -> Int? {
        while position + 1 < bytes.count {
            if bytes[position] == 0xff, bytes[position + 1] == 0xd8 { return position }
            position += 1
        }
        bytes.removeFirst(min(position, bytes.count))
        position = 0
        return nil
    }
}
