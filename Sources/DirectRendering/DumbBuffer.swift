internal import CDRM
internal import Glibc
public import SharedMemory

/// Memory of a DRM device that the CPU draws into: rows of pixels, made for one size.
///
/// Source: drm-memory(7), "Dumb-Buffers".
public struct DumbBuffer: ~Copyable {
    /// Width in pixels.
    public let width: Int
    /// Height in pixels.
    public let height: Int
    /// Bytes from one row to the next, as the driver wants it.
    public let stride: Int
    /// Bytes altogether.
    public let size: Int
    /// The device's number for it.
    public let handle: UInt32
    /// Whose memory it is.
    public let device: DRMDevice

    /// Makes a buffer on `device`. EACCES on a render node; ENOSYS where the driver has none.
    public init(on device: DRMDevice, width: Int, height: Int, bitsPerPixel: Int = 32) throws(DeviceError) {
        guard let columns = UInt32(exactly: width), let rows = UInt32(exactly: height),
            let bits = UInt32(exactly: bitsPerPixel), columns > 0, rows > 0, bits > 0
        else {
            throw DeviceError(request: "DRM_IOCTL_MODE_CREATE_DUMB", device: device.path, errno: .invalidArgument)
        }
        var (handle, stride, size): (UInt32, UInt32, UInt64) = (0, 0, 0)
        try performNegative("DRM_IOCTL_MODE_CREATE_DUMB", on: device.path) {
            unsafe drmModeCreateDumbBuffer(device.descriptor.rawValue, columns, rows, bits, 0, &handle, &stride, &size)
        }
        self.device = device
        self.width = width
        self.height = height
        self.stride = Int(stride)
        self.size = Int(size)
        self.handle = handle
    }

    deinit {
        // Those who hold it as a dma-buf keep the memory.
        _ = drmModeDestroyDumbBuffer(device.descriptor.rawValue, handle)
    }

    /// The buffer as a dma-buf, which the CPU may read, and write too unless it is exported `forReading` only: it is
    /// drawn into through ``map()`` then. Source: drmPrimeHandleToFD, with DRM_CLOEXEC and DRM_RDWR.
    public borrowing func export(forReading: Bool = false) throws(DeviceError) -> DMABuffer {
        let (number, handle) = (device.descriptor.rawValue, handle)
        let flags = SIGNET_DRM_CLOEXEC | (forReading ? 0 : SIGNET_DRM_RDWR)
        var exported: CInt = -1
        _ = try perform("DRM_IOCTL_PRIME_HANDLE_TO_FD", on: device.path) {
            unsafe drmPrimeHandleToFD(number, handle, flags, &exported)
        }
        return try DMABuffer(owning: Descriptor(owning: exported))
    }

    /// The pixels, through the device's own mapping. Source: drmModeMapDumbBuffer, drm-memory(7).
    public borrowing func map() throws(DeviceError) -> WritableMapping {
        let (number, handle) = (device.descriptor.rawValue, handle)
        var offset: UInt64 = 0
        try performNegative("DRM_IOCTL_MODE_MAP_DUMB", on: device.path) {
            unsafe drmModeMapDumbBuffer(number, handle, &offset)
        }
        do throws(SystemError) {
            return try WritableMapping(device.descriptor, length: size, at: Int64(offset))
        } catch {
            throw DeviceError(request: error.call, device: device.path, errno: error.errno)
        }
    }
}
