internal import CLinux
internal import Glibc
internal import SharedMemory

extension Group {
    /// zwp_linux_dmabuf_v1: what is no dma-buf, and what can't be a buffer. With /dev/udmabuf also what is one.
    package static let dmabuf = Group(
        "dmabuf",
        [
            params("unused", "zwp_linux_buffer_params_v1.destroy without a buffer", .served) { client, params in
                client.destroy(params)
            },
            params("no-planes", "create: incomplete", .error(.dmabufIncomplete)) { $0.create($1) },
            params("no-planes-immediately", "create_immed: incomplete", .error(.dmabufIncomplete)) {
                $0.createImmediately($1)
            },
            params("used-twice", "create: already_used", .error(.dmabufUsed), .error(.dmabufIncomplete)) {
                client,
                params in
                try client.add(params, memory())
                client.create(params)
                client.create(params)
            },
            params("added-after-use", "add: already_used", .error(.dmabufUsed), .error(.any)) { client, params in
                try client.add(params, memory())
                client.create(params)
                try client.add(params, memory(), index: 1)
            },
            params("index-out-of-range", "add: plane_idx", .error(.dmabufIndex)) { try $0.add($1, memory(), index: 4) },
            params("index-largest", "add: plane_idx", .error(.dmabufIndex)) { try $0.add($1, memory(), index: .max) },
            params("plane-twice", "add: plane_set", .error(.dmabufSet)) { client, params in
                try client.add(params, memory())
                try client.add(params, memory())
            },
            params("gap", "create: a second plane without a first, incomplete", .error(.dmabufIncomplete)) {
                client,
                params in
                try client.add(params, memory(), index: 1)
                client.create(params)
            },
            params("width-zero", "create: invalid_dimensions", .error(.dmabufDimensions)) { client, params in
                try client.add(params, memory())
                client.create(params, width: 0)
            },
            params("height-negative", "create: invalid_dimensions", .error(.dmabufDimensions)) { client, params in
                try client.add(params, memory())
                client.create(params, height: -1)
            },
            imported("stride-zero", "add: a stride of nothing") { try $0.add($1, memory(), stride: 0) },
            imported("offset-and-stride-wrap", "create: out_of_bounds") {
                try $0.add($1, memory(), offset: .max - 63, stride: .max)
            },
            imported("modifier-unknown", "add: a modifier that was never announced") {
                try $0.add($1, memory(), modifier: 0x00ab_cdef_0123_4567)
            },
            imported("memory", "create: a memfd is no dma-buf") { try $0.add($1, memory()) },
            imported("pipe", "create: a pipe is no dma-buf") { client, params in
                var ends: [CInt] = [-1, -1]
                _ = try SystemCall.run("pipe") { unsafe pipe(&ends) }
                _ = Descriptor(owning: ends[1])
                try client.add(params, Descriptor(owning: ends[0]))
            },
            imported("dev-null", "create: a device is no dma-buf") {
                let number = try SystemCall.run("open") { unsafe open("/dev/null", O_RDWR | O_CLOEXEC) }
                try $0.add($1, Descriptor(owning: number))
            },
            imported("format-unknown", "create: invalid_format or failed", format: 0x1234_5678) {
                try $0.add($1, memory())
            },
            Case("immediately", "create_immed: invalid_wl_buffer, or a buffer that isn't shown") { trial in
                let client = try trial.client()
                let params = try client.makeParams()
                try client.add(params, memory())
                let window = try Window(client)
                try window.configure()
                client.show(window.surface, client.createImmediately(params))
                return try trial.expect(.served, .error(.dmabufBuffer), .error(.any))
            },
            imported("udmabuf", "create: a dma-buf of ordinary memory, with /dev/udmabuf: may be refused") {
                try $0.add($1, udmabuf())
            },
            imported("udmabuf-too-small", "create: out_of_bounds or failed, with /dev/udmabuf", height: 4_096) {
                try $0.add($1, udmabuf())
            },
            Case("feedback", "zwp_linux_dmabuf_feedback_v1: a table of formats that can be mapped") { trial in
                let client = try trial.client()
                let dmabuf = try client.bind("zwp_linux_dmabuf_v1", version: 4, atLeast: 4)
                let feedback = client.newObject("zwp_linux_dmabuf_feedback_v1")
                client.send(dmabuf, 2, [feedback])
                try trial.mustBeServed("get_default_feedback")
                guard let size = client.events(of: feedback, 1).first?.words.first,
                    let file = client.socket.descriptors.takeFirst()
                else { throw Unmet("no format_table came") }
                guard size > 0, size % 16 == 0 else { throw Unmet("the table has \(size) bytes, no multiple of 16") }
                let mapping = try ReadOnlyMapping(file, length: Int(size))
                let length = lseek(file.rawValue, 0, CInt(SEEK_END))
                guard length >= Int(size) else { throw Unmet("the table's file has \(length) bytes and not \(size)") }
                for event in client.events(of: feedback, 5) {
                    let indices = event.words.dropFirst().flatMap { [$0 & 0xffff, $0 >> 16] }.prefix(
                        Int(event.words[0] / 2)
                    )
                    guard indices.allSatisfy({ $0 < size / 16 }) else {
                        throw Unmet("an index lies outside of the table")
                    }
                }
                guard !client.events(of: feedback, 0).isEmpty else { throw Unmet("done never came") }
                return .passed("\(mapping.length / 16) formats")
            },
        ]
    )

