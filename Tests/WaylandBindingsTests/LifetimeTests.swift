import Synchronization
import TestProtocolClient
import TestProtocolServer
import TestSupport
import Testing
import WaylandClient
import WaylandServer
import WaylandWire

/// Versions, destructors, errors and ends, in any order.
@Suite(.serialized) struct LifetimeTests {
    let fixture = Fixture()

    // MARK: Versions

    @Test func eventsThatTheClientDoesNotKnowAreNotSent() {
        let (client, server) = fixture.bind(version: 1)
        var heard: [UInt32] = []
        client.onNewer = { heard.append($0) }
        server.sendNewer(tag: 1)
        server.sendFinished(tag: 2)
        server.sendRepeat()
        fixture.pump()
        #expect(heard.isEmpty && client.isAlive && fixture.connection.failure == nil)
        let (second, secondServer) = fixture.bind(version: 2)
        second.onNewer = { heard.append($0) }
        secondServer.sendNewer(tag: 3)
        fixture.pump()
        #expect(heard == [3])
    }

    @Test func requestsThatWereNotBoundTrapInTheClient() async {
        await #expect(processExitsWith: .failure) {
            let fixture = Fixture()
            let (client, _) = fixture.bind(version: 1)
            client.newer(first: TestFile.memfd(1))
        }
    }

    @Test func objectsInheritTheirVersion() {
        let (client, _) = fixture.bind(version: 2)
        let child = client.makeChild(tag: 1)
        fixture.pump()
        #expect(child.version == 2 && fixture.handler.children[0].version == 2)
    }

    // MARK: Destructors

    @Test func aDestructorEndsBothEnds() {
        let (client, server) = fixture.bind()
        let count = fixture.connection.proxyCount
        client.destroy()
        #expect(!client.isAlive && client.id == 0 && fixture.connection.proxyCount == count - 1)
        client.repeat()
        client.destroy()
        fixture.pump()
        #expect(fixture.handler.heard == ["destroy", "destroyed"])
        #expect(!server.isAlive && server.handler == nil && fixture.connection.failure == nil)
        server.sendRepeat()
    }

    @Test func aDestroyingEventEndsBothEnds() {
        let (client, server) = fixture.bind()
        var heard: [UInt32] = []
        client.onFinished = { heard.append($0) }
        server.finishWithFinished(tag: 4)
        fixture.pump()
        #expect(heard == [4] && !client.isAlive && !server.isAlive)
        #expect(fixture.handler.heard == ["destroyed"])
    }

    @Test func anObjectMayBeDestroyedInsideItsOwnEvent() {
        let (client, _) = fixture.bind()
        var count = 0
        client.onRepeat = { [unowned client] in
            count += 1
            client.destroy()
        }
        client.repeat()
        client.repeat()
        fixture.pump()
        #expect(count == 1)
        #expect(fixture.handler.heard == ["repeat", "repeat", "destroy", "destroyed"])
    }

    @Test func anObjectMayBeDestroyedInsideItsOwnRequest() {
        let (client, server) = fixture.bind()
        fixture.handler.action = { $0.destroy() }
        client.takeNumbers(int: 0, uint: 0, fixed: Fixed(0), mode: .slow, flags: [])
        fixture.pump()
        #expect(fixture.handler.heard.last == "destroyed" && !server.isAlive)
        #expect(fixture.connection.failure == nil)
    }

    @Test func whatAnObjectThatIsGoneMakesIsGoneToo() {
        let (client, _) = fixture.bind()
        client.destroy()
        let child = client.makeChild(tag: 1)
        #expect(!child.isAlive)
        child.poke()
        fixture.pump()
        #expect(fixture.connection.failure == nil)
    }

    @Test func requestsThatNeedAnObjectThatIsGoneAreNotSent() {
        let (client, _) = fixture.bind()
        let (child, other) = (client.makeChild(tag: 1), client.makeChild(tag: 2))
        child.destroy()
        client.takeObjects(child: child, other: other)
        client.takeObjects(child: other, other: child)
        fixture.pump()
        #expect(fixture.handler.heard == ["child 1", "child 2", "objects \(other.id) 0"])
        #expect(fixture.connection.failure == nil)
    }

    @Test func eventsNameObjectsThatAreGoneAsNil() {
        let (client, server) = fixture.bind()
        let child = client.makeChild(tag: 1)
        fixture.pump()
        var isNil: Bool?
        client.onObjects = { child, _ in isNil = child == nil }
        server.sendObjects(child: fixture.handler.children[0], other: nil)
        child.destroy()
        fixture.pump()
        #expect(isNil == true && fixture.connection.failure == nil)
    }

    @Test func eventsWithAnObjectTheServerDestroyedAreNotSent() {
        let (client, server) = fixture.bind()
        client.makeChild(tag: 1)
        fixture.pump()
        let child = fixture.handler.children[0]
        child.destroy()
        var count = 0
        client.onObjects = { _, _ in count += 1 }
        server.sendObjects(child: child, other: nil)
        fixture.pump()
        #expect(count == 0 && fixture.connection.failure == nil)
    }

    // MARK: Errors

    @Test func aThrownErrorIsPostedAndNothingRunsAfterIt() {
        let (client, _) = fixture.bind()
        let id = client.id
        fixture.handler.failure = ProtocolError(TestProtocolServer.TestV1.Error.askedFor, "100 %s %n of it")
        client.repeat()
        client.repeat()
        fixture.pump()
        #expect(fixture.connection.failure == .protocolError(interface: "test_v1", id: id, code: 7))
        #expect(fixture.handler.heard == ["repeat", "destroyed"])
        #expect(fixture.serverClient.lastError == "100 %s %n of it")
        #expect(fixture.display.clientCount == 0)
    }

    @Test func anErrorMayBeRaisedOnAnotherObject() {
        let (client, _) = fixture.bind()
        let child = client.makeChild(tag: 1)
        fixture.pump()
        let id = child.id
        fixture.handler.failure = ProtocolError(
            TestProtocolServer.TestV1.Error.askedFor,
            "there",
            on: fixture.handler.children[0]
        )
        client.repeat()
        fixture.pump()
        #expect(fixture.connection.failure == .protocolError(interface: "test_child_v1", id: id, code: 7))
    }

    @Test(arguments: [
        (ProtocolError.invalidObject("a"), UInt32(0)), (.noMemory("b"), 2), (.implementation("c"), 3),
    ])
    func someErrorsBelongToTheDisplay(error: ProtocolError, code: UInt32) {
        let (client, _) = fixture.bind()
        fixture.handler.failure = error
        client.destroy()
        fixture.pump()
        #expect(fixture.connection.failure == .protocolError(interface: "wl_display", id: 1, code: code))
    }

    @Test func anErrorOnAnObjectThatIsGoneFallsBackToTheDisplay() {
        let (client, _) = fixture.bind()
        fixture.handler.action = { $0.destroy() }
        fixture.handler.failure = ProtocolError(TestProtocolServer.TestV1.Error.askedFor, "late")
        client.repeat()
        fixture.pump()
        #expect(fixture.connection.failure == .protocolError(interface: "wl_display", id: 1, code: 7))
    }

    @Test func theLibrarysMessagesReachTheClientsHandler() {
        let messages = Mutex<[String]>([])
        ClientLog.setHandler { text in messages.withLock { $0.append(text) } }
        let (client, _) = fixture.bind()
        fixture.handler.failure = ProtocolError(TestProtocolServer.TestV1.Error.askedFor, "50 %")
        client.repeat()
        fixture.pump()
        #expect(messages.withLock { $0.contains { $0.contains("50 %") } })
    }

    // MARK: Globals and ends

    @Test func aGlobalMayBeHidden() {
        let fixture = Fixture { _ in false }
        #expect(fixture.globals()["test_v1"] == nil)
    }

    @Test func aWithdrawnGlobalMayStillBeBound() {
        let name = fixture.globals()["test_v1"]!
        let registry = fixture.connection.registry()
        var removed: [UInt32] = []
        registry.onGlobalRemove = { removed.append($0) }
        fixture.pump()
        fixture.global.withdraw()
        let object = registry.bind(name: name, as: TestProtocolClient.TestV1.self, version: 1)
        object.repeat()
        fixture.pump()
        #expect(removed == [name] && fixture.connection.failure == nil)
        #expect(fixture.handler.heard.isEmpty && fixture.globals()["test_v1"] == nil)
    }

    @Test func aClientMayLeaveAtAnyTime() {
        let (client, server) = fixture.bind()
        client.makeChild(tag: 1)
        fixture.pump()
        var isTold = false
        fixture.serverClient.onDisconnect = { isTold = true }
        let child = fixture.handler.children[0]
        fixture.connection.close()
        fixture.pump()
        #expect(!client.isAlive && !server.isAlive && !child.isAlive && isTold)
        #expect(!fixture.serverClient.isConnected && fixture.display.clientCount == 0)
        server.sendRepeat()
        child.sendPoked(tag: 1)
        server.destroy()
        #expect(throws: ProtocolError.self) {
            _ = try TestProtocolServer.TestChildV1(client: fixture.serverClient, version: 1, id: 0)
        }
    }

    @Test func theServerMayEndAClient() {
        let (client, _) = fixture.bind()
        fixture.serverClient.disconnect()
        fixture.serverClient.disconnect()
        fixture.pump()
        #expect(fixture.connection.failure != nil && client.isAlive)
        client.repeat()
        client.destroy()
        #expect(throws: Connection.Failure.self) { try fixture.connection.roundTrip() }
    }

    @Test func theServerMayGoFirst() throws {
        let before = openDescriptorCount()
        weak var resource: TestProtocolServer.TestV1?
        var proxy: TestProtocolClient.TestV1?
        do {
            let fixture = Fixture()
            let (client, server) = fixture.bind()
            (proxy, resource) = (client, server)
            #expect(proxy!.isAlive && resource!.isAlive)
        }
        #expect(resource == nil && proxy?.isAlive == false)
        proxy?.repeat()
        #expect(openDescriptorCount() == before)
    }

    @Test func `clients are listed in the order in which they connected`() {
        let display = Display()
        var clients: [WaylandServer.Client] = []
        var connections: [Connection] = []
        for _ in 0..<50 {
            SocketPair().take { server, client in
                clients.append(display.connect(server)!)
                connections.append(try! Connection(over: client))
            }
        }
        #expect(display.clients.map(ObjectIdentifier.init) == clients.map(ObjectIdentifier.init))
        clients.remove(at: 20).disconnect()
        clients.remove(at: 0).disconnect()
        #expect(display.clients.map(ObjectIdentifier.init) == clients.map(ObjectIdentifier.init))
        #expect(display.clientCount == 48)
        for connection in connections { connection.close() }
    }

    // MARK: Queues

    @Test func aQueueIsDispatchedApart() {
        let (client, server) = fixture.bind()
        let queue = EventQueue(on: fixture.connection)
        client.setQueue(queue)
        var count = 0
        client.onRepeat = { count += 1 }
        server.sendRepeat()
        server.sendRepeat()
        fixture.pump()
        #expect(count == 0)
        #expect(queue.dispatchPending() == 2 && count == 2)
        client.setQueue(nil)
        server.sendRepeat()
        fixture.pump()
        #expect(count == 3)
        fixture.connection.close()
        #expect(queue.dispatchPending() == -1)
    }
}
