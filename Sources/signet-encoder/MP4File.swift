import Glibc
import SharedMemory
import VideoChannel

/// A fragmented MP4 file with one video track: after the header, each picture is a fragment of its own, written in one
/// piece. Wherever the file is cut off, what is before that plays.
///
/// Where the file can be written to at any place, as a pipe can't, numbers that are known later are filled in: how long
/// a picture was shown when the next one has come, how long the video is, and how many pictures were left out.
///
/// Source: ISO/IEC 14496-12, 8.8 (fragments); 14496-15, 5.3 (AVC).
final class MP4File: Container {
    private let file: Descriptor
    private let isSeekable: Bool
    private let timescale: Int
    private(set) var byteCount: UInt64 = 0
    private var sequence: UInt32 = 0
    /// How long a picture is shown where that isn't known yet, in units of the timescale.
    private let usualDuration: UInt32
    /// The picture that came last: when it is shown, and where its duration stands in the file.
    private var last: (time: UInt64, durationPlace: UInt64)?
    /// Where the length of all stands in the file, and the words on what was left out.
    private var totalPlace: UInt64 = 0
    private var notePlace: UInt64 = 0
    private var dropped: UInt64 = 0
    /// Pictures that one can begin with: when, and where their fragment is.
    private var keys: [(time: UInt64, place: UInt64)] = []

    init(
        _ file: consuming Descriptor,
        _ order: VideoOrder,
        _ parameterSets: (sequence: [UInt8], picture: [UInt8]),
        timescale: Int
    ) throws {
        isSeekable = lseek(file.rawValue, 0, SEEK_CUR) >= 0
        // What was in it before goes when there is something else.
        if isSeekable { _ = ftruncate(file.rawValue, 0) }
        self.file = file
        self.timescale = timescale
        usualDuration = UInt32(clamping: timescale * 1_000 / order.rate)
        try writeHeader(order, parameterSets)
    }

    // MARK: Pictures

    func write(_ picture: H264Encoder.Picture, time: UInt64) throws {
        try finishLast(until: time)
        sequence &+= 1
        var fragment = BoxWriter()
        var (durationPlace, dataOffsetPlace) = (0, 0)
        fragment.box("moof") { moof in
            moof.fullBox("mfhd") { $0.write(sequence) }
            moof.box("traf") { traf in
                // default-base-is-moof
                traf.fullBox("tfhd", flags: 0x02_0000) { $0.write(UInt32(1)) }
                traf.fullBox("tfdt", version: 1) { $0.write(time) }
                // Its offset from the moof, and of the one sample: duration, size and flags.
                traf.fullBox("trun", flags: 0x701) {
                    $0.write(UInt32(1))
                    dataOffsetPlace = $0.count
                    $0.write(UInt32(0))
                    durationPlace = $0.count
                    $0.write(usualDuration)
                    $0.write(UInt32(picture.bytes.count))
                    // Whether it depends on others, and whether it is no sync sample; 8.8.3.1.
                    $0.write(picture.isKey ? 0x0200_0000 : 0x0101_0000 as UInt32)
                }
            }
        }
        fragment.replace(at: dataOffsetPlace, with: UInt32(fragment.count + 8))
        fragment.box("mdat") { $0.write(picture.bytes) }
        if picture.isKey { keys.append((time, byteCount)) }
        last = (time, byteCount + UInt64(durationPlace))
        try append(fragment.bytes)
        try noteTotal(time + UInt64(usualDuration))
    }

    func note(dropped: UInt64) throws {
        guard dropped != self.dropped else { return }
        self.dropped = dropped
        try overwrite(Self.note(dropped), at: notePlace)
    }

    func finish(time: UInt64) throws {
        try finishLast(until: time)
        try noteTotal(time)
        try append(index)
    }

    private func finishLast(until time: UInt64) throws {
        guard let last, time > last.time else { return }
        try overwrite(Self.bytes(UInt32(clamping: time - last.time)), at: last.durationPlace)
    }

