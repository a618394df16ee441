import ClientToolkit
import DirectRendering

/// The first device that captures in a format that the compositor shows too; ends the process where there is none.
func findCamera(for sample: Sample, shown: Set<UInt32>) -> (VideoDevice, PictureFormat) {
    let nodes = sample["--device"].map { [$0] } ?? VideoDevice.nodes()
    if nodes.isEmpty { sample.fail("there is no /dev/video* here; the kernel's module vivid makes virtual cameras") }
    var reasons: [String] = []
    for node in nodes {
        do {
            let device = try VideoDevice(path: node)
            let offered = try device.queue(.capture).pixelFormats()
            let usable = PictureFormat.all.filter { offered.contains($0.pixelFormat) && shown.contains($0.fourcc) }
            let wanted = usable.first { sample["--format"] == nil || sample["--format"] == $0.name }
            if let format = wanted {
                sample.say("\(node) (\(device.card)) captures \(format.name), which the compositor shows")
                return (device, format)
            }
            reasons.append("\(node) (\(device.card)) offers \(usable.map(\.name).joined(separator: ", "))")
        } catch {
            reasons.append("\(error)")
        }
    }
    sample.fail("no device captures \(sample["--format"] ?? "in a known format"): \(reasons.joined(separator: "; "))")
}

/// A graphics device to capture into; ends the process where there is none.
func findGraphics(for sample: Sample) -> DRMDevice {
    var reasons: [String] = []
    for node in sample["--graphics"].map({ [$0] }) ?? DRMDevice.nodes() {
        do {
            let device = try DRMDevice(path: node)
            _ = try DumbBuffer(on: device, width: 16, height: 16).export()
            sample.say("capturing into memory of \(node) (\(device.driver)), which makes dumb buffers and exports them")
            return device
        } catch {
            reasons.append("\(error)")
        }
    }
    sample.fail("there is no graphics device to capture into\(reasons.map { "; \($0)" }.joined())")
}
