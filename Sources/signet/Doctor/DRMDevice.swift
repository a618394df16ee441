import CDRM
import SharedMemory

/// What a DRM device says about itself.
struct DRMDevice {
    let driver: String
    let canImport: Bool
    let canExport: Bool

    init(driver: String, canImport: Bool, canExport: Bool) {
        self.driver = driver
        self.canImport = canImport
        self.canExport = canExport
    }

    /// Asks the device; nil where it is none.
    init?(_ descriptor: borrowing Descriptor) {
        guard let version = unsafe drmGetVersion(descriptor.rawValue) else { return nil }
        defer { unsafe drmFreeVersion(version) }
        var prime: UInt64 = 0
        // A kernel that doesn't know the question can't do either.
        if unsafe drmGetCap(descriptor.rawValue, UInt64(DRM_CAP_PRIME), &prime) != 0 { prime = 0 }
        self.init(
            driver: unsafe version.pointee.name.map { unsafe String(cString: $0) } ?? "a driver without a name",
            canImport: prime & UInt64(DRM_PRIME_CAP_IMPORT) != 0,
            canExport: prime & UInt64(DRM_PRIME_CAP_EXPORT) != 0
        )
    }

    /// As in `opens, amdgpu, PRIME import and export`.
    var description: String {
        let capabilities = (canImport ? ["import"] : []) + (canExport ? ["export"] : [])
        return "opens, \(driver), "
            + (capabilities.isEmpty ? "no PRIME" : "PRIME " + capabilities.joined(separator: " and "))
    }

    var meaning: String {
        switch (canImport, canExport) {
        case (true, true): "dma-bufs can be imported through it, and come from it"
        case (true, false): "dma-bufs can be imported through it"
        case (false, true): "dma-bufs can come from it; they can't be imported through it"
        case (false, false): "it neither takes nor gives dma-bufs"
        }
    }
}