    private static func memory() throws -> Descriptor {
        try AnonymousFile.create(name: "dmabuf", size: 65_536).descriptor.duplicate()
    }

    private static func udmabuf() throws -> Descriptor {
        let number = unsafe open("/dev/udmabuf", O_RDWR | O_CLOEXEC)
        guard number >= 0 else { throw Skipped("there is no /dev/udmabuf that this user can open") }
        let device = Descriptor(owning: number)
        let file = try AnonymousFile.create(name: "dmabuf", size: 65_536)
        let buffer = try SystemCall.run("UDMABUF_CREATE") {
            signet_udmabuf_create(device.rawValue, file.descriptor.rawValue, 0, 65_536)
        }
        return Descriptor(owning: buffer)
    }

    private static func params(
        _ name: String,
        _ rule: String,
        _ allowed: Allowed...,
        send: @escaping @Sendable (RawClient, UInt32) throws -> Void
    ) -> Case {
        Case(name, rule.contains(".") ? rule : "zwp_linux_buffer_params_v1.\(rule)") { trial in
            try send(trial.client(), trial.client().makeParams())
            return try trial.expect(allowed)
        }
    }

    /// A plane that a server may import or not, but mustn't be harmed by: created, failed, or an error.
    private static func imported(
        _ name: String,
        _ rule: String,
        format: UInt32 = 0x3432_5258,
        height: Int32 = 16,
        add: @escaping @Sendable (RawClient, UInt32) throws -> Void
    ) -> Case {
        Case(name, "zwp_linux_buffer_params_v1.\(rule)") { trial in
            let client = try trial.client()
            let params = try client.makeParams()
            try add(client, params)
            client.create(params, height: height, format: format)
            let isAnswered = client.wait { client.events.contains { $0.object == params && $0.opcode < 2 } }
            guard isAnswered, let event = client.events.first(where: { $0.object == params }) else {
                return try trial.expect(.error(.dmabufBounds), .error(.any))
            }
            if event.opcode == 1 { return .allowed("failed") }
            let window = try Window(client)
            try window.configure()
            client.show(window.surface, event.words[0])
            client.linger(milliseconds: 100)
            return .allowed("created, and " + (client.isOpen ? "shown" : "then refused"))
        }
    }
}

/// Requests of linux-dmabuf-v1.xml.
extension RawClient {
    fileprivate func makeParams() throws -> UInt32 {
        let dmabuf = try bindOnce("zwp_linux_dmabuf_v1", version: 3)
        let params = newObject("zwp_linux_buffer_params_v1")
        send(dmabuf, 1, [params])
        return params
    }

    fileprivate func add(
        _ params: UInt32,
        _ descriptor: borrowing Descriptor,
        index: UInt32 = 0,
        offset: UInt32 = 0,
        stride: UInt32 = 256,
        modifier: UInt64 = 0
    ) throws {
        let words = [index, offset, stride, UInt32(modifier >> 32), UInt32(truncatingIfNeeded: modifier)]
        try send(params, 1, words, with: descriptor)
    }

    fileprivate func create(_ params: UInt32, width: Int32 = 64, height: Int32 = 16, format: UInt32 = 0x3432_5258) {
        send(params, 2, [UInt32(bitPattern: width), UInt32(bitPattern: height), format, 0])
    }

    @discardableResult
    fileprivate func createImmediately(_ params: UInt32) -> UInt32 {
        let buffer = newObject("wl_buffer")
        send(params, 3, [buffer, 64, 16, 0x3432_5258, 0])
        return buffer
    }
}
