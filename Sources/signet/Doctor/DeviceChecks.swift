import DirectRendering
import Glibc
import SharedMemory

/// Where dma-bufs could come from and go to. Software clients need none of it.
enum DeviceChecks {
    static func udmabuf(_ path: String = SystemMemory.udmabufPath) -> Finding {
        let name = "udmabuf"
        let unaffected = "memfds can't be made into dma-bufs; software clients are not affected"
        do throws(DeviceError) {
            _ = try makeFromMemfd(path)
            return Finding(name, "\(path) works", "memfds can be made into dma-bufs, without a GPU")
        } catch {
            return Finding(name, error.errno == .noEntry ? "no \(path)" : "\(path): \(said(error))", unaffected)
        }
    }

    static func heaps(in folder: String = "/dev/dma_heap") -> [Finding] {
        let heaps = SystemMemory.heaps(in: folder)
        if heaps.isEmpty {
            let meaning = "dma-bufs can't be had without a device; software clients are not affected"
            return [Finding("dma_heap", missing(folder), meaning)]
        }
        return heaps.map { heap in
            let name = "dma_heap \(heap.dropFirst(folder.count + 1))"
            do throws(DeviceError) {
                _ = try SystemMemory.allocate(4_096, from: heap)
                return Finding(name, "works", "dma-bufs can be had from it")
            } catch {
                return Finding(name, said(error), "no dma-bufs from it")
            }
        }
    }

    static func graphics(in folder: String = "/dev/dri") -> [Finding] {
        let nodes = DRMDevice.nodes(in: folder)
        if nodes.isEmpty {
            let meaning = "dma-bufs can't be imported through a device; software clients are not affected"
            return [Finding("DRM nodes", missing(folder), meaning)]
        }
        return nodes.map { node in
            let name = "DRM \(node.dropFirst(folder.count + 1))"
            do throws(DeviceError) {
                let device = try DRMDevice(path: node)
                return graphics(name, device.driver, device.capabilities, refusal: refusal(of: device))
            } catch {
                let hint = error.errno == .accessDenied ? "; membership in the file's group would help" : ""
                let state = error.request == "open" ? said(error) : "no DRM device"
                return Finding(name, state, "dma-bufs can't be imported through it" + hint)
            }
        }
    }

    /// The finding for what a device says of itself, and for what it said to a dma-buf of another's.
    static func graphics(
        _ name: String,
        _ driver: String,
        _ capabilities: DRMDevice.Capabilities,
        refusal: Errno? = nil
    ) -> Finding {
        let directions = (capabilities.primeImport ? ["import"] : []) + (capabilities.primeExport ? ["export"] : [])
        let prime = directions.isEmpty ? "no PRIME" : "PRIME " + directions.joined(separator: " and ")
        let state = "opens, \(driver), \(prime)" + (refusal.map { ", refuses others' buffers (\($0))" } ?? "")
        let meaning =
            switch (capabilities.primeImport, refusal, capabilities.primeExport) {
            case (true, nil, true): "dma-bufs can be imported through it, and come from it"
            case (true, nil, false): "dma-bufs can be imported through it"
            case (true, _, _): "its own dma-bufs can be imported through it; others are mapped for the CPU"
            case (false, _, true): "dma-bufs can come from it; they can't be imported through it"
            case (false, _, false): "it neither takes nor gives dma-bufs"
            }
        return Finding(name, state, meaning)
    }

    /// What a device that says it imports has against a dma-buf of ordinary memory; nil where it has nothing, or there
    /// is no such dma-buf to try.
    private static func refusal(of device: DRMDevice) -> Errno? {
        guard device.capabilities.primeImport, let buffer = foreignBuffer() else { return nil }
        do throws(DeviceError) {
            try device.tryImport(buffer)
            return nil
        } catch {
            return error.errno
        }
    }

    private static func foreignBuffer() -> DMABuffer? {
        if let buffer = try? makeFromMemfd(SystemMemory.udmabufPath) { return buffer }
        for heap in SystemMemory.heaps() {
            if let buffer = try? SystemMemory.allocate(4_096, from: heap) { return buffer }
        }
        return nil
    }

    static func video(in folder: String = "/dev") -> [Finding] {
        let nodes = VideoDevice.nodes(in: folder)
        if nodes.isEmpty {
            let meaning = "no camera or codec to share dma-bufs with; nothing needs one"
            return [Finding("V4L2 nodes", "no \(folder)/video*", meaning)]
        }
        return nodes.map { node in
            let name = "V4L2 \(node.dropFirst(folder.count + 1))"
            do throws(DeviceError) {
                let device = try VideoDevice(path: node)
                let queues = [("capture", VideoDevice.Direction.capture), ("output", .output)]
                    .filter { device.can($0.1) }
                    .map { $0.0 + (device.isMultiPlanar($0.1) ? " (multi-planar)" : "") }
                let meaning = queues.isEmpty ? "no pictures come or go" : "its clients may bring dma-bufs"
                return Finding(name, (["opens", device.card] + queues).joined(separator: ", "), meaning)
            } catch {
                let state = error.request == "open" ? said(error) : "no V4L2 device (\(error.errno))"
                return Finding(name, state, "no client can bring its dma-bufs")
            }
        }
    }

    private static func makeFromMemfd(_ path: String) throws(DeviceError) -> DMABuffer {
        // The kernel's page size, whatever that is here.
        let size = sysconf(CInt(_SC_PAGESIZE))
        let file: AnonymousFile
        do throws(SystemError) {
            file = try AnonymousFile.create(name: "signet-doctor", size: size)
        } catch {
            throw DeviceError(request: error.call, device: path, errno: error.errno)
        }
        return try SystemMemory.udmabuf(of: file.descriptor, range: 0..<size, device: path)
    }

    private static func missing(_ folder: String) -> String {
        unsafe access(folder, F_OK) == 0 ? "none in \(folder)" : "no \(folder)"
    }

    private static func said(_ error: DeviceError) -> String {
        error.request == "open" ? "can't be opened (\(error.errno))" : "\(error.request) fails (\(error.errno))"
    }
}
