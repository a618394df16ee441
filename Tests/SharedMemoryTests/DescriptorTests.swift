import Glibc
import SharedMemory
import TestSupport
import Testing

/// Ownership of descriptors, alone and on their way over a socket.
@Suite(.serialized) struct DescriptorTests {
    @Test func aDescriptorClosesItself() throws {
        let before = openDescriptorCount()
        do {
            let file = TestFile.memfd(1)
            let copy = try file.duplicate()
            #expect(openDescriptorCount() == before + 2)
            #expect(copy.rawValue != file.rawValue)
            #expect(fcntl(copy.rawValue, F_GETFD) == FD_CLOEXEC)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test func whoRelinquishesCloses() {
        let before = openDescriptorCount()
        let number = TestFile.memfd(1).relinquish()
        #expect(openDescriptorCount() == before + 1)
        close(number)
    }

    @Test func duplicatingMayFail() {
        InjectedFaults.$current.withValue(InjectedFaults(["fcntl": [.tooManyOpenFiles]])) {
            #expect(throws: SystemError(call: "fcntl", errno: .tooManyOpenFiles)) {
                _ = try TestFile.memfd(1).duplicate()
            }
        }
    }

    @Test(arguments: [0, 1, 2, 3, 100, 253])
    func descriptorsArriveInOrder(count: Int) throws {
        let before = openDescriptorCount()
        do {
            let sockets = SocketPair()
            try send([1, 2, 3], with: list(count), to: sockets.first)
            var bytes = [UInt8](repeating: 0, count: 3)
            var received = try receive(3, expecting: count, from: sockets.second, into: &bytes)
            #expect(bytes == [1, 2, 3])
            for index in 0..<count {
                let descriptor = received.takeFirst()!
                #expect(try DescriptorFacts.read(descriptor).size == Int64(index + 1))
                #expect(fcntl(descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
            }
            #expect(received.count == 0)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test func whatIsNotTakenIsClosed() throws {
        let before = openDescriptorCount()
        do {
            let sockets = SocketPair()
            try send([1], with: list(3), to: sockets.first)
            var bytes: [UInt8] = [0]
            var received = try receive(1, expecting: 3, from: sockets.second, into: &bytes)
            #expect(received.count == 3)
            _ = received.takeFirst()
            #expect(openDescriptorCount() == before + 4)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test(arguments: [
        (sent: 0, expected: 1, error: DescriptorPassingError.wrongCount(expected: 1, received: 0)),
        (2, 3, .wrongCount(expected: 3, received: 2)),
        // Control data is padded, so an odd number leaves room for one more.
        (2, 1, .wrongCount(expected: 1, received: 2)),
        (3, 1, .truncated), (1, 0, .truncated), (253, 2, .truncated),
    ])
    func anotherNumberIsRefusedAndClosed(sent: Int, expected: Int, error: DescriptorPassingError) throws {
        let before = openDescriptorCount()
        do {
            let sockets = SocketPair()
            try send([1], with: list(sent), to: sockets.first)
            var bytes: [UInt8] = [0]
            #expect(throws: error) {
                _ = try receive(1, expecting: expected, from: sockets.second, into: &bytes)
            }
            #expect(openDescriptorCount() == before + 2)
        }
        #expect(openDescriptorCount() == before)
    }

    @Test func aMessageThatEndsEarlyIsClosed() throws {
        let before = openDescriptorCount()
        do {
            let sockets = SocketPair()
            try send([1], with: list(2), to: sockets.first)
            _ = shutdown(sockets.first.rawValue, CInt(SHUT_WR))
            var bytes: [UInt8] = [0, 0]
            #expect(throws: DescriptorPassingError.closed) {
                _ = try receive(2, expecting: 2, from: sockets.second, into: &bytes)
            }
        }
        #expect(openDescriptorCount() == before)
    }

    @Test func whenNoneIsLeftTheyAreDropped() throws {
        let sockets = SocketPair()
        let before = openDescriptorCount()
        try send([1], with: list(2), to: sockets.first)
        var limit = rlimit()
        _ = unsafe getrlimit(limitOfFiles, &limit)
        var lower = rlimit(rlim_cur: 3, rlim_max: limit.rlim_max)
        _ = unsafe setrlimit(limitOfFiles, &lower)
        defer { _ = unsafe setrlimit(limitOfFiles, &limit) }
        var bytes: [UInt8] = [0]
        #expect(throws: DescriptorPassingError.truncated) {
            _ = try receive(1, expecting: 2, from: sockets.second, into: &bytes)
        }
        _ = unsafe setrlimit(limitOfFiles, &limit)
        #expect(openDescriptorCount() == before)
    }

    @Test func longMessagesArriveInParts() throws {
        let sockets = SocketPair()
        let sent = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try send(sent, with: list(1), to: sockets.first)
        var bytes = [UInt8](repeating: 0, count: sent.count)
        let received = try receive(sent.count, expecting: 1, from: sockets.second, into: &bytes)
        #expect(received.count == 1)
        #expect(bytes == sent)
    }

    @Test func moreThanTheKernelPassesIsAnError() {
        let sockets = SocketPair()
        #expect(throws: SystemError(call: "sendmsg", errno: .invalidArgument)) {
            try send([1], with: list(254), to: sockets.first)
        }
    }

    @Test func aPeerThatIsGoneIsAnErrorAndNoSignal() {
        let sockets = SocketPair()
        _ = shutdown(sockets.second.rawValue, CInt(SHUT_RD))
        #expect(throws: SystemError(call: "sendmsg", errno: Errno(rawValue: EPIPE))) {
            try send([1], with: list(1), to: sockets.first)
        }
    }

    @Test func interruptedPassingGoesOn() throws {
        let faults = InjectedFaults(["sendmsg": [.interrupted, nil], "recvmsg": [.interrupted, nil]])
        try InjectedFaults.$current.withValue(faults) {
            let sockets = SocketPair()
            try send([1], with: list(1), to: sockets.first)
            var bytes: [UInt8] = [0]
            let received = try receive(1, expecting: 1, from: sockets.second, into: &bytes)
            #expect(received.count == 1)
            #expect(faults.isUsedUp)
        }
    }

    /// `count` files of 1, 2, 3 ... bytes.
    private func list(_ count: Int) -> DescriptorList {
        var list = DescriptorList()
        for index in 0..<count { list.append(TestFile.memfd(index + 1)) }
        return list
    }

    private let limitOfFiles = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)

    private func send(
        _ bytes: [UInt8],
        with descriptors: consuming DescriptorList,
        to socket: borrowing Descriptor
    ) throws(SystemError) {
        try unsafe socket.send(bytes.span.bytes, with: descriptors)
    }

    private func receive(
        _ count: Int,
        expecting expected: Int,
        from socket: borrowing Descriptor,
        into bytes: inout [UInt8]
    ) throws(DescriptorPassingError) -> DescriptorList {
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        return try socket.receive(into: &raw, expecting: expected)
    }
}
