@testable import Compositor
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// A client's view of ext-foreign-toplevel-list.
final class WindowEar {
    final class Heard {
        let proxy: ExtForeignToplevelHandleV1
        var title: String?
        var application: String?
        var identifier: String?
        var dones = 0
        var isClosed = false

        init(_ proxy: ExtForeignToplevelHandleV1) {
            self.proxy = proxy
            proxy.onTitle = { [unowned self] in title = $0 }
            proxy.onAppId = { [unowned self] in application = $0 }
            proxy.onIdentifier = { [unowned self] in identifier = $0 }
            proxy.onDone = { [unowned self] in dones += 1 }
            proxy.onClosed = { [unowned self] in isClosed = true }
        }
    }

    private final class Box {
        var windows: [Heard] = []
        var isFinished = false
    }

    let list: ExtForeignToplevelListV1
    private let box: Box

    var windows: [Heard] { box.windows }
    var isFinished: Bool { box.isFinished }

    init(_ client: TestClient) {
        let box = Box()
        self.box = box
        list = client.bind(ExtForeignToplevelListV1.self) { list in
            list.onToplevel = { box.windows.append(Heard($0)) }
            list.onFinished = { box.isFinished = true }
        }
        listen(client)
    }

    /// Windows are told of a hundred times a second at most.
    func listen(_ client: TestClient) {
        for _ in 0..<3 {
            client.fixture.compositor.dispatch(timeout: 15)
            client.roundTrip()
        }
    }
}

@Suite(.serialized) struct ToplevelListTests {
    let fixture = Fixture()
    let client: TestClient
    let pool: TestPool
    let reader: TestClient

    init() {
        client = fixture.connect()
        pool = TestPool(client, size: 400)
        reader = fixture.connect()
    }

    private func window(_ title: String) -> TestWindow {
        let window = TestWindow(client)
        window.toplevel.setTitle(title: title)
        window.toplevel.setAppId(appId: "test.\(title)")
        window.show(pool.buffer(10, 10, color: 1))
        client.roundTrip()
        return window
    }

    @Test func `windows are told of, with what they are called, and closed`() {
        let first = window("one")
        let ear = WindowEar(reader)
        #expect(ear.windows.map(\.title) == ["one"] && ear.windows[0].application == "test.one")
        let second = window("two")
        ear.listen(reader)
        #expect(ear.windows.map(\.title) == ["one", "two"] && ear.windows.allSatisfy { $0.dones == 1 })
        let identifiers = ear.windows.compactMap(\.identifier)
        #expect(Set(identifiers).count == 2 && identifiers.allSatisfy { (1...32).contains($0.utf8.count) })
        first.toplevel.setTitle(title: "other")
        client.roundTrip()
        ear.listen(reader)
        #expect(ear.windows[0].title == "other" && ear.windows[0].dones == 2)
        second.show(nil)
        client.roundTrip()
        ear.listen(reader)
        #expect(ear.windows[1].isClosed && !ear.windows[0].isClosed)
        second.surface.commit()
        client.roundTrip()
        second.show(pool.buffer(10, 10, color: 1))
        client.roundTrip()
        ear.listen(reader)
        #expect(ear.windows.count == 3 && !identifiers.contains(ear.windows[2].identifier ?? ""))
        let another = WindowEar(reader)
        #expect(Set(another.windows.compactMap(\.identifier)) == [identifiers[0], ear.windows[2].identifier])
    }

    @Test func `a list that was stopped tells of no more windows, and goes on with those there were`() {
        let first = window("one")
        let ear = WindowEar(reader)
        ear.list.stop()
        let second = window("two")
        first.toplevel.setTitle(title: "other")
        client.roundTrip()
        ear.listen(reader)
        #expect(ear.isFinished && ear.windows.map(\.title) == ["other"])
        ear.list.destroy()
        reader.roundTrip()
        fixture.disconnect(client)
        withExtendedLifetime(second) {}
        #expect(reader.roundTrip())
    }

    @Test func `a client has few lists`() {
        let lists = (0..<5).map { _ in reader.bind(ExtForeignToplevelListV1.self) }
        reader.roundTrip()
        withExtendedLifetime(lists) {}
        #expect(reader.error == "wl_display 2" && client.roundTrip())
    }
}
