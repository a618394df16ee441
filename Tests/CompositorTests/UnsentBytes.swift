@testable import Compositor
import WaylandServer

extension Fixture {
    /// Bytes of events that the newest client hasn't read and its socket didn't take.
    var unsentByteCountOfNewest: Int { compositor.display.clients.last?.unsentByteCount ?? 0 }
}
