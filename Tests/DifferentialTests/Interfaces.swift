import CWaylandUtil
import Glibc
import ProtocolRecorders

/// The interfaces of all protocols, as Swift and as libwayland has them.
enum Interfaces {
    /// Without those that the servers have of themselves.
    static let all: [RecordedInterface] = [
        waylandRecorded, xdgShellRecorded, sealedFrameV1Recorded, viewporterRecorded, presentationTimeRecorded,
        singlePixelBufferV1Recorded, fractionalScaleV1Recorded, contentTypeV1Recorded, tearingControlV1Recorded,
        xdgActivationV1Recorded, xdgOutputUnstableV1Recorded, xdgDecorationUnstableV1Recorded,
        idleInhibitUnstableV1Recorded, linuxDmabufUnstableV1Recorded, testV1Recorded,
    ].flatMap { $0 }

    static func index(of name: String) -> Int? { all.firstIndex { $0.name == name } }

    /// `wl_interface` structures, in the same order; they are made once and never freed.
    nonisolated(unsafe) static let pointers: [UnsafeRawPointer?] = {
        let base = UnsafeMutablePointer<wl_interface>.allocate(capacity: all.count)
        func layOut(_ messages: [RecordedInterface.Message]) -> UnsafePointer<wl_message> {
            let result = UnsafeMutablePointer<wl_message>.allocate(capacity: max(1, messages.count))
            for (index, message) in messages.enumerated() {
                let types = UnsafeMutablePointer<UnsafePointer<wl_interface>?>.allocate(capacity: 20)
                unsafe types.initialize(repeating: nil, count: 20)
                for (argument, type) in message.types.enumerated() {
                    if let type, let index = Self.index(of: type) {
                        unsafe types[argument] = UnsafePointer(base + index)
                    }
                }
                unsafe (result + index).initialize(
                    to: wl_message(name: strdup(message.name), signature: strdup(message.signature), types: types)
                )
            }
            return unsafe UnsafePointer(result)
        }
        for (index, interface) in all.enumerated() {
            unsafe (base + index).initialize(
                to: wl_interface(
                    name: strdup(interface.name),
                    version: Int32(interface.version),
                    method_count: Int32(interface.requests.count),
                    methods: layOut(interface.requests),
                    event_count: Int32(interface.events.count),
                    events: layOut(interface.events)
                )
            )
        }
        return unsafe all.indices.map { unsafe UnsafeRawPointer(base + $0) }
    }()

    /// A bit for each request that ends its object.
    static let destructors: [UInt64] = all.map { interface in
        interface.requests.enumerated().reduce(0) { $0 | ($1.element.isDestructor ? 1 << UInt64($1.offset) : 0) }
    }
}
