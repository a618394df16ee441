@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Pointers that are locked or confined, and how far they were moved.
@Suite(.serialized) struct PointerConstraintTests {
    private let fixture = Fixture()
    private let client: TestClient
    private let window: TestWindow
    private let pointer: WlPointer
    private let manager: ZwpPointerConstraintsV1
    private let ear = Ear()

    private final class Ear {
        var heard: [String] = []

        func take() -> [String] {
            defer { heard = [] }
            return heard
        }
    }

    init() {
        client = fixture.connect()
        manager = client.bind(ZwpPointerConstraintsV1.self)
        pointer = client.seat.getPointer()
        pointer.onMotion = { [weak ear] _, x, y in ear?.heard.append("motion \(x) \(y)") }
        pointer.onFrame = { [weak ear] in ear?.heard.append("|") }
        window = TestWindow(client)
        window.show(TestPool(client, size: 40_000).buffer(100, 60, color: 0xff))
        client.roundTrip()
        fixture.compositor.windows.move(fixture.compositor.windows.active!, to: Point(x: 20, y: 10))
        fixture.nextFrame()
    }

    private func move(_ x: Double, _ y: Double) {
        fixture.compositor.send(.pointerMotion(to: Position(x: x, y: y)))
        client.roundTrip()
    }

    private var place: Position? { fixture.compositor.seat.pointer.position }

    private func lock(_ region: WlRegion? = nil, _ lifetime: ZwpPointerConstraintsV1.Lifetime) -> ZwpLockedPointerV1 {
        let lock = manager.lockPointer(surface: window.surface, pointer: pointer, region: region, lifetime: lifetime)
        lock.onLocked = { [weak ear] in ear?.heard.append("locked") }
        lock.onUnlocked = { [weak ear] in ear?.heard.append("unlocked") }
        client.roundTrip()
        return lock
    }

    private func confine(
        _ region: WlRegion? = nil,
        _ lifetime: ZwpPointerConstraintsV1.Lifetime = .persistent
    ) -> ZwpConfinedPointerV1 {
        let confined = manager.confinePointer(
            surface: window.surface,
            pointer: pointer,
            region: region,
            lifetime: lifetime
        )
        confined.onConfined = { [weak ear] in ear?.heard.append("confined") }
        confined.onUnconfined = { [weak ear] in ear?.heard.append("unconfined") }
        client.roundTrip()
        return confined
    }

    private func region(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32) -> WlRegion {
        let region = client.compositor.createRegion()
        region.add(x: x, y: y, width: width, height: height)
        return region
    }

    @Test func aLockedPointerStaysAndItsMovementsAreTold() {
        let relative = client.bind(ZwpRelativePointerManagerV1.self).getRelativePointer(pointer: pointer)
        relative.onRelativeMotion = { [weak ear] _, _, dx, dy, _, _ in ear?.heard.append("by \(dx) \(dy)") }
        move(30, 20)
        move(35, 22)
        #expect(ear.take() == ["|", "by 5.0 2.0", "motion 15.0 12.0", "|"])
        let lock = lock(nil, .persistent)
        #expect(ear.take() == ["locked"])
        move(150, 90)
        #expect(ear.take() == ["by 115.0 68.0", "|"] && place == Position(x: 35, y: 22))
        fixture.compositor.send(.pointerStep(dx: -3, dy: 0.5))
        client.roundTrip()
        #expect(ear.take() == ["by -3.0 0.5", "|"] && place == Position(x: 35, y: 22))
        // Afterwards it is where the client drew it.
        lock.setCursorPositionHint(surfaceX: Fixed(60), surfaceY: Fixed(40))
        window.surface.commit()
        lock.destroy()
        client.roundTrip()
        #expect(place == Position(x: 80, y: 50))
        move(81, 50)
        #expect(ear.take().suffix(2) == ["motion 61.0 40.0", "|"])
    }

    @Test func aHintThatLeadsAwayIsNone() {
        move(30, 20)
        let lock = lock(nil, .persistent)
        lock.setCursorPositionHint(surfaceX: Fixed(-1e6), surfaceY: Fixed(1e6))
        window.surface.commit()
        lock.destroy()
        client.roundTrip()
        #expect(place == Position(x: 30, y: 20))
    }

