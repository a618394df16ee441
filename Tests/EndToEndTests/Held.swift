import Foundation

/// What a process has from the kernel.
struct Held: CustomStringConvertible {
    let descriptors: Int
    let threads: Int
    let mappings: Int
    let residentBytes: Int

    init(_ process: Int32) {
        let folder = "/proc/\(process)"
        func count(_ name: String) -> Int {
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")) ?? []).count
        }
        func text(_ name: String) -> String {
            (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? ""
        }
        descriptors = count("fd")
        threads = count("task")
        mappings = text("maps").split(separator: "\n").count
        residentBytes = (Int(text("statm").split(separator: " ").dropFirst().first ?? "") ?? 0) * 4_096
    }

    var description: String {
        "\(descriptors) descriptors, \(threads) threads, \(mappings) mappings, \(residentBytes >> 10) KiB"
    }

    /// The allocator and the C library keep some memory, and stacks of threads that have ended.
    func isNoMore(than other: Held) -> Bool {
        descriptors <= other.descriptors && threads <= other.threads + 1 && mappings <= other.mappings + 64
            && (Program.isSanitized || residentBytes <= other.residentBytes + 48 << 20)
    }
}
