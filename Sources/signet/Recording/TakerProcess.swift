import Glibc
import SharedMemory
import VideoChannel

/// What `signet record` starts of this program itself: takes the pictures of the channel at a descriptor, and ends with
/// one line where that fails; `what` is written.
///
/// TERM ends it: it comes when the recorder is gone, and the one who reads may stay for ever.
func takePictures(_ channel: CInt, writing what: String, _ body: (VideoTaker) throws -> Void) throws {
    guard fcntl(channel, F_GETFD) >= 0 else { throw Failure("descriptor \(channel) isn't open") }
    for number in [SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    do { try body(try VideoTaker(over: Descriptor(owning: channel))) } catch let error as SystemError {
        throw Failure("\(what) can't be written: \(error.errno)")
    } catch let failure as Failure {
        throw failure
    } catch {
        throw Failure("\(error)")
    }
}
