public import DirectRendering
internal import SharedMemory
public import Testing

/// Devices of the machine that the tests run on. `Tests/devices.sh` runs them on one that has them all.
public enum TestDevices {
    /// The device at the first node that `driver` has.
    public static func graphics(_ driver: String) -> DRMDevice? {
        // Dumb buffers aren't for render nodes.
        DRMDevice.nodes().filter { $0.contains("/card") }.lazy.compactMap { try? DRMDevice(path: $0) }
            .first { $0.driver == driver }
    }

    /// The first device that captures in the way that is asked for.
    public static func camera(isMultiPlanar: Bool) -> VideoDevice? {
        VideoDevice.nodes().lazy.compactMap { try? VideoDevice(path: $0) }
            .first { $0.can(.capture) && !$0.can(.output) && $0.isMultiPlanar(.capture) == isMultiPlanar }
    }

    /// The first device that shows pictures.
    public static var display: VideoDevice? {
        VideoDevice.nodes().lazy.compactMap { try? VideoDevice(path: $0) }
            .first { $0.can(.output) && !$0.can(.capture) }
    }

    /// The first device that turns pictures into others: vim2m.
    public static var converter: VideoDevice? {
        VideoDevice.nodes().lazy.compactMap { try? VideoDevice(path: $0) }.first { $0.driver == "vim2m" }
    }

    /// Whether that takes frames as outputs have them, as Tests/vm/modules builds it.
    public static var convertsFrames: Bool {
        (try? converter?.queue(.output).pixelFormats().contains(FourCC.code("XR24")!)) == true
    }

    /// The first device that codes pictures: one of vicodec's.
    public static var encoder: VideoDevice? {
        VideoDevice.nodes().lazy.compactMap { try? VideoDevice(path: $0) }.first { device in
            guard device.isMemoryToMemory, let queue = try? device.queue(.capture) else { return false }
            return queue.pixelFormats().contains(FourCC.code("FWHT")!)
        }
    }

    /// Whether memfds can be made into dma-bufs.
    public static var hasUdmabuf: Bool {
        let file = TestFile.memfd(4_096, seals: .shrink)
        return (try? SystemMemory.udmabuf(of: file, range: 0..<4_096)) != nil
    }
}

extension Trait where Self == ConditionTrait {
    /// For tests of real devices: skipped with a word about where there are some.
    public static func needs(_ what: String, _ condition: @autoclosure @escaping @Sendable () -> Bool) -> Self {
        .enabled(
            if: condition(),
            "skipped, because there is no \(what) here; Tests/devices.sh brings a kernel that has one"
        )
    }
}
