internal import CDRM
internal import CLinux
internal import Glibc
public import SharedMemory

/// A device of the Direct Rendering Manager: a graphics card, or a driver that does as if.
public final class DRMDevice: Sendable {
    /// What a device says it can do. Not every driver tells: vgem makes dumb buffers and denies it.
    public struct Capabilities: Hashable, Sendable {
        /// Has memory that the CPU draws into.
        public var dumbBuffers: Bool
        /// Takes dma-bufs; whose, the driver decides.
        public var primeImport: Bool
        /// Gives its buffers as dma-bufs.
        public var primeExport: Bool

        /// Capabilities as given.
        public init(dumbBuffers: Bool, primeImport: Bool, primeExport: Bool) {
            self.dumbBuffers = dumbBuffers
            self.primeImport = primeImport
            self.primeExport = primeExport
        }
    }

    /// The node it was opened at.
    public let path: String
    /// The driver's name, as in `amdgpu`.
    public let driver: String
    /// What it says it can do.
    public let capabilities: Capabilities
    /// Whether dumb buffers are slow for the CPU to read, so that it had better draw elsewhere.
    ///
    /// Source: DRM_CAP_DUMB_PREFER_SHADOW.
    public let prefersShadow: Bool
    /// The node's number, stat(2)'s st_rdev.
    public let number: UInt64
    /// The open node.
    public let descriptor: Descriptor

    /// Nodes for rendering, then those that also have screens: `/dev/dri/renderD128`, `/dev/dri/card0` and so on.
    public static func nodes(in folder: String = "/dev/dri") -> [String] {
        deviceNodes(in: folder, prefixes: ["renderD", "card"])
    }

    /// Opens the node at `path`. ENODEV where there is something else.
    public init(path: String) throws(DeviceError) {
        let descriptor = try openDevice(path)
        guard let version = unsafe drmGetVersion(descriptor.rawValue) else {
            throw DeviceError(request: "DRM_IOCTL_VERSION", device: path, errno: Errno(rawValue: ENODEV))
        }
        driver = unsafe version.pointee.name.map { unsafe String(cString: $0) } ?? "unnamed"
        unsafe drmFreeVersion(version)
        let prime = Self.capability(DRM_CAP_PRIME, of: descriptor)
        capabilities = Capabilities(
            dumbBuffers: Self.capability(DRM_CAP_DUMB_BUFFER, of: descriptor) != 0,
            primeImport: prime & UInt64(DRM_PRIME_CAP_IMPORT) != 0,
            primeExport: prime & UInt64(DRM_PRIME_CAP_EXPORT) != 0
        )
        prefersShadow = Self.capability(DRM_CAP_DUMB_PREFER_SHADOW, of: descriptor) != 0
        var status = stat()
        _ = try perform("fstat", on: path) { unsafe fstat(descriptor.rawValue, &status) }
        number = UInt64(status.st_rdev)
        self.path = path
        self.descriptor = descriptor
    }

    /// 0 where the driver doesn't know the question.
    private static func capability(_ capability: CInt, of descriptor: borrowing Descriptor) -> UInt64 {
        var value: UInt64 = 0
        return unsafe drmGetCap(descriptor.rawValue, UInt64(capability), &value) == 0 ? value : 0
    }

    /// Looks whether the driver takes a dma-buf, and gives it back.
    ///
    /// Drivers may refuse what others made: ENODEV from virtio_gpu before Linux 6.14. Source: drmPrimeFDToHandle.
    public func tryImport(_ buffer: borrowing DMABuffer) throws(DeviceError) {
        let (device, number) = (descriptor.rawValue, buffer.descriptor.rawValue)
        var handle: UInt32 = 0
        _ = try perform("DRM_IOCTL_PRIME_FD_TO_HANDLE", on: path) {
            unsafe drmPrimeFDToHandle(device, number, &handle)
        }
        drmCloseBufferHandle(device, handle)
    }
}
