internal import DirectRendering
internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// `zwp_linux_buffer_params_v1`: what a client says of its dma-bufs, before they become a buffer.
///
/// What the numbers alone tell is looked at first, then what kind of descriptors came, then how large they are, and at
/// last whether the memory can be used. What a client couldn't know before is no error: `create` answers `failed`, and
/// `create_immed`, which has no answer, ends with `invalid_wl_buffer`.
final class DmabufParams: ZwpLinuxBufferParamsV1.Requests {
    /// As many planes as a format can have.
    private static let planeLimit = 4

    /// A plane as the client describes it.
    private final class Plane {
        /// Nil where there was another kind of descriptor, and once it is taken.
        private var buffer: DMABuffer?
        private let refusal: DmabufRefusal?
        private var charge: Charge?
        private var mappingCharge: Charge?
        let offset: Int
        let stride: Int
        let modifier: UInt64

        /// Looks what the descriptor is; what isn't a dma-buf isn't kept. It could be anything, as the client's own end
        /// of the connection, which wouldn't hang up as long as it is open here.
        init(
            _ fd: consuming Descriptor,
            charge: consuming Charge,
            mappingCharge: consuming Charge,
            index: Int,
            offset: Int,
            stride: Int,
            modifier: UInt64
        ) {
            do throws(DeviceError) {
                buffer = try DMABuffer(ifDMABuffer: fd)
                refusal = buffer == nil ? .notDMABuffer(plane: index) : nil
            } catch {
                refusal = .device(error)
            }
            self.charge = consume charge
            self.mappingCharge = consume mappingCharge
            self.offset = offset
            self.stride = stride
            self.modifier = modifier
        }

        /// Maps its memory, or finds it among what is mapped already.
        func open(
            _ index: Int,
            _ known: inout [UInt64: DmabufMemory],
            _ account: ClientAccount
        ) throws(DmabufRefusal) -> DmabufMemory {
            if let refusal { throw refusal }
            guard let buffer = buffer.take(), let charge = charge.take(), let mappingCharge = mappingCharge.take()
            else { throw .notDMABuffer(plane: index) }
            let identity = buffer.identity
            if let memory = known[identity] { return memory }
            do throws(SystemError) {
                let memory = try DmabufMemory(buffer, account: account, charge: charge, mappingCharge: mappingCharge)
                known[identity] = memory
                return memory
            } catch {
                throw .unmappable(error)
            }
        }
    }

    private unowned let devices: DmabufDevices
    private var planes: [Int: Plane] = [:]
    private var isUsed = false

    init(devices: DmabufDevices) {
        self.devices = devices
    }

    // MARK: Requests

    func add(
        _ resource: ZwpLinuxBufferParamsV1,
        fd: consuming Descriptor,
        planeIdx: UInt32,
        offset: UInt32,
        stride: UInt32,
        modifierHi: UInt32,
        modifierLo: UInt32
    ) throws(ProtocolError) {
        try checkUnused(resource)
        guard planeIdx < Self.planeLimit else {
            throw error(.planeIdx, "plane \(planeIdx): planes are numbered from 0 to \(Self.planeLimit - 1)")
        }
        guard planes[Int(planeIdx)] == nil else { throw error(.planeSet, "plane \(planeIdx) was added already") }
        let modifier = UInt64(modifierHi) << 32 | UInt64(modifierLo)
        // Older clients weren't told that they must look at what is announced.
        guard resource.version < 4 || DmabufModifier.all.contains(modifier) else {
            throw error(.invalidFormat, "\(DmabufRefusal.modifier(modifier)); see the format table")
        }
        planes[Int(planeIdx)] = Plane(
            fd,
            charge: try resource.client.account.charge(of: .descriptors),
            mappingCharge: try resource.client.account.charge(of: .mappings),
            index: Int(planeIdx),
            offset: Int(offset),
            stride: Int(stride),
            modifier: modifier
        )
    }

    func create(
        _ resource: ZwpLinuxBufferParamsV1,
        width: Int32,
        height: Int32,
        format: UInt32,
        flags: ZwpLinuxBufferParamsV1.Flags
    ) throws(ProtocolError) {
        let account = resource.client.account
        switch try importPlanes(resource, width, height, format, flags) {
        case .success(let (planes, picture)):
            let buffer = try WlBuffer(client: resource.client, version: 1, id: 0)
            buffer.handler = try DmabufBuffer(resource: buffer, planes: planes, picture: picture, devices: devices)
            account.arrivals.dmabufs += 1
            resource.sendCreated(buffer: buffer)
        case .failure(let refusal):
            // The event has no place for a reason.
            devices.log(
                "process \(resource.client.credentials.process) brought a dma-buf that can't be used: \(refusal)"
            )
            account.arrivals.refused += 1
            resource.sendFailed()
        }
    }

    func createImmed(
        _ resource: ZwpLinuxBufferParamsV1,
        bufferId: WlBuffer,
        width: Int32,
        height: Int32,
        format: UInt32,
        flags: ZwpLinuxBufferParamsV1.Flags
    ) throws(ProtocolError) {
        let account = resource.client.account
        switch try importPlanes(resource, width, height, format, flags) {
        case .success(let (planes, picture)):
            bufferId.handler = try DmabufBuffer(
                resource: bufferId,
                planes: planes,
                picture: picture,
                devices: devices
            )
            account.arrivals.dmabufs += 1
        case .failure(let refusal):
            account.arrivals.refused += 1
            throw error(.invalidWlBuffer, "\(refusal)")
        }
    }

