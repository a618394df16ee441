public import SharedMemory

/// A request to a device, or about a dma-buf, that failed.
public struct DeviceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The request, as the kernel's headers or libdrm name it.
    public let request: String
    /// What it was made to: a path, or `a dma-buf`.
    public let device: String
    /// What the kernel said.
    public let errno: Errno

    /// `request` to `device` failed with `errno`.
    public init(request: String, device: String, errno: Errno) {
        self.request = request
        self.device = device
        self.errno = errno
    }

    /// As in `/dev/dri/card0: DRM_IOCTL_MODE_CREATE_DUMB: Permission denied`.
    public var description: String { "\(device): \(request): \(errno)" }
}

/// Runs a request that returns -1 and sets errno where it fails; EINTR repeats it.
func perform<Result: SignedInteger>(
    _ request: String,
    on device: String,
    _ call: () -> Result
) throws(DeviceError) -> Result {
    do throws(SystemError) {
        return try SystemCall.run(request, call)
    } catch {
        throw DeviceError(request: request, device: device, errno: error.errno)
    }
}

/// Runs a function of libdrm's that returns a negative error number where it fails.
func performNegative(_ request: String, on device: String, _ call: () -> CInt) throws(DeviceError) {
    let result = call()
    if result < 0 { throw DeviceError(request: request, device: device, errno: Errno(rawValue: -result)) }
}
