internal import CLinux
internal import Glibc

/// Starts a detached thread that no signal is delivered to and that runs `body`. EAGAIN where the process may have no
/// further one. Source: pthread_create(3).
package func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    var (all, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(Body(body))
    let error = unsafe pthread_create(
        &thread,
        &attributes,
        { context in
            unsafe Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
            return nil
        },
        unsafe context.toOpaque()
    )
    guard error == 0 else {
        unsafe context.release()
        throw SystemError(call: "pthread_create", errno: Errno(rawValue: error))
    }
}

/// A count that a thread waits for and others raise without waiting; sem_post(3).
@safe
package final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    package func post() { unsafe sem_post(semaphore) }

    /// Waits until the count is above zero, for so many milliseconds at most if any are given, and lowers it.
    package func wait(milliseconds: Int? = nil) {
        guard let milliseconds else {
            while unsafe sem_wait(semaphore) != 0 {}
            return
        }
        var end = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = end.tv_nsec + milliseconds % 1_000 * 1_000_000
        end.tv_sec += milliseconds / 1_000 + nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        while unsafe sem_timedwait(semaphore, &end) != 0, errno == EINTR {}
    }
}
