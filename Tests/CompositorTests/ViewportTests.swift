@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Surfaces that are cropped, scaled and turned, pixel by pixel beside a reference.
@Suite(.serialized) struct ViewportTests {
    /// A colour for each pixel of an image.
    private func color(_ x: Int, _ y: Int) -> UInt32 { UInt32(x * 20 % 256) << 16 | UInt32(y * 30 % 256) << 8 | 0x40 }

    /// Shows a buffer of `size` and compares all of the output's pixels: `source` says for a pixel of the surface, in
    /// output pixels, which buffer pixel belongs there.
    private func check(
        buffer size: (width: Int, height: Int),
        surface: (width: Int, height: Int),
        outputScale: Int = 1,
        _ prepare: (TestClient, WlSurface) -> Void,
        source: (Int, Int) -> (Int, Int),
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let scale = Scale(in120ths: outputScale * 120)
        let fixture = Fixture { $0.outputs = [OutputMode(width: 80, height: 60, scale: scale)] }
        let client = fixture.connect()
        let window = TestWindow(client)
        prepare(client, window.surface)
        window.show(TestPool(client, size: 40_000).buffer(size.width, size.height, color))
        window.moveToCorner()
        fixture.nextFrame()
        #expect(client.error == nil, sourceLocation: sourceLocation)
        let picture = fixture.picture()
        let expected = (0..<60).map { y in
            (0..<80).map { x -> UInt32 in
                guard x < surface.width * outputScale, y < surface.height * outputScale else { return 0x2e3440 }
                let place = source(x, y)
                return color(place.0, place.1)
            }
        }
        #expect(picture == expected, sourceLocation: sourceLocation)
    }

    @Test func aBuffersScaleMakesItsSurfaceSmaller() {
        let prepare = { (_: TestClient, surface: WlSurface) in surface.setBufferScale(scale: 2) }
        // On an output of the same scale, pixel for pixel.
        check(buffer: (20, 12), surface: (10, 6), outputScale: 2, prepare) { ($0, $1) }
    }

    @Test func surfacesOfScaleOneAreEnlargedOnLargerOutputs() {
        check(buffer: (10, 6), surface: (10, 6), outputScale: 3, { _, _ in }) { ($0 / 3, $1 / 3) }
    }

    @Test func aDestinationScales() {
        check(
            buffer: (10, 6),
            surface: (40, 12),
            { client, surface in client.viewporter.getViewport(surface: surface).setDestination(width: 40, height: 12)
            },
            source: { ($0 / 4, $1 / 2) }
        )
    }

    @Test func aSourceCrops() {
        check(
            buffer: (20, 16),
            surface: (7, 5),
            { client, surface in
                client.viewporter.getViewport(surface: surface)
                    .setSource(x: Fixed(4), y: Fixed(6), width: Fixed(7), height: Fixed(5))
            },
            source: { ($0 + 4, $1 + 6) }
        )
    }

    @Test(arguments: Orientation.allCases)
    func sourceScaleAndTransformGoTogether(orientation: Orientation) {
        // A buffer of 24x16 at scale 2, turned, cropped to 4x3 of its surface coordinates, shown at 16x12.
        let upright = orientation.apply(to: Size(width: 24, height: 16))
        check(
            buffer: (24, 16),
            surface: (16, 12),
            { client, surface in
                surface.setBufferScale(scale: 2)
                surface.setBufferTransform(transform: .init(rawValue: orientation.rawValue))
                let viewport = client.viewporter.getViewport(surface: surface)
                viewport.setSource(x: Fixed(1), y: Fixed(2), width: Fixed(4), height: Fixed(3))
                viewport.setDestination(width: 16, height: 12)
            },
            source: { x, y in
                let pixel = Rectangle(x: 2 + x / 2, y: 4 + y / 2, width: 1, height: 1)
                let place = orientation.apply(to: pixel, in: upright)
                return (place.x, place.y)
            }
        )
    }

    @Test func aViewportThatIsGoneTakesItsStateAlong() {
        check(
            buffer: (10, 6),
            surface: (10, 6),
            { client, surface in
                let viewport = client.viewporter.getViewport(surface: surface)
                viewport.setDestination(width: 40, height: 12)
                surface.commit()
                viewport.destroy()
                client.viewporter.getViewport(surface: surface)
            },
            source: { ($0, $1) }
        )
    }

