import ClientToolkit
import DirectRendering
import Glibc
import SharedMemory
import WaylandClient

/// A picture's memory, as the camera and the compositor share it.
final class Frame {
    /// One dma-buf, in an object so that there can be an array of them.
    final class Memory {
        let buffer: DMABuffer

        init(_ buffer: consuming DMABuffer) {
            self.buffer = buffer
        }
    }

    /// The camera's number for it.
    let index: Int
    let memories: [Memory]
    /// The compositor's name for it.
    let buffer: WlBuffer

    init(
        index: Int,
        _ memories: [Memory],
        _ dmabuf: ZwpLinuxDmabufV1,
        _ format: PictureFormat,
        _ picture: VideoQueue.Format
    ) {
        self.index = index
        self.memories = memories
        let params = dmabuf.createParams()
        for (number, plane) in format.planes(picture).enumerated() {
            params.add(
                memories[plane.buffer].buffer.descriptor,
                plane: number,
                offset: plane.offset,
                stride: plane.stride
            )
        }
        buffer = params.makeBuffer(width: picture.width, height: picture.height, fourcc: format.fourcc)
    }

    /// Writes all its bytes into a file, buffer after buffer.
    func save(to path: String, _ picture: VideoQueue.Format) throws {
        guard let file = unsafe fopen(path + ".new", "w") else {
            throw SystemError(call: "fopen", errno: .accessDenied)
        }
        defer { unsafe fclose(file) }
        for (memory, plane) in zip(memories, picture.planes) {
            let mapping = try ReadOnlyMapping(memory.buffer.descriptor, length: memory.buffer.size)
            try memory.buffer.withAccess(.read) {
                mapping.withBytes(in: 0..<plane.size) { bytes in
                    unsafe bytes.withUnsafeBytes { _ = unsafe fwrite($0.baseAddress, 1, $0.count, file) }
                }
            }
        }
        unsafe fflush(file)
        // Whoever waits for the file finds all of it.
        unsafe rename(path + ".new", path)
    }
}
