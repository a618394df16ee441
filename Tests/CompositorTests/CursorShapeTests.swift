@testable import Compositor
import Foundation
import Glibc
import Pixels
import TestSupport
import Testing
import WaylandClient

/// The pointer's looks, chosen by name, out of a theme that is made here.
@Suite(.serialized) final class CursorShapeTests {
    private let fixture: Fixture
    private let client: TestClient
    private let folder = FileManager.default.temporaryDirectory.appending(path: "signet-cursors-\(getpid())")

    init() throws {
        for (name, color) in [("default", 0xffff_0000), ("text", 0xff00_ff00), ("hand2", 0xff00_00ff)] as [(_, UInt32)]
        {
            try Self.write(name, color: color, in: folder)
        }
        unsafe setenv("XCURSOR_PATH", folder.path, 1)
        unsafe setenv("XCURSOR_THEME", "made", 1)
        fixture = Fixture()
        client = fixture.connect()
    }

    deinit {
        unsafe unsetenv("XCURSOR_PATH")
        unsafe unsetenv("XCURSOR_THEME")
        try? FileManager.default.removeItem(at: folder)
    }

    /// A cursor of 24x24 pixels of one colour; Xcursor(3) has the format.
    private static func write(_ name: String, color: UInt32, in folder: URL) throws {
        let image: [UInt32] = [36, 0xfffd_0002, 24, 1, 24, 24, 0, 0, 0] + [UInt32](repeating: color, count: 24 * 24)
        let words: [UInt32] = [0x7275_6358, 16, 0x1_0000, 1, 0xfffd_0002, 24, 28] + image
        let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
        let cursors = folder.appending(path: "made/cursors")
        try FileManager.default.createDirectory(at: cursors, withIntermediateDirectories: true)
        try Data(bytes).write(to: cursors.appending(path: name))
    }

    /// A window in the corner that has the pointer, and the serial of that.
    private func windowWithPointer() -> (device: WpCursorShapeDeviceV1, serial: UInt32, pointer: WlPointer) {
        let window = TestWindow(client)
        window.show(TestPool(client, size: 4 * 100 * 80).buffer(100, 80, color: 0x123456))
        window.moveToCorner()
        let pointer = client.seat.getPointer()
        var serial: UInt32 = 0
        pointer.onEnter = { number, _, _, _ in serial = number }
        client.roundTrip()
        fixture.compositor.send(.pointerMotion(to: Position(x: 10, y: 10)))
        client.roundTrip()
        let manager = client.bind(WpCursorShapeManagerV1.self)
        return (manager.getPointer(pointer: pointer), serial, pointer)
    }

    private func pixel() -> UInt32 {
        client.roundTrip()
        fixture.nextFrame()
        return fixture.pixel(12, 12)
    }

    @Test func shapesAreTheThemes() {
        let (device, serial, pointer) = windowWithPointer()
        #expect(serial != 0 && pixel() == 0xff0000)
        device.setShape(serial: serial, shape: .text)
        #expect(pixel() == 0x00ff00)
        // By the name that older themes have.
        device.setShape(serial: serial, shape: .pointer)
        #expect(pixel() == 0x0000ff)
        // What a theme hasn't got is an arrow.
        device.setShape(serial: serial, shape: .zoomIn)
        #expect(pixel() == 0xff0000)
        device.setShape(serial: serial, shape: .text)
        pointer.setCursor(serial: serial, surface: nil, hotspotX: 0, hotspotY: 0)
        #expect(pixel() == 0x123456)
        device.setShape(serial: serial, shape: .text)
        // The device may go; the looks stay, until the pointer leaves.
        device.destroy()
        #expect(pixel() == 0x00ff00)
        fixture.compositor.send(.pointerMotion(to: Position(x: 190, y: 90)))
        fixture.nextFrame()
        #expect(fixture.pixel(192, 92) == 0xff0000)
        #expect(client.error == nil)
    }

    @Test func onlyWhoHasThePointerChooses() {
        let (device, serial, _) = windowWithPointer()
        device.setShape(serial: serial &+ 1, shape: .text)
        #expect(pixel() == 0xff0000)
        let other = fixture.connect()
        let foreign = other.bind(WpCursorShapeManagerV1.self).getPointer(pointer: other.seat.getPointer())
        foreign.setShape(serial: serial, shape: .text)
        other.roundTrip()
        #expect(pixel() == 0xff0000 && other.error == nil)
    }

    @Test(arguments: [0, 37, UInt32.max])
    func whatIsNoShapeIsAnError(number: UInt32) {
        let (device, serial, _) = windowWithPointer()
        device.setShape(serial: serial, shape: .init(rawValue: number))
        client.roundTrip()
        #expect(client.error == "wp_cursor_shape_device_v1 1")
    }

    @Test func aPointerThatIsGoneIsNoError() {
        let (device, serial, pointer) = windowWithPointer()
        pointer.release()
        device.setShape(serial: serial, shape: .text)
        client.roundTrip()
        #expect(client.error == nil)
    }
}
