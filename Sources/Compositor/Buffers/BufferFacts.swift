internal import SharedMemory

/// What is known of a buffer, for those who ask what clients have. Nothing is asked of the kernel for it.
struct BufferFacts {
    /// Over which protocol it came.
    enum Kind {
        case shm, sealedBuffer, dmabuf, singlePixel
    }

    /// How its pixels are looked at.
    enum Reading {
        case unread, mapped, copied
    }

    /// The file behind it, or behind a plane of it.
    struct Memory {
        /// What the file was found to be.
        enum Tier {
            case unknown, sealed, sealedOnArrival, unsealable, dmabuf
        }

        var tier = Tier.unknown
        var seals: Seals = []
        /// Of the whole file, in bytes.
        var fileSize: Int64 = 0
        /// Where the picture or the plane begins, in bytes.
        var offset = 0
        /// From one row to the next, in bytes.
        var stride = 0
        /// st_dev.
        var device: UInt64 = 0
        /// st_ino.
        var fileNumber: UInt64 = 0
    }

    var kind: Kind
    /// DRM's code; 0 for a single pixel.
    var fourcc: UInt32 = 0
    /// Of the picture.
    var byteCount = 0
    /// How its pixels were read the last time.
    var reading = Reading.unread
    /// How often they were copied, whole or in part.
    var copies: UInt64 = 0
    var memories: [Memory] = []
}
