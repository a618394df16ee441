internal import SharedMemory

extension Group {
    /// Messages that are none; wayland(7), "Wire Format". What breaks the format must end the client with an error of
    /// wl_display's, or with the connection.
    package static let wire = Group(
        "wire",
        [
            broken("dead-object", "an object that was never made: invalid_object", .error(.invalidObject)) { client in
                client.send(0x1234, 0)
            },
            broken("object-zero", "object 0: invalid_object", .error(.invalidObject)) { $0.send(0, 0) },
            broken("server-object", "an object of the server's that it never made", .error(.invalidObject)) {
                $0.send(0xff00_0007, 0)
            },
            broken("destroyed-object", "an object that was destroyed: invalid_object", .error(.invalidObject)) {
                client in
                let surface = try client.createSurface()
                client.destroy(surface)
                client.commit(surface)
            },
            broken("opcode", "a request that the interface hasn't: invalid_method", .error(.invalidMethod)) {
                $0.send(1, 77)
            },
            broken("opcode-largest", "a request that the interface hasn't: invalid_method", .error(.invalidMethod)) {
                $0.send(try $0.createSurface(), 0xffff)
            },
            broken("opcode-newer", "a request of a newer version: invalid_method", .error(.invalidMethod)) { client in
                let compositor = try client.bind("wl_compositor", version: 1)
                let surface = client.newObject("wl_surface")
                client.send(compositor, 0, [surface])
                client.send(surface, 9, [0, 0, 1, 1])
            },
            broken("size-zero", "a message of 0 bytes", .error(.any), .closed) { $0.send(words: [1, 0]) },
            broken("size-four", "a message of 4 bytes", .error(.any), .closed) { $0.send(words: [1, 4 << 16]) },
            broken("size-odd", "a message whose size is no multiple of 4", .error(.any), .closed, .served) { client in
                client.send(words: [1, 13 << 16, client.newObject("wl_callback"), 0])
            },
            broken("size-short", "a message without its arguments", .error(.any), .closed) {
                $0.send(words: [1, 8 << 16])
            },
            broken("size-long", "a message with more than its arguments", .error(.any), .closed, .served) { client in
                client.send(1, 0, [client.newObject("wl_callback"), 1, 2, 3])
            },
            broken("size-4096", "wl_surface.set_title of 4,080 bytes: within the bounds", .served) { client in
                let window = try Window(client)
                let words = RawRequest.padded([UInt8](repeating: 0x61, count: 4_079) + [0])
                client.send(window.toplevel, 2, [4_080] + words)
            },
            broken(
                "size-oversized",
                "a message of 60,000 bytes: may be more than is taken",
                .error(.any),
                .closed,
                .served
            ) {
                let window = try Window($0)
                let words = RawRequest.padded([UInt8](repeating: 0x61, count: 59_983) + [0])
                $0.send(window.toplevel, 2, [59_984] + words)
            },
            broken(
                "size-largest-and-no-more",
                "a message of 65,532 bytes of which few come",
                .error(.any),
                .closed,
                .served
            ) {
                $0.send(words: [1, 0xfffc << 16 | 0, 1, 2, 3])
            },
            broken("garbage", "bytes without a meaning", .error(.any), .closed) { client in
                var state: UInt32 = 0x2545_f491
                let words = (0..<2_048).map { _ in
                    state = state &* 1_664_525 &+ 1_013_904_223
                    return state
                }
                client.send(words: words)
            },
            broken("text", "a request of another protocol", .error(.any), .closed) { client in
                client.socket.send(bytes: Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
                client.socket.send(bytes: [UInt8](repeating: 0x20, count: 8_192))
            },
            broken("zeros", "nothing but zeros", .error(.any), .closed) {
                $0.send(words: [UInt32](repeating: 0, count: 1_024))
            },
            broken("ones", "nothing but ones", .error(.any), .closed) {
                $0.send(words: [UInt32](repeating: .max, count: 1_024))
            },
            broken("descriptor-missing", "wl_shm.create_pool without a descriptor", .error(.any), .closed) { client in
                client.send(try client.shm(), 0, [client.newObject("wl_shm_pool"), 4_096])
            },
            broken("descriptor-extra", "descriptors with a request that has none", .served, .error(.any), .closed) {
                client in
                let file = try AnonymousFile.create(name: "extra", size: 4_096)
                for _ in 0..<20 { try client.send(1, 0, [client.newObject("wl_callback")], with: file.descriptor) }
            },
            broken("descriptor-early", "a descriptor that comes before its message", .served) { client in
                let shm = try client.shm()
                let file = try AnonymousFile.create(name: "early", size: 4_096)
                try client.send(1, 0, [client.newObject("wl_callback")], with: file.descriptor)
                client.send(shm, 0, [client.newObject("wl_shm_pool"), 4_096])
            },
            broken("descriptors-253", "as many as a message carries, for nobody", .served, .error(.any), .closed) {
                client in
                let file = try AnonymousFile.create(name: "many", size: 4_096)
                var list = DescriptorList()
                for _ in 0..<253 { list.append(try file.descriptor.duplicate()) }
                _ = client.socket.send(RawRequest.words(1, 0, [client.newObject("wl_callback")]), with: list)
            },
            broken(
                "descriptors-for-ever",
                "more and more descriptors that no request takes",
                .error(.any),
                .closed,
                .served
            ) {
                let file = try AnonymousFile.create(name: "many", size: 4_096)
                for _ in 0..<2_000 where $0.isOpen {
                    try $0.send(1, 0, [$0.newObject("wl_callback")], with: file.descriptor)
                    $0.takeIn()
                }
            },
        ]
    )

    /// Requests, and an answer to what was made of them.
    private static func broken(
        _ name: String,
        _ rule: String,
        _ allowed: Allowed...,
        send: @escaping @Sendable (RawClient) throws -> Void
    ) -> Case {
        Case(name, "wire format: \(rule)") { trial in
            let client = try trial.client()
            _ = try client.version(of: "wl_compositor")
            try send(client)
            // A message that isn't complete swallows what comes behind it: silence is an answer, too.
            let answer = client.answer(milliseconds: 1_000)
            if answer == .silence, allowed.count > 1 {
                return .allowed("the server waits for the rest of the message")
            }
            return try trial.judge(answer, allowed)
        }
    }
}
