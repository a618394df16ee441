internal import Glibc
internal import SharedMemory

extension Group {
    /// wl_shm and its pools: how large they are, what lies in them, and how long they live.
    package static let pools = Group(
        "pools",
        [
            Case("formats", "wl_shm.format: argb8888 and xrgb8888 must be supported by all renderers") { trial in
                let client = try trial.client()
                let shm = try client.shm()
                try trial.mustBeServed("wl_shm isn't served")
                let formats = client.events(of: shm, 0).compactMap(\.words.first)
                guard formats.contains(PixelFormat.argb), formats.contains(PixelFormat.xrgb) else {
                    throw Unmet("the formats that were told are \(formats)")
                }
                return .passed("\(formats.count) formats")
            },
            sized("size-zero", 0, .error(.shmDescriptor), .error(.shmStride)),
            sized("size-negative", -1, .error(.shmDescriptor), .error(.shmStride)),
            sized("size-lowest", .min, .error(.shmDescriptor), .error(.shmStride)),
            sized("size-one", 1, .served, .error(.shmDescriptor)),
            Case("larger-than-file", "wl_shm.create_pool: size is bytes of the file; invalid_fd") { trial in
                let client = try trial.client()
                let file = try AnonymousFile.create(name: "small", size: 4_096)
                let pool = try client.createPool(client.shm(), file.descriptor, size: 1 << 20)
                let window = try Window(client)
                let answer = client.answer()
                if answer != .served { return try trial.expect(.error(.shmDescriptor), .error(.noMemory), .closed) }
                try window.configure()
                client.show(window.surface, client.createBuffer(pool, width: 64, height: 64))
                return try trial.expect(.served, .error(.shmDescriptor), .error(.any), .closed)
            },
            sized("size-largest", .max, .served, .error(.shmDescriptor), .error(.noMemory)),
            buffers("buffer", "inside of the pool", .served) { $0.createBuffer($1) },
            buffers("buffer-fills-pool", "its last byte is the pool's", .served) {
                $0.createBuffer($1, offset: 0, width: 32, height: 32, stride: 128)
            },
            buffers("buffers-overlap", "nothing forbids it", .served) {
                let first = $0.createBuffer($1)
                $0.destroy($0.createBuffer($1, offset: 32))
                return first
            },
            buffers("format-unknown", "wl_shm_pool.create_buffer: invalid_format", .error(.shmFormat)) {
                $0.createBuffer($1, format: 0x1234_5678)
            },
            Case("pool-destroyed-first", "wl_shm_pool.destroy: the memory lives as long as buffers do") { trial in
                let client = try trial.client()
                let file = try AnonymousFile.create(name: "pool", size: Window.size)
                let pool = try client.createPool(client.shm(), file.descriptor, size: Int32(Window.size))
                let buffer = client.createBuffer(pool, width: Window.width, height: Window.height)
                client.destroy(pool)
                let window = try Window.shown(client)
                let frame = client.frame(window.surface)
                client.show(window.surface, buffer)
                try client.awaitFrame(frame, or: buffer)
                client.destroy(buffer)
                return try trial.expect(.served)
            },
            Case("many-pools", "wl_shm.create_pool: 400 pools of one file, one after the other") { trial in
                let client = try trial.client()
                let file = try AnonymousFile.create(name: "pool", size: 4_096)
                for _ in 0..<400 {
                    client.destroy(try client.createPool(client.shm(), file.descriptor, size: 4_096))
                }
                return try trial.expect(.served)
            },
        ]
    )

    private static func sized(_ name: String, _ size: Int32, _ allowed: Allowed...) -> Case {
        Case(name, "wl_shm.create_pool: a pool of \(size) bytes; invalid_fd or invalid_stride") { trial in
            let client = try trial.client()
            let file = try AnonymousFile.create(name: "pool", size: 4_096)
            _ = try client.createPool(client.shm(), file.descriptor, size: size)
            return try trial.expect(allowed)
        }
    }

    private static func buffers(
        _ name: String,
        _ rule: String,
        _ allowed: Allowed...,
        make: @escaping @Sendable (RawClient, UInt32) -> UInt32
    ) -> Case {
        Case(name, rule.contains(":") ? rule : "wl_shm_pool.create_buffer: \(rule)") { trial in
            let client = try trial.client()
            let file = try AnonymousFile.create(name: "pool", size: 4_096)
            let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
            _ = make(client, pool)
            return try trial.expect(allowed)
        }
    }
}
