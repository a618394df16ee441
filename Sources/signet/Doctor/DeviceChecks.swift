import CLinux
import Glibc
import SharedMemory

/// Where dma-bufs could come from and go to. Software clients need none of it.
enum DeviceChecks {
    static func udmabuf(_ path: String = "/dev/udmabuf") -> Finding {
        let name = "udmabuf"
        let unaffected = "memfds can't be made into dma-bufs; software clients are not affected"
        do throws(SystemError) {
            _ = try openDevice(path)
            return Finding(name, "\(path) opens", "memfds can be made into dma-bufs, without a GPU")
        } catch {
            return Finding(name, error.errno == .noEntry ? "no \(path)" : "\(path): \(error.errno)", unaffected)
        }
    }

    static func heaps(in folder: String = "/dev/dma_heap") -> [Finding] {
        let names = fileNames(in: folder)
        if names.isEmpty {
            let meaning = "dma-bufs can't be had without a device; software clients are not affected"
            return [Finding("dma_heap", missing(folder), meaning)]
        }
        return names.map { heap in
            let name = "dma_heap \(heap)"
            do throws(SystemError) {
                _ = try openDevice("\(folder)/\(heap)")
                return Finding(name, "opens", "dma-bufs can be had from it")
            } catch {
                return Finding(name, "can't be opened (\(error.errno))", "no dma-bufs from it")
            }
        }
    }

    static func graphics(in folder: String = "/dev/dri") -> [Finding] {
        let names = fileNames(in: folder).filter { $0.hasPrefix("card") || $0.hasPrefix("renderD") }
        if names.isEmpty {
            let meaning = "dma-bufs can't be imported through a device; software clients are not affected"
            return [Finding("DRM nodes", missing(folder), meaning)]
        }
        return names.map { node in
            let name = "DRM \(node)"
            do throws(SystemError) {
                let descriptor = try openDevice("\(folder)/\(node)")
                guard let device = DRMDevice(descriptor) else {
                    return Finding(name, "no DRM device", "dma-bufs can't be imported through it")
                }
                return Finding(name, device.description, device.meaning)
            } catch {
                let hint = error.errno == .accessDenied ? "; membership in the file's group would help" : ""
                return Finding(name, unopened(error), "dma-bufs can't be imported through it" + hint)
            }
        }
    }

    static func video(in folder: String = "/dev") -> [Finding] {
        let names = fileNames(in: folder).filter { $0.hasPrefix("video") && $0.dropFirst(5).allSatisfy(\.isNumber) }
        if names.isEmpty {
            return [
                Finding(
                    "V4L2 nodes",
                    "no \(folder)/video*",
                    "no camera or codec to share dma-bufs with; nothing needs one"
                )
            ]
        }
        return names.map { node in
            let name = "V4L2 \(node)"
            do throws(SystemError) {
                let descriptor = try openDevice("\(folder)/\(node)")
                var capability = v4l2_capability()
                try checked("ioctl", unsafe signet_v4l2_query(descriptor.rawValue, &capability))
                let card = unsafe withUnsafeBytes(of: capability.card) { bytes in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                return Finding(name, "opens, \(card)", "its clients may bring dma-bufs")
            } catch {
                let state = error.call == "open" ? unopened(error) : "no V4L2 device (\(error.errno))"
                return Finding(name, state, "no client can bring its dma-bufs")
            }
        }
    }

    private static func missing(_ folder: String) -> String {
        unsafe access(folder, F_OK) == 0 ? "none in \(folder)" : "no \(folder)"
    }

    private static func unopened(_ error: SystemError) -> String { "can't be opened (\(error.errno))" }

    private static func openDevice(_ path: String) throws(SystemError) -> Descriptor {
        Descriptor(owning: try checked("open", unsafe open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)))
    }
}

/// What is in a folder, sorted and without hidden files; nothing where it isn't there.
func fileNames(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}
