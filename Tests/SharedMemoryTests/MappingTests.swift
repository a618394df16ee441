import SharedMemory
import TestSupport
import Testing

/// Bytes of a file, through a mapping and without one.
@Suite(.serialized) struct MappingTests {
    @Test func writersAndReadersSeeTheSameBytes() throws {
        let file = TestFile.memfd(8_192)
        var writable = try WritableMapping(file, length: 8_192)
        let readable = try ReadOnlyMapping(file, length: 8_192)
        writable.withMutableBytes(in: 4_096..<4_100) { $0.storeBytes(of: 0x1234_5678, as: UInt32.self) }
        #expect(readable.withBytes(in: 4_094..<4_102) { $0.byteCount } == 8)
        #expect(readable.withBytes(in: 4_096..<4_100) { unsafe $0.unsafeLoad(as: UInt32.self) } == 0x1234_5678)
        #expect(writable.withBytes(in: 4_096..<4_097) { unsafe $0.unsafeLoad(as: UInt8.self) } == 0x78)
    }

    @Test func mappingsEndWithTheirValues() throws {
        let file = try AnonymousFile.create(name: "signet-map-test", size: 4_096)
        #expect(mappingCount(named: "signet-map-test") == 0)
        do {
            let readable = try ReadOnlyMapping(file.descriptor, length: 4_096)
            let writable = try WritableMapping(file.descriptor, length: 4_096)
            #expect(mappingCount(named: "signet-map-test") == 2)
            _ = (readable.length, writable.length)
        }
        Disposal.drain()
        #expect(mappingCount(named: "signet-map-test") == 0)
    }

    @Test(arguments: [0, -1])
    func aLengthBelowOneIsAnError(length: Int) {
        let file = TestFile.memfd(4_096)
        let error = SystemError(call: "mmap", errno: .invalidArgument)
        #expect(throws: error) { _ = try ReadOnlyMapping(file, length: length) }
        #expect(throws: error) { _ = try WritableMapping(file, length: length) }
    }

    @Test func whereSharedIsForbiddenItIsPrivate() throws {
        let file = TestFile.memfd(4_096)
        let faults = InjectedFaults(["mmap": [.notPermitted, nil]])
        try InjectedFaults.$current.withValue(faults) {
            _ = try ReadOnlyMapping(file, length: 4_096)
            #expect(faults.isUsedUp)
        }
        InjectedFaults.$current.withValue(InjectedFaults(["mmap": [.noMemory]])) {
            #expect(throws: SystemError(call: "mmap", errno: .noMemory)) {
                _ = try ReadOnlyMapping(file, length: 4_096)
            }
        }
    }

    @Test func bytesOutsideOfAMappingTrap() async {
        await #expect(processExitsWith: .failure) {
            let mapping = try ReadOnlyMapping(TestFile.memfd(4_096), length: 4_096)
            mapping.withBytes(in: 4_095..<4_097) { _ in }
        }
        await #expect(processExitsWith: .failure) {
            var mapping = try WritableMapping(TestFile.memfd(4_096), length: 4_096)
            mapping.withMutableBytes(in: -1..<4) { _ in }
        }
    }

    @Test func readingGoesUpToTheEndAndAllocatesNothing() throws {
        let file = TestFile.memfd(8_192)
        TestFile.write([1, 2], to: file, at: 4_096)
        let before = TestFile.allocatedBytes(of: file)
        #expect(try read(file, 4, at: 4_098) == [0, 0, 2, 0])
        #expect(try read(file, 4, at: 0) == [0, 0, 0, 0])
        #expect(try read(file, 100, at: 8_189) == [0, 0, 0])
        #expect(try read(file, 100, at: 9_000) == [])
        #expect(TestFile.allocatedBytes(of: file) == before)
    }

    @Test func interruptedReadsGoOn() throws {
        let faults = InjectedFaults(["pread": [.interrupted, nil]])
        try InjectedFaults.$current.withValue(faults) {
            let bytes = try read(TestFile.memfd(16), 16, at: 0)
            #expect(bytes.count == 16)
            #expect(faults.isUsedUp)
        }
    }

    @Test func pagesThatWereBroughtInTakeNoFaultsOfTheKernel() throws {
        let length = 64 * 4_096 - 100
        func faults(isBroughtIn: Bool) throws -> Int {
            let file = TestFile.memfd(64 * 4_096)
            var target = try WritableMapping(withoutFile: 64 * 4_096)
            return target.withMutableBytes(in: 10..<10 + length) { bytes in
                if isBroughtIn { bytes.bringIn() }
                let before = ThreadStatistics.Counts.now.faults
                let count = try? file.pread(into: &bytes, at: 0)
                #expect(count == length)
                return ThreadStatistics.Counts.now.faults - before
            }
        }
        // The first one brings in what else is used.
        _ = try faults(isBroughtIn: true)
        let (without, with) = (try faults(isBroughtIn: false), try faults(isBroughtIn: true))
        // The sanitizer has pages of its own.
        #expect(without > 0 && with <= without / 2, "\(with) instead of \(without)")
    }

    @Test func holesAreFound() throws {
        let file = TestFile.memfd(3 * 4_096)
        TestFile.write([1], to: file, at: 4_096)
        #expect(try hasHole(file, 0..<4_096))
        #expect(try !hasHole(file, 4_096..<8_192))
        #expect(try hasHole(file, 4_096..<8_193))
        #expect(try !hasHole(file, 100..<100))
    }

    private func hasHole(_ file: borrowing Descriptor, _ range: Range<Int64>) throws -> Bool {
        try file.hasHole(in: range)
    }

    private func read(_ file: borrowing Descriptor, _ count: Int, at offset: Int64) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0xff, count: count)
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        let read = try file.pread(into: &raw, at: offset)
        return Array(bytes.prefix(read))
    }
}