    @Test func aConfinedPointerDoesNotLeave() {
        move(30, 20)
        let confined = confine()
        #expect(ear.take() == ["|", "confined"])
        move(199, 20)
        #expect(place!.x > 119 && place!.x < 120 && place!.y == 20)
        move(-50, 500)
        #expect(place!.x == 20 && place!.y > 69 && place!.y < 70)
        _ = ear.take()
        // A part of it, from a commit on.
        confined.setRegion(region: region(10, 10, 20, 20))
        move(25, 15)
        #expect(place == Position(x: 25, y: 15))
        window.surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        #expect(place == Position(x: 30, y: 20))
        let arrow = fixture.compositor.scene.nodes.lazy.compactMap { $0 as? Cursor }.first?.items.first
        let hotspot = (arrow?.drawable as? CursorImage)?.hotspot
        #expect(hotspot != nil && arrow?.bounds.origin == hotspot.map { Point(x: 30 - $0.x, y: 20 - $0.y) })
        window.surface.setInputRegion(region: region(0, 0, 15, 15))
        window.surface.commit()
        move(190, 90)
        #expect(place!.x > 34 && place!.x < 35 && place!.y > 24 && place!.y < 25)
        confined.destroy()
        client.roundTrip()
        move(190, 90)
        #expect(place == Position(x: 190, y: 90))
    }

    @Test func itBeginsWhereItHoldsAndForWhomIsInUse() {
        move(30, 20)
        let confined = confine(region(50, 0, 50, 60))
        move(60, 20)
        #expect(!ear.take().contains("confined"))
        move(75, 20)
        #expect(ear.take().contains("confined"))
        // Somebody else's window appears: the first isn't in use any more.
        let other = fixture.connect()
        let second = TestWindow(other)
        second.show(TestPool(other, size: 400).buffer(10, 10, color: 0xff00))
        other.roundTrip()
        client.roundTrip()
        #expect(ear.take().contains("unconfined"))
        move(199, 99)
        #expect(place!.x > 190)
        fixture.disconnect(other)
        move(80, 20)
        #expect(ear.take().contains("confined"))
        confined.destroy()
        client.roundTrip()
        // Nobody is told of what was its own doing.
        #expect(!ear.take().contains("unconfined"))
    }

    @Test func onceIsOnce() {
        move(30, 20)
        let lock = lock(nil, .oneshot)
        fixture.compositor.windows.minimize(fixture.compositor.windows.active!)
        client.roundTrip()
        #expect(ear.take().filter { $0.contains("lock") } == ["locked", "unlocked"])
        fixture.compositor.windows.activateNext(backwards: false)
        client.roundTrip()
        move(40, 20)
        #expect(place == Position(x: 40, y: 20) && !ear.take().contains("locked"))
        // There may be another one now.
        let again = self.lock(nil, .oneshot)
        #expect(ear.take().contains("locked") && client.error == nil)
        lock.destroy()
        move(50, 20)
        #expect(place == Position(x: 40, y: 20))
        again.destroy()
        client.roundTrip()
    }

    @Test func aSurfaceHasOne() {
        let bystander = fixture.connect()
        let lock = lock(nil, .persistent)
        _ = confine()
        #expect(client.error == "zwp_pointer_constraints_v1 1" && bystander.roundTrip())
        withExtendedLifetime(lock) {}
    }

    @Test func whoeverDiesLetsThePointerGo() {
        move(30, 20)
        let locked = lock(nil, .persistent)
        window.toplevel.destroy()
        window.shellSurface.destroy()
        window.surface.destroy()
        client.roundTrip()
        #expect(ear.take().contains("unlocked"))
        move(150, 90)
        #expect(place == Position(x: 150, y: 90))
        // Its object does nothing any more.
        locked.setRegion(region: nil)
        locked.setCursorPositionHint(surfaceX: Fixed(1), surfaceY: Fixed(1))
        locked.destroy()
        #expect(client.roundTrip() && client.error == nil)
        let other = TestWindow(client)
        other.show(TestPool(client, size: 40_000).buffer(100, 60, color: 0xff))
        client.roundTrip()
        fixture.compositor.windows.move(fixture.compositor.windows.active!, to: Point(x: 20, y: 10))
        move(30, 20)
        let confined = manager.confinePointer(
            surface: other.surface,
            pointer: pointer,
            region: nil,
            lifetime: .persistent
        )
        client.roundTrip()
        move(190, 20)
        #expect(place!.x < 120)
        withExtendedLifetime(confined) {}
        fixture.disconnect(client)
        fixture.compositor.send(.pointerMotion(to: Position(x: 190, y: 20)))
        #expect(place == Position(x: 190, y: 20))
    }
}
