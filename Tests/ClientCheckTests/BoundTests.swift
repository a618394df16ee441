import Pixels
import SharedMemory
import TestSupport
import Testing

@testable import ClientCheck

/// What a client can make the judge keep.
struct BoundTests {
    @Test func `damage in any number of pieces is a few`() throws {
        let recording = try Recording(DamageJudgement.self)
        recording.makeSurface()
        for index in 0..<3_000 {
            let place = Int32(index * 2)
            recording.request(6, "damage_buffer", .int(place), .int(0), .int(1), .int(.max))
            recording.request(6, "damage", .int(0), .int(place), .int(.max), .int(1))
        }
        let pending = try #require(recording.model.surfaces[6]).pending
        #expect(pending.bufferDamage.rectangleCount <= 256 && pending.surfaceDamage.rectangleCount <= 256)
        #expect(pending.bufferDamage.bounds.width == 5_999)
    }

    @Test func `a region in any number of pieces is a few, and no larger`() throws {
        let recording = try Recording(OpaqueJudgement.self)
        recording.makeSurface()
        recording.request(3, "create_region", .newObject(20))
        for index in 0..<2_000 {
            recording.request(20, "add", .int(Int32(index * 2)), .int(Int32(index * 2)), .int(1), .int(1))
        }
        let region = try #require(recording.model.regions[20])
        #expect((1...256).contains(region.rectangleCount) && region.area <= 2_000)
    }

    @Test func `pictures take no more memory than there is for all`() throws {
        let file = try AnonymousFile.create(name: "pictures", size: 65_536)
        let layout = PixelLayout(shmFormat: 1)!
        func read() -> Picture? {
            let limit = 500_000
            return Picture.read(
                file.descriptor,
                at: 0,
                width: 128,
                height: 128,
                stride: 512,
                layout: layout,
                totalLimit: limit
            )
        }
        var pictures = (0..<12).compactMap { _ in read() }
        #expect((1...7).contains(pictures.count) && read() == nil)
        pictures = []
        #expect(read() != nil)
    }
}