    /// Where one can begin, for players that jump; 8.8.9 to 8.8.11.
    private var index: [UInt8] {
        var writer = BoxWriter()
        writer.box("mfra") {
            $0.fullBox("tfra", version: 1) {
                $0.write(UInt32(1))
                // One byte for each of the numbers of track, run and sample.
                $0.write(UInt32(0))
                $0.write(UInt32(clamping: keys.count))
                for key in keys.prefix(Int(UInt32.max)) {
                    $0.write(key.time)
                    $0.write(key.place)
                    $0.write([1, 1, 1])
                }
            }
            $0.fullBox("mfro") { $0.write(UInt32(0)) }
        }
        writer.replace(at: writer.count - 4, with: UInt32(writer.count))
        return writer.bytes
    }

    // MARK: The header

    private static let language: UInt16 = 0x55c4  // und

    private func writeHeader(
        _ order: VideoOrder,
        _ parameterSets: (sequence: [UInt8], picture: [UInt8])
    ) throws {
        var header = BoxWriter()
        header.box("ftyp") {
            $0.write("isom".utf8)
            $0.write(UInt32(0x200))
            for brand in ["isom", "iso6", "avc1", "mp41"] { $0.write(brand.utf8) }
        }
        let timescale = UInt32(timescale)
        var (totalPlace, notePlace) = (0, 0)
        header.box("moov") { moov in
            moov.fullBox("mvhd") {
                $0.write(zeros: 8)
                $0.write(timescale)
                $0.write(UInt32(0))
                $0.write(0x1_0000 as UInt32)
                $0.write(0x100 as UInt16)
                $0.write(zeros: 10)
                Self.writeMatrix(&$0)
                $0.write(zeros: 24)
                $0.write(UInt32(2))
            }
            moov.box("trak") { trak in
                // Enabled, and used in the presentation.
                trak.fullBox("tkhd", flags: 3) {
                    $0.write(zeros: 8)
                    $0.write(UInt32(1))
                    $0.write(zeros: 24)
                    Self.writeMatrix(&$0)
                    $0.write(UInt32(order.width) << 16)
                    $0.write(UInt32(order.height) << 16)
                }
                trak.box("mdia") { Self.writeMedia(&$0, order, parameterSets, timescale) }
            }
            moov.box("mvex") {
                $0.fullBox("mehd", version: 1) {
                    totalPlace = $0.count
                    $0.write(UInt64(0))
                }
                $0.fullBox("trex") {
                    $0.write(UInt32(1))
                    $0.write(UInt32(1))
                    $0.write(zeros: 12)
                }
            }
            moov.box("udta") { notePlace = Self.writeNotes(&$0) }
        }
        (self.totalPlace, self.notePlace) = (UInt64(totalPlace), UInt64(notePlace))
        try append(header.bytes)
    }

    private static func writeMatrix(_ writer: inout BoxWriter) {
        for value in [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000] as [UInt32] { writer.write(value) }
    }

    private static func writeMedia(
        _ mdia: inout BoxWriter,
        _ order: VideoOrder,
        _ parameterSets: (sequence: [UInt8], picture: [UInt8]),
        _ timescale: UInt32
    ) {
        mdia.fullBox("mdhd") {
            $0.write(zeros: 8)
            $0.write(timescale)
            $0.write(UInt32(0))
            $0.write(language)
            $0.write(zeros: 2)
        }
        mdia.fullBox("hdlr") {
            $0.write(zeros: 4)
            $0.write("vide".utf8)
            $0.write(zeros: 12)
            $0.write("screen\0".utf8)
        }
        mdia.box("minf") { minf in
            minf.fullBox("vmhd", flags: 1) { $0.write(zeros: 8) }
            minf.box("dinf") {
                $0.fullBox("dref") {
                    $0.write(UInt32(1))
                    // In this file.
                    $0.fullBox("url ", flags: 1) { _ in }
                }
            }
            minf.box("stbl") { stbl in
                stbl.fullBox("stsd") {
                    $0.write(UInt32(1))
                    writeSampleEntry(&$0, order, parameterSets)
                }
                // There is nothing outside of fragments.
                for name in ["stts", "stsc", "stco"] as [StaticString] { stbl.fullBox(name) { $0.write(UInt32(0)) } }
                stbl.fullBox("stsz") { $0.write(zeros: 8) }
            }
        }
    }

