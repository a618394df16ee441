import Glibc
import SignetDriver

/// The environment that a client finds: what makes a toolkit choose Wayland, and this compositor.
enum ChildEnvironment {
    /// Makes it this process's, for the client to inherit; XDG_RUNTIME_DIR is there already.
    static func prepare(socketName: String) {
        for (name, value) in ClientEnvironment.variables(socketName: socketName) { unsafe setenv(name, value, 1) }
        for name in ClientEnvironment.foreign { unsafe unsetenv(name) }
    }
}