    // MARK: Checks

    private func error(_ code: ZwpLinuxBufferParamsV1.Error, _ text: String) -> ProtocolError {
        ProtocolError(code, text)
    }

    private func checkUnused(_ resource: ZwpLinuxBufferParamsV1) throws(ProtocolError) {
        guard !isUsed else {
            throw error(
                .alreadyUsed,
                "zwp_linux_buffer_params_v1@\(resource.id) has made its buffer; destroy it and make another"
            )
        }
    }

    private typealias Imported = (planes: [DmabufBuffer.Plane], picture: BufferPicture)

    /// Throws what the client could have known, and returns what it couldn't.
    private func importPlanes(
        _ resource: ZwpLinuxBufferParamsV1,
        _ width: Int32,
        _ height: Int32,
        _ format: UInt32,
        _ flags: ZwpLinuxBufferParamsV1.Flags
    ) throws(ProtocolError) -> Result<Imported, DmabufRefusal> {
        try checkUnused(resource)
        isUsed = true
        // Whatever comes of it, the descriptors aren't needed here any more.
        let described = planes
        planes = [:]
        let (picture, ordered) = try checkNumbers(described, width, height, format)
        if flags.rawValue != 0 { return .failure(.flags(flags.rawValue)) }
        if let modifier = ordered.first?.modifier, !DmabufModifier.all.contains(modifier) {
            return .failure(.modifier(modifier))
        }
        let memories: [DmabufMemory]
        switch open(ordered, resource.client.account) {
        case .success(let opened): memories = opened
        case .failure(let refusal): return .failure(refusal)
        }
        var result: [DmabufBuffer.Plane] = []
        for (index, plane) in ordered.enumerated() {
            let memory = memories[index]
            let (bytes, available) = (picture.byteCount(plane: index), memory.size - plane.offset)
            guard bytes <= available else {
                throw error(
                    .outOfBounds,
                    "plane \(index) takes \(bytes) bytes from byte \(plane.offset) on, and its dma-buf has "
                        + "\(memory.size)"
                )
            }
            result.append(
                DmabufBuffer.Plane(memory: memory, range: plane.offset..<plane.offset + bytes, stride: plane.stride)
            )
        }
        if let device = devices.device, importsAll(memories, device) { resource.client.account.arrivals.imported += 1 }
        return .success((result, picture))
    }

    /// What the numbers alone tell.
    private func checkNumbers(
        _ described: [Int: Plane],
        _ width: Int32,
        _ height: Int32,
        _ fourcc: UInt32
    ) throws(ProtocolError) -> (BufferPicture, [Plane]) {
        guard width > 0, height > 0 else {
            throw error(.invalidDimensions, "a buffer is 1x1 or more, not \(width)x\(height)")
        }
        guard let format = BufferFormat(fourcc: fourcc) else {
            throw error(.invalidFormat, "format 0x\(String(fourcc, radix: 16)) isn't one of those that are announced")
        }
        let ordered = (0..<format.planeCount).compactMap { described[$0] }
        guard ordered.count == format.planeCount, described.count == format.planeCount else {
            let numbers = described.keys.sorted().map(String.init).joined(separator: ", ")
            throw error(
                .incomplete,
                "\(format.name) has planes 0 to \(format.planeCount - 1), and "
                    + (numbers.isEmpty ? "none was added" : "these were added: \(numbers)")
            )
        }
        guard ordered.allSatisfy({ $0.modifier == ordered[0].modifier }) else {
            throw error(.invalidFormat, "the planes of a buffer have one modifier")
        }
        let size = Size(width: Int(width), height: Int(height))
        for (index, plane) in ordered.enumerated() where plane.stride < format.rowBytes(plane: index, of: size) {
            throw error(
                .outOfBounds,
                "a row of plane \(index) takes \(format.rowBytes(plane: index, of: size)) bytes, and the stride is "
                    + "\(plane.stride)"
            )
        }
        guard let picture = BufferPicture(format, size: size, strides: ordered.map(\.stride)) else {
            throw error(.outOfBounds, "a picture of \(width)x\(height) with these strides is larger than any memory")
        }
        return (picture, ordered)
    }

    /// The memory of each plane; where descriptors are of the same dma-buf, it is the same.
    private func open(_ planes: [Plane], _ account: ClientAccount) -> Result<[DmabufMemory], DmabufRefusal> {
        var known: [UInt64: DmabufMemory] = [:]
        var result: [DmabufMemory] = []
        for (index, plane) in planes.enumerated() {
            do throws(DmabufRefusal) {
                result.append(try plane.open(index, &known, account))
            } catch {
                return .failure(error)
            }
        }
        return .success(result)
    }

    /// Whether the device takes all of it. Where it doesn't, as virtio_gpu doesn't take others' buffers, nothing is
    /// lost: the CPU does the drawing.
    private func importsAll(_ memories: [DmabufMemory], _ device: DRMDevice) -> Bool {
        memories.allSatisfy { memory in (try? device.tryImport(memory.shared.buffer)) != nil }
    }
}
