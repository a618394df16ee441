import DirectRendering
import Glibc
import SharedMemory

/// Memory of devices, or for them; Documentation/driver-api/dma-buf.rst.
struct DMABufferStage: Stage {
    let title = "5. dma-bufs: of a memfd, of a heap, of a graphics device"
    let verdict = """
        Yes, and without any seal, as its size is fixed for life; but a device may still be busy with it, so that who \
        looks has to wait for its fences first, with DMA_BUF_IOCTL_SYNC or, where waiting isn't possible, with poll.
        """

    func run(_ report: Report) throws {
        part("of a memfd, \(SystemMemory.udmabufPath)", report) {
            try udmabuf(report)
            report.step("writer: closes the memfd")
        }

        let heaps = SystemMemory.heaps()
        if heaps.isEmpty {
            part("of a heap, /dev/dma_heap/*", report) { throw Skipped(because: "there is no /dev/dma_heap here") }
        }
        for heap in heaps {
            part("of the heap \(heap)", report) {
                report.step("before")
                let buffer = try offered(heap) { () throws(DeviceError) in
                    try SystemMemory.allocate(sharedSize, from: heap)
                }
                try show(buffer, made: "DMA_HEAP_IOCTL_ALLOC", by: "a dma-heap", report)
            }
        }

        let nodes = DRMDevice.nodes()
        if nodes.isEmpty {
            part("of a graphics device, /dev/dri/*", report) { throw Skipped(because: "there is no /dev/dri here") }
        }
        for node in nodes {
            part("of the graphics device \(node)", report) {
                report.step("before")
                let buffer = try offered(node) { () throws(DeviceError) in
                    // 32 bits for each pixel: 8 MiB.
                    try DumbBuffer(on: DRMDevice(path: node), width: 2_048, height: 1_024).export()
                }
                try show(buffer, made: "DRM_IOCTL_MODE_CREATE_DUMB, PRIME_HANDLE_TO_FD", by: "a dumb buffer", report)
            }
        }
    }

    /// One source, whose failure doesn't keep the others from being shown.
    private func part(_ heading: String, _ report: Report, _ body: () throws -> Void) {
        report.say("")
        report.say(heading + ":")
        report.attempt(body)
    }

    private func udmabuf(_ report: Report) throws {
        let size = sharedSize
        guard AnonymousFile.memfdSupport == .works else {
            throw Skipped(because: "memfd_create is missing or forbidden here")
        }
        let memfd = try AnonymousFile.create(name: "tour-pixels", size: size, seals: .shrink)
        report.step("before; a memfd with F_SEAL_SHRINK")
        let buffer = try offered(SystemMemory.udmabufPath) { () throws(DeviceError) in
            try SystemMemory.udmabuf(of: memfd.descriptor, range: 0..<size)
        }
        let letter = Letter(by: "the memfd")
        try show(buffer, made: "UDMABUF_CREATE", by: "a udmabuf", report) {
            // The writer's pages and the dma-buf's are the same.
            var mapping = try WritableMapping(memfd.descriptor, length: size)
            mapping.withMutableBytes(in: 0..<size) { letter.put(into: &$0) }
            return letter
        }
    }

    /// Where a device isn't there, isn't for this user, or makes no such buffers, that's its right.
    private func offered(_ path: String, _ make: () throws(DeviceError) -> DMABuffer) throws -> DMABuffer {
        do throws(DeviceError) {
            return try make()
        } catch {
            switch (error.request, error.errno.rawValue) {
            case ("open", ENOENT): throw Skipped(because: "there is no \(path) here")
            case ("open", EACCES), ("open", EPERM): throw Skipped(because: "this user may not open \(path)")
            case ("open", _), (_, EACCES), (_, ENOSYS), (_, EOPNOTSUPP), (_, ENOMEM), (_, ENODEV):
                throw Skipped(because: "\(path) gives none: \(error.request) says \(error.errno.name)")
            default: throw error
            }
        }
    }

    private func show(
        _ buffer: consuming DMABuffer,
        made call: String,
        by source: String,
        _ report: Report,
        _ write: (() throws -> Letter)? = nil
    ) throws {
        let reader = try ReaderProcess(["dma-buf"])
        let size = buffer.size
        let number = buffer.descriptor.rawValue
        let word = "/dmabuf:"
        report.step(
            "writer: \(call)",
            KernelView.links("writer", getpid(), containing: word)
                + [KernelView.information(number, ["size", "exp_name"])]
        )

        var status = stat()
        unsafe fstat(number, &status)
        report.step("writer: asks for its size", ["lseek to the end says \(size), fstat says \(status.st_size)"])
        report.expect(size == sharedSize, "lseek tells a dma-buf's size")
        let smaller = outcome { Int(ftruncate(number, size / 2)) }
        let larger = outcome { Int(ftruncate(number, size * 2)) }
        let seal = outcome { () throws(SystemError) in try buffer.descriptor.addSeals(.shrink) }
        report.step(
            "writer: tries to change that",
            ["ftruncate smaller: \(smaller), larger: \(larger)", "F_ADD_SEALS: \(seal)"]
        )
        report.expect(smaller != "works" && larger != "works", "a dma-buf's size can't be changed")
        report.expect(lseek(number, 0, SEEK_END) == off_t(size), "a dma-buf's size is what it was")

        // Before anybody else knows of it nobody is at work on it.
        report.expect(try buffer.isReady(for: .write), "a fresh dma-buf has no fence to wait for")
        let letter: Letter
        try buffer.beginAccess(.write)
        do {
            defer { try? buffer.endAccess(.write) }
            if let write {
                letter = try write()
            } else {
                letter = Letter(by: source)
                var mapping = try WritableMapping(buffer.descriptor, length: size)
                mapping.withMutableBytes(in: 0..<size) { letter.put(into: &$0) }
            }
        }
        report.step(
            "writer: SYNC_START, writes to all of it\(write == nil ? "" : " as the memfd"), SYNC_END",
            ["poll says there is no fence to wait for"]
        )

        var list = DescriptorList()
        list.append(try buffer.descriptor.duplicate())
        let answer = try reader.ask("a dma-buf", with: list)
        report.step(
            "reader: recvmsg, mmap, SYNC_START, reads, SYNC_END",
            [Letter.shown(answer), KernelView.resident("reader", reader.process)]
                + KernelView.links("reader", reader.process, containing: word)
        )
        report.expect(answer == letter.asRead(size: size), "the reader sees what was written")
        let received = KernelView.targets(reader.process, containing: word).first
        report.expect(
            received.flatMap { KernelView.inode(reader.process, $0.number) } == buffer.identity,
            "the reader's dma-buf is the writer's"
        )

        _ = try reader.ask("close")
        _ = consume buffer
        report.step(
            "both: munmap, close",
            KernelView.links("writer", getpid(), containing: word)
                + KernelView.links("reader", reader.process, containing: word)
        )
        report.expect(reader.end() == .exited(0), "the reader ends well")
    }
}
