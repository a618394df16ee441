@testable import Compositor
import TestSupport
import Testing
import WaylandClient

/// What outputs showed is kept until after the windows have gone.
@Suite(.serialized) struct LastFramesTests {
    let fixture = Fixture { $0.keepsLastFrames = true }

    /// A client with a red window.
    private func showWindow() -> (client: TestClient, pool: TestPool, window: TestWindow) {
        let client = fixture.connect()
        let pool = TestPool(client, size: 1 << 16)
        let window = TestWindow(client)
        window.show(pool.buffer(60, 40, color: 0xff_0000))
        fixture.pump()
        return (client, pool, window)
    }

    /// How many red pixels there are on the first output's kept frame; nil where none is kept.
    private func redPixels() -> Int? {
        for _ in 0..<100 where fixture.compositor.lastFrames?.isDrawing == true { fixture.pump() }
        guard let picture = fixture.compositor.lastFrames?.pictures.first else { return nil }
        return picture.withBytes { bytes in
            var count = 0
            for y in 0..<picture.height {
                for x in 0..<picture.width {
                    let start = y * picture.stride + x * 4
                    let (blue, green, red) = (bytes[byte: start], bytes[byte: start + 1], bytes[byte: start + 2])
                    if red == 0xff, green == 0, blue == 0 { count += 1 }
                }
            }
            return count
        }
    }

    @Test func `a client that hangs up leaves a picture of its windows, also of a frame that was never due`() {
        let (client, _, _) = showWindow()
        #expect(redPixels() == nil, "nothing is drawn before")
        fixture.disconnect(client)
        #expect(redPixels() == 60 * 40)
        #expect(fixture.compositor.windows.windows.isEmpty)
    }

    @Test func `a window that is destroyed is on the picture, and a client that leaves later takes nothing away`() {
        let (client, _, window) = showWindow()
        fixture.nextFrame()
        window.toplevel.destroy()
        window.shellSurface.destroy()
        window.surface.destroy()
        fixture.pump()
        #expect(redPixels() == 60 * 40)
        fixture.nextFrame()
        fixture.disconnect(client)
        fixture.nextFrame()
        #expect(redPixels() == 60 * 40)
        fixture.compositor.lastFrames?.update()
        #expect(redPixels() == 60 * 40)
    }

    @Test func `a window that is emptied before it is destroyed is on the picture`() {
        let (client, _, window) = showWindow()
        window.surface.attach(buffer: nil, x: 0, y: 0)
        window.surface.commit()
        client.roundTrip()
        window.toplevel.destroy()
        window.shellSurface.destroy()
        fixture.pump()
        #expect(redPixels() == 60 * 40)
    }

    @Test func `clients that are there when the compositor goes are no trouble`() {
        let other = Fixture { $0.keepsLastFrames = true }
        let client = other.connect()
        let window = TestWindow(client)
        window.show(TestPool(client, size: 1 << 16).buffer(60, 40, color: 0xff_0000))
        other.nextFrame()
    }

    @Test func `the newest picture with windows is the one that counts`() {
        let first = showWindow()
        fixture.disconnect(first.client)
        #expect(redPixels() == 60 * 40)
        let (_, pool, window) = showWindow()
        window.show(pool.buffer(30, 20, color: 0xff_0000, at: 1 << 14))
        fixture.pump()
        fixture.compositor.lastFrames?.update()
        #expect(redPixels() == 30 * 20)
    }

    @Test func `a kept picture isn't drawn into`() {
        let first = showWindow()
        fixture.disconnect(first.client)
        #expect(redPixels() == 60 * 40)
        fixture.watch(fixture.output)
        for _ in 0..<5 { fixture.nextFrame() }
        #expect(redPixels() == 60 * 40)
    }

    @Test func `without windows the picture is of none`() {
        fixture.compositor.lastFrames?.update()
        #expect(redPixels() == 0)
    }

    @Test func `nothing is drawn where nobody has asked for it`() {
        let fixture = Fixture()
        #expect(fixture.compositor.lastFrames == nil)
    }
}

extension RawSpan {
    fileprivate subscript(byte offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
