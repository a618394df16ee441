import Glibc
import SharedMemory
import TestSupport
import Testing
@testable import WaylandServer

/// What other processes may do while a server takes a socket's name.
@Suite(.serialized) struct ListeningSocketTests {
    /// A listening socket that a test can end at a moment of its choice.
    private final class Server {
        private let socket: ListeningSocket

        init(in folder: String) throws(ListeningSocket.Failure) {
            socket = try ListeningSocket(name: "test", in: folder)
        }
    }

    private let folder: String

    init() {
        var template = Array("/tmp/signet-socket-XXXXXX".utf8CString)
        precondition(unsafe mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private var names: Set<String> { TestFile.names(in: folder).subtracting([".", ".."]) }

    /// A server that ends removes its lock file; who has opened that already locks what nobody else will find.
    @Test func `a lock that was removed before it was taken isn't one`() throws {
        var ending: Server? = try Server(in: folder)
        var third: Server?
        let faults = InjectedFaults(
            [:],
            before: [
                "flock": { [folder] in
                    ending = nil
                    third = try? Server(in: folder)
                }
            ]
        )
        InjectedFaults.$current.withValue(faults) {
            #expect(throws: ListeningSocket.Failure.taken(name: "test")) { _ = try Server(in: folder) }
        }
        #expect(third != nil)
        #expect(ending == nil)
        #expect(names == ["test", "test.lock"], "they are the third one's")
        third = nil
        #expect(names.isEmpty)
        unsafe rmdir(folder)
    }

    @Test func `a lock that the file system doesn't have is no other server`() throws {
        let faults = InjectedFaults(["flock": [Errno(rawValue: ENOLCK)]])
        let failure = ListeningSocket.Failure.unusable(
            path: folder + "/test.lock",
            SystemError(call: "flock", errno: Errno(rawValue: ENOLCK))
        )
        InjectedFaults.$current.withValue(faults) {
            #expect(throws: failure) { _ = try Server(in: folder) }
        }
        unsafe unlink(folder + "/test.lock")
        unsafe rmdir(folder)
    }
}
