internal import CLinux
internal import Glibc
public import SharedMemory

/// A V4L2 device: a camera, a codec, or a driver that does as if.
///
/// Source: the kernel's userspace-api/media/v4l.
public final class VideoDevice {
    /// Which way pictures go.
    public enum Direction: Sendable {
        /// From the device to memory.
        case capture
        /// From memory to the device.
        case output
    }

    /// The node it was opened at.
    public let path: String
    /// What the device calls itself.
    public let card: String
    /// The driver's name, as in `vivid`.
    public let driver: String
    /// The open node, not blocking: readable when a captured picture waits, writable when an output buffer is free.
    public let descriptor: Descriptor
    private let bits: UInt32

    /// Nodes: `/dev/video0` and so on.
    public static func nodes(in folder: String = "/dev") -> [String] { deviceNodes(in: folder, prefixes: ["video"]) }

    /// Opens the node at `path`. ENOTTY where there is something else.
    public init(path: String) throws(DeviceError) {
        let descriptor = try openDevice(path, nonBlocking: true)
        var capability = v4l2_capability()
        _ = try perform("VIDIOC_QUERYCAP", on: path) { unsafe signet_v4l2_query(descriptor.rawValue, &capability) }
        // What the node can do, where that is told apart from what the whole device can.
        let hasOwn = capability.capabilities & UInt32(V4L2_CAP_DEVICE_CAPS) != 0
        bits = hasOwn ? capability.device_caps : capability.capabilities
        card = unsafe withUnsafeBytes(of: capability.card) { unsafe text($0) }
        driver = unsafe withUnsafeBytes(of: capability.driver) { unsafe text($0) }
        self.path = path
        self.descriptor = descriptor
    }

    /// Whether pictures can go this way.
    public func can(_ direction: Direction) -> Bool { isSinglePlanar(direction) || isMultiPlanar(direction) }

    /// Whether it turns pictures in memory into others: a converter, an encoder or a decoder.
    public var isMemoryToMemory: Bool { has(V4L2_CAP_VIDEO_M2M) || has(V4L2_CAP_VIDEO_M2M_MPLANE) }
    private func has(_ bit: CInt) -> Bool { bits & UInt32(bit) != 0 }

    private func isSinglePlanar(_ direction: Direction) -> Bool {
        switch direction {
        case .capture: has(V4L2_CAP_VIDEO_CAPTURE) || has(V4L2_CAP_VIDEO_M2M)
        case .output: has(V4L2_CAP_VIDEO_OUTPUT) || has(V4L2_CAP_VIDEO_M2M)
        }
    }

    /// Whether buffers have a dma-buf for each plane of their format, under V4L2's multi-planar interface.
    public func isMultiPlanar(_ direction: Direction) -> Bool {
        switch direction {
        case .capture: has(V4L2_CAP_VIDEO_CAPTURE_MPLANE) || has(V4L2_CAP_VIDEO_M2M_MPLANE)
        case .output: has(V4L2_CAP_VIDEO_OUTPUT_MPLANE) || has(V4L2_CAP_VIDEO_M2M_MPLANE)
        }
    }

    /// Sets one of the device's controls, as `v4l2-ctl --list-ctrls` names them. EINVAL where there is none of that
    /// number, ERANGE for a value that isn't in its range. Source: VIDIOC_S_CTRL.
    public func setControl(_ number: UInt32, to value: Int32) throws(DeviceError) {
        var control = v4l2_control(id: number, value: value)
        let device = descriptor.rawValue
        _ = try perform("VIDIOC_S_CTRL", on: path) { unsafe signet_v4l2_set_control(device, &control) }
    }

    /// The device's buffers for pictures that go one way. EINVAL where none go there.
    public func queue(_ direction: Direction) throws(DeviceError) -> VideoQueue {
        guard can(direction) else {
            throw DeviceError(request: "VIDIOC_QUERYCAP", device: path, errno: .invalidArgument)
        }
        return VideoQueue(device: self, direction: direction, isMultiPlanar: isMultiPlanar(direction))
    }
}

private func text(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
