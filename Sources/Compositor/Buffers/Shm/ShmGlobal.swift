internal import SharedMemory
internal import WaylandServer

/// `wl_shm`, our own: libwayland's maps whatever it gets.
final class ShmGlobal: WlShm.Requests, Service {
    private let admission: Admission

    init(admission: Admission) {
        self.admission = admission
    }

    func bind(_ resource: WlShm) {
        resource.handler = self
        for format in BufferFormat.all { resource.sendFormat(format: format.shmFormat) }
    }

    func createPool(
        _ resource: WlShm,
        id: WlShmPool,
        fd: consuming Descriptor,
        size: Int32
    ) throws(ProtocolError) {
        id.handler = try ShmPool(fd, size: size, admission: admission, shm: resource)
    }
}