    @Test func surfaceDamageOfAScaledCopyReachesItsPixels() {
        let fixture = Fixture { $0.shmPolicy = .copy }
        let client = fixture.connect()
        let window = TestWindow(client)
        client.viewporter.getViewport(surface: window.surface).setDestination(width: 40, height: 40)
        let file = TestFile.memfd(400, allowSealing: false)
        TestFile.write(Array(repeating: 1, count: 100), to: file)
        let buffer = client.shm.createPool(fd: file, size: 400)
            .createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
        window.show(buffer)
        window.moveToCorner()
        fixture.nextFrame()
        TestFile.write([2], to: file, at: 9 * 40 + 9 * 4)
        window.surface.attach(buffer: buffer, x: 0, y: 0)
        window.surface.damage(x: 36, y: 36, width: 4, height: 4)
        window.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(37, 37) == 2 && fixture.pixel(35, 35) == 1)
    }

    @Test func windowsOfAnySizeAreSurvived() {
        let fixture = Fixture()
        let client = fixture.connect()
        let decorations = client.bind(ZxdgDecorationManagerV1.self)
        let pool = TestPool(client, size: 400)
        let color = pool.buffer(1, 1, color: 0xff)
        func add(to parent: WlSurface) -> WlSurface {
            let surface = client.compositor.createSurface()
            let subsurface = client.subcompositor.getSubsurface(surface: surface, parent: parent)
            subsurface.setPosition(x: .max, y: .max)
            subsurface.setDesync()
            client.viewporter.getViewport(surface: surface).setDestination(width: .max, height: .max)
            surface.attach(buffer: color, x: 0, y: 0)
            return surface
        }
        for _ in 0..<5 {
            let window = TestWindow(client)
            decorations.getToplevelDecoration(toplevel: window.toplevel)
            client.viewporter.getViewport(surface: window.surface).setDestination(width: .max, height: .max)
            let chain = sequence(state: window.surface) { parent -> WlSurface? in
                parent = add(to: parent)
                return parent
            }
            for surface in Array(chain.prefix(6)).reversed() { surface.commit() }
            window.show(color)
            client.roundTrip()
            fixture.nextFrame()
        }
        #expect(client.error == nil)
        #expect(fixture.pixel(0, 0) == 0x4c566a, "the bar")
    }

    /// What covers others is drawn, whatever its size: nothing else would be to be seen there.
    @Test(arguments: [(16_384, 100), (16_385, 100), (200_000, 100), (1, 20_000), (1, 1 << 30), (200_000, 20_000)])
    func imagesOfAnySizeAreDrawn(width: Int, destination: Int) {
        let expected: UInt32 = 0xff
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let viewport = client.viewporter.getViewport(surface: window.surface)
        viewport.setDestination(width: Int32(destination), height: Int32(destination / 10))
        window.show(TestPool(client, size: width * 8).buffer(width, 2, color: 0xff))
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(0, 0) == expected && fixture.pixel(99, 9) == expected && client.error == nil)
    }

    @Test(arguments: [
        ("source -1", "wp_viewport 0"), ("source 0x5", "wp_viewport 0"), ("destination 0", "wp_viewport 0"),
        ("destination -1 5", "wp_viewport 0"), ("fraction", "wp_viewport 1"), ("outside", "wp_viewport 2"),
        ("no surface", "wp_viewport 3"), ("twice", "wp_viewporter 0"), ("fraction with destination", nil),
        ("unset", nil),
    ])
    func nonsenseIsAProtocolError(what: String, error: String?) {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let viewport = client.viewporter.getViewport(surface: window.surface)
        let pool = TestPool(client, size: 400)
        func source(_ x: Double, _ y: Double, _ width: Double, _ height: Double) {
            viewport.setSource(x: Fixed(x), y: Fixed(y), width: Fixed(width), height: Fixed(height))
        }
        switch what {
        case "source -1": source(-1, 0, 1, 1)
        case "source 0x5": source(0, 0, 0, 5)
        case "destination 0": viewport.setDestination(width: 0, height: 1)
        case "destination -1 5": viewport.setDestination(width: -1, height: 5)
        case "fraction": source(0, 0, 2.5, 2)
        case "outside": source(5, 0, 6, 2)
        case "fraction with destination":
            source(0.5, 0, 2.5, 2)
            viewport.setDestination(width: 3, height: 3)
        case "unset":
            source(50, 50, 50, 50)
            source(-1, -1, -1, -1)
            viewport.setDestination(width: 3, height: 3)
            viewport.setDestination(width: -1, height: -1)
        case "twice": client.viewporter.getViewport(surface: window.surface)
        default:
            window.toplevel.destroy()
            window.shellSurface.destroy()
            window.surface.destroy()
            viewport.setDestination(width: 1, height: 1)
        }
        if what != "no surface" { window.show(pool.buffer(10, 10, color: 0)) }
        client.roundTrip()
        #expect(client.error == error)
    }
}
