internal import SharedMemory

extension Group {
    /// Buffers whose numbers don't fit the pool, or any pool.
    package static let bounds = Group(
        "bounds",
        [
            made("offset-negative", offset: -4),
            made("offset-lowest", offset: .min),
            made("offset-largest", offset: .max),
            made("offset-at-end", offset: 4_096),
            made("last-row-outside", offset: 3_136),
            made("width-zero", width: 0),
            made("width-negative", width: -16),
            made("width-largest", width: .max, stride: .max),
            made("height-zero", height: 0),
            made("height-negative", height: -1),
            made("height-largest", height: .max),
            made("stride-zero", stride: 0),
            made("stride-negative", stride: -64),
            made("stride-lowest", stride: .min),
            made("stride-below-row", stride: 60, .served, .error(.shmStride)),
            made("stride-in-pixels", stride: 16, .served, .error(.shmStride)),
            made("stride-largest", stride: .max),
            made("product-wraps-to-zero", width: 16, height: 1 << 16, stride: 1 << 16),
            made("product-wraps-below-pool", width: 16, height: 0x1_0001, stride: 0x1_0000),
            made("width-times-four-wraps", width: 0x4000_0001, height: 1, stride: 64),
            made("sum-wraps", offset: .max - 63, width: 16, height: 1, stride: 64),
            made("all-largest", offset: .max, width: .max, height: .max, stride: .max),
            made("all-lowest", offset: .min, width: .min, height: .min, stride: .min),
            Case("last-row-short", "wl_shm_pool.create_buffer: a last row that ends in the pool, and its stride beyond")
            {
                trial in
                let client = try trial.client()
                let file = try AnonymousFile.create(name: "pool", size: 4_096)
                let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
                _ = client.createBuffer(pool, offset: 0, width: 16, height: 33, stride: 126)
                return try trial.expect(.served, .error(.shmStride))
            },
            Case("stride-odd", "wl_shm_pool.create_buffer: a stride that is no multiple of a pixel") { trial in
                let client = try trial.client()
                let file = try AnonymousFile.create(name: "pool", size: 4_096)
                let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
                let window = try Window(client)
                try window.configure()
                client.show(window.surface, client.createBuffer(pool, width: 16, height: 16, stride: 67))
                return try trial.expect(.served, .error(.shmStride))
            },
            Case("offset-odd", "wl_shm_pool.create_buffer: an offset that is no multiple of a pixel") { trial in
                let client = try trial.client()
                let file = try AnonymousFile.create(name: "pool", size: 4_096)
                let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
                let window = try Window(client)
                try window.configure()
                client.show(window.surface, client.createBuffer(pool, offset: 3, width: 16, height: 16))
                return try trial.expect(.served, .error(.shmStride))
            },
        ]
    )

    /// A buffer that doesn't lie in its pool of 4,096 bytes.
    private static func made(
        _ name: String,
        offset: Int32 = 0,
        width: Int32 = 16,
        height: Int32 = 16,
        stride: Int32 = 64,
        _ allowed: Allowed...
    ) -> Case {
        let numbers = "offset \(offset), \(width)x\(height), stride \(stride)"
        let outcomes = allowed.isEmpty ? [.error(.shmStride)] : allowed
        let rule = allowed.isEmpty ? "\(numbers) don't lie in 4096 bytes; invalid_stride" : "\(numbers): rows overlap"
        return Case(name, "wl_shm_pool.create_buffer: \(rule)") { trial in
            let client = try trial.client()
            let file = try AnonymousFile.create(name: "pool", size: 4_096)
            let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
            let buffer = client.createBuffer(pool, offset: offset, width: width, height: height, stride: stride)
            let window = try Window(client)
            client.linger(milliseconds: 0)
            if client.isOpen, client.answer() == .served {
                // Taken: what comes of showing it is told.
                try window.configure()
                client.show(window.surface, buffer)
                _ = client.answer()
            }
            return try trial.expect(outcomes)
        }
    }
}
