@testable import Compositor
import DirectRendering
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// zwp_linux_dmabuf_v1: what is wrong with what a client says of its dma-bufs, and what becomes of it. No device is
/// needed for these, as numbers are looked at before descriptors are.
@Suite(.serialized) struct DmabufParamsTests {
    let fixture = Fixture()
    let client: TestClient
    let dmabuf: ZwpLinuxDmabufV1
    private static let xrgb8888 = PixelFormat.xrgb8888.fourcc

    init() {
        client = fixture.connect()
        dmabuf = client.bind(ZwpLinuxDmabufV1.self)
    }

    private func add(
        _ params: ZwpLinuxBufferParamsV1,
        plane: UInt32 = 0,
        offset: UInt32 = 0,
        stride: UInt32 = 40,
        modifier: UInt64 = 0
    ) {
        params.add(
            fd: TestFile.memfd(4_096, seals: .shrink),
            planeIdx: plane,
            offset: offset,
            stride: stride,
            modifierHi: UInt32(modifier >> 32),
            modifierLo: UInt32(truncatingIfNeeded: modifier)
        )
    }

    @Test func everyFormatIsAnnouncedWithBothModifiers() {
        var pairs: [(UInt32, UInt64)] = []
        _ = client.bind(ZwpLinuxDmabufV1.self) {
            $0.onModifier = { pairs.append(($0, UInt64($1) << 32 | UInt64($2))) }
        }
        client.roundTrip()
        #expect(dmabuf.version == 3, "no device, no feedback")
        #expect(pairs.count == BufferFormat.all.count * 2)
        #expect(pairs.contains { $0 == (Self.xrgb8888, 0) } && pairs.contains { $0.1 == 0x00ff_ffff_ffff_ffff })
        var formats: Set<UInt32> = []
        _ = client.bind(ZwpLinuxDmabufV1.self, version: 1) { $0.onFormat = { formats.insert($0) } }
        client.roundTrip()
        #expect(formats == Set(BufferFormat.all.map(\.fourcc)))
    }

    @Test(arguments: [
        ("plane 4", 1), ("plane twice", 2), ("no plane", 3), ("a gap", 3), ("too many", 3), ("format", 4),
        ("different modifiers", 4), ("width 0", 5), ("height -1", 5), ("stride 39", 6), ("create twice", 0),
        ("add after create", 0), ("not a dma-buf", 7), ("flags", 7), ("modifier", 7),
    ])
    func whatIsWrongHasItsOwnError(what: String, code: Int) {
        let before = openDescriptorCount()
        let other = fixture.connect()
        let params = dmabuf.createParams()
        var (width, height, format) = (Int32(10), Int32(10), Self.xrgb8888)
        var flags: ZwpLinuxBufferParamsV1.Flags = []
        switch what {
        case "plane 4": add(params, plane: 4)
        case "plane twice": for _ in 0..<2 { add(params) }
        case "no plane": break
        case "a gap": add(params, plane: 1)
        case "too many": for plane in 0..<2 { add(params, plane: UInt32(plane)) }
        case "different modifiers":
            format = 0x3231_564e  // NV12
            add(params)
            add(params, plane: 1, modifier: 0x00ff_ffff_ffff_ffff)
        case "stride 39": add(params, stride: 39)
        case "modifier": add(params, modifier: 0x0100_0000_0000_0001)
        default: add(params)
        }
        switch what {
        case "format": format = 0x2020_2020
        case "width 0": width = 0
        case "height -1": height = -1
        case "flags": flags = .yInvert
        case "create twice", "add after create":
            params.create(width: width, height: height, format: format, flags: flags)
            if what.hasPrefix("add") { add(params, plane: 1) }
        default: break
        }
        params.createImmed(width: width, height: height, format: format, flags: flags)
        client.roundTrip()
        #expect(client.error == "zwp_linux_buffer_params_v1 \(code)", "\(what)")
        other.roundTrip()
        #expect(other.error == nil)
        fixture.disconnect(client)
        fixture.disconnect(other)
        // The client of this test's own fixture is gone too.
        #expect(openDescriptorCount() <= before)
    }

    @Test(arguments: ["not a dma-buf", "flags", "modifier"])
    func whatAClientCouldntKnowFails(what: String) {
        let before = openDescriptorCount()
        let params = dmabuf.createParams()
        var (failures, created) = (0, 0)
        params.onFailed = { failures += 1 }
        params.onCreated = { _ in created += 1 }
        add(params, modifier: what == "modifier" ? 0x0100_0000_0000_0001 : 0)
        params.create(width: 10, height: 10, format: Self.xrgb8888, flags: what == "flags" ? .interlaced : [])
        client.roundTrip()
        #expect(failures == 1 && created == 0 && client.error == nil)
        #expect(openDescriptorCount() == before, "the descriptors are closed")
        params.destroy()
        client.roundTrip()
        #expect(client.error == nil)
    }

    @Test func whatIsNoDmabufIsNotKept() {
        let before = openDescriptorCount()
        let params = dmabuf.createParams()
        for plane in 0..<4 { add(params, plane: UInt32(plane)) }
        client.roundTrip()
        #expect(openDescriptorCount() == before)
        params.destroy()
        client.roundTrip()
        #expect(openDescriptorCount() == before)
    }

    @Test func descriptorsAreCharged() {
        let fixture = Fixture { $0.limits.descriptors = 3 }
        let client = fixture.connect()
        let dmabuf = client.bind(ZwpLinuxDmabufV1.self)
        let params = dmabuf.createParams()
        for plane in 0..<4 { add(params, plane: UInt32(plane)) }
        client.roundTrip()
        #expect(client.error == "wl_display 2")
    }

    @Test func theLargestNumbersAreOutOfBounds() {
        let params = dmabuf.createParams()
        add(params, offset: .max, stride: .max)
        params.createImmed(width: .max, height: .max, format: PixelFormat.rgb565.fourcc, flags: [])
        client.roundTrip()
        // The descriptor is looked at before it is asked how large it is.
        #expect(client.error == "zwp_linux_buffer_params_v1 7")
    }
}