    private static func writeSampleEntry(
        _ stsd: inout BoxWriter,
        _ order: VideoOrder,
        _ parameterSets: (sequence: [UInt8], picture: [UInt8])
    ) {
        stsd.box("avc1") {
            $0.write(zeros: 6)
            $0.write(UInt16(1))
            $0.write(zeros: 16)
            $0.write(UInt16(order.width))
            $0.write(UInt16(order.height))
            // 72 dots an inch, one frame a sample, no name of the compressor, 24 bits.
            $0.write(0x48_0000 as UInt32)
            $0.write(0x48_0000 as UInt32)
            $0.write(zeros: 4)
            $0.write(UInt16(1))
            $0.write(zeros: 32)
            $0.write(UInt16(0x18))
            $0.write(UInt16.max)
            $0.box("avcC") { writeConfiguration(&$0, parameterSets) }
            // BT.709 with the curve of sRGB, range of 16 to 235; as the stream itself says.
            $0.box("colr") {
                $0.write("nclx".utf8)
                for number in [1, 13, UInt16(order.matrix.rawValue)] { $0.write(number) }
                $0.write([0])
            }
            $0.box("pasp") { for _ in 0..<2 { $0.write(UInt32(1)) } }
        }
    }

    /// AVCDecoderConfigurationRecord; 14496-15, 5.3.3.1.
    private static func writeConfiguration(
        _ writer: inout BoxWriter,
        _ parameterSets: (sequence: [UInt8], picture: [UInt8])
    ) {
        let (sequence, picture) = parameterSets
        writer.write([1, sequence[1], sequence[2], sequence[3]])
        // Lengths of four bytes, one sequence parameter set.
        writer.write([0xff, 0xe1])
        writer.write(UInt16(sequence.count))
        writer.write(sequence)
        writer.write([1])
        writer.write(UInt16(picture.count))
        writer.write(picture)
        // High and its relatives: 4:2:0, 8 bits.
        if sequence[1] >= 100 { writer.write([0xfd, 0xf8, 0xf8, 0]) }
    }

    /// What people read: by what it was made, and a comment with how many pictures were left out, whose place in the
    /// file is returned. As in iTunes's files, which all read.
    private static func writeNotes(_ udta: inout BoxWriter) -> Int {
        var place = 0
        udta.fullBox("meta") {
            $0.fullBox("hdlr") {
                $0.write(zeros: 4)
                $0.write("mdirappl".utf8)
                $0.write(zeros: 9)
            }
            $0.box("ilst") { list in
                for (name, text) in [(0xa974_6f6f as UInt32, Array("Signet".utf8)), (0xa963_6d74, note(0))] {
                    let start = list.count
                    list.write(zeros: 4)
                    list.write(name)
                    list.box("data") {
                        // UTF-8, of no country.
                        $0.write(UInt32(1))
                        $0.write(zeros: 4)
                        place = $0.count
                        $0.write(text)
                    }
                    list.replace(at: start, with: UInt32(list.count - start))
                }
            }
        }
        return place
    }

    /// Of the same length whatever the number is.
    private static func note(_ dropped: UInt64) -> [UInt8] {
        let digits = String(min(dropped, 9_999_999_999))
        return Array(("dropped frames: " + String(repeating: "0", count: 10 - digits.count) + digits).utf8)
    }

    // MARK: Bytes

    private static func bytes(_ number: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
        var writer = BoxWriter()
        writer.write(number)
        return writer.bytes
    }

    private func noteTotal(_ time: UInt64) throws { try overwrite(Self.bytes(time), at: totalPlace) }

    private func overwrite(_ bytes: [UInt8], at place: UInt64) throws {
        guard isSeekable else { return }
        guard unsafe pwrite(file.rawValue, bytes, bytes.count, off_t(place)) == bytes.count else {
            throw Failure("the file can't be written to: \(Errno(rawValue: errno))")
        }
    }

    private func append(_ bytes: [UInt8]) throws {
        do throws(SystemError) { try writeAll(bytes, to: file.rawValue) } catch {
            // A part of a fragment is nothing that plays.
            if isSeekable { _ = ftruncate(file.rawValue, off_t(byteCount)) }
            throw Failure("the file can't be written to: \(error.errno)")
        }
        byteCount += UInt64(bytes.count)
    }
}
