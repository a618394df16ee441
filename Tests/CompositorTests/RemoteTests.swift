@testable import Compositor
import Testing

/// The way to the compositor for other threads.
@Suite struct RemoteTests {
    private final class Box: @unchecked Sendable { var value: Int? }

    @Test func `what others ask is answered in the compositor's thread`() {
        let fixture = Fixture()
        _ = fixture.connect()
        let (remote, box) = (fixture.compositor.remote, Box())
        let task = Task.detached { box.value = try await remote.run { $0.clientCount } }
        for _ in 0..<2_000 where box.value == nil { fixture.compositor.dispatch(timeout: 1) }
        #expect(box.value == 1)
        withExtendedLifetime(task) {}
    }

    @Test func `a compositor that is gone says so`() async {
        var fixture: Fixture? = Fixture()
        let remote = fixture!.compositor.remote
        fixture = nil
        await #expect(throws: (any Error).self) { try await remote.run { $0.clientCount } }
        _ = fixture
    }
}
