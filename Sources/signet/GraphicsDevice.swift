import DirectRendering
import Logging

/// The DRM device that clients' dma-bufs are for, as `--drm-device` names it.
enum GraphicsDevice {
    /// The node at `choice`; none for `none`; and the first that imports where nothing was chosen.
    static func open(_ choice: String?, log: Logger) throws -> DRMDevice? {
        if choice == "none" { return nil }
        if let choice {
            do throws(DeviceError) {
                return try DRMDevice(path: choice)
            } catch {
                throw Failure("--drm-device \(error); 'signet doctor' lists what there is, and 'none' does without")
            }
        }
        for path in DRMDevice.nodes() {
            guard let device = try? DRMDevice(path: path), device.capabilities.primeImport else { continue }
            log.info("dma-bufs are imported into \(path) (\(device.driver))")
            return device
        }
        return nil
    }
}
