public import SharedMemory

/// What a compositor's clients hold, as ``Inspector`` was told.
public struct Inventory: Hashable, Sendable {
    /// Something that is counted.
    public struct Resource: Hashable, Sendable {
        /// Its name, as `mappedBytes`.
        public var name: String
        /// How much a client may hold.
        public var clientLimit: Int
        /// How much all clients may hold together.
        public var totalLimit: Int
        /// How much all clients hold.
        public var total: Int
    }

    /// A connection.
    public struct Client: Hashable, Sendable {
        /// Its process, or 0 where the compositor can't see it.
        public var process: Int
        /// Its user's number.
        public var user: Int
        /// What the process called itself when it connected.
        public var name: String
        /// How much it holds, in the order of ``Inventory/resources``.
        public var usage: [Int] = []
        /// In the order in which they were made.
        public var surfaces: [Surface] = []
        /// In the order in which they were made.
        public var buffers: [Buffer] = []
    }

    /// A wl_surface.
    public struct Surface: Hashable, Sendable {
        /// Its number on the wire.
        public var id: UInt32
        /// What it is for, as `toplevel`, or `none`.
        public var role: String
        /// The surface that it is a part of, or 0.
        public var parent: UInt32
        /// In surface coordinates; 0 while it shows nothing.
        public var width: Int
        /// In surface coordinates.
        public var height: Int
        /// The ``Buffer/number`` of what it shows, or 0.
        public var buffer: UInt64
        /// Where it is, in global coordinates; nil where it isn't shown.
        public var place: Place?
        /// A window's title.
        public var title: String?
        /// A window's app id.
        public var application: String?
        /// The outputs that it is on.
        public var outputs: [String] = []
    }

    /// A place in global coordinates.
    public struct Place: Hashable, Sendable {
        /// From the left.
        public var x: Int
        /// From the top.
        public var y: Int
    }

    /// A wl_buffer, or what is still shown of one.
    public struct Buffer: Hashable, Sendable {
        /// Its number among its client's.
        public var number: UInt64
        /// Its number on the wire, or 0 where it was destroyed.
        public var id: UInt32
        /// Over which protocol it came: `wl_shm`, `sealed-buffer`, `dma-buf`, `single-pixel`.
        public var kind: String
        /// In pixels.
        public var width: Int
        /// In pixels.
        public var height: Int
        /// A DRM_FORMAT code; 0 for a single pixel.
        public var fourcc: UInt32
        /// Bytes of its picture.
        public var byteCount: Int
        /// Whether its client waits for its release.
        public var isHeld: Bool
        /// How it was read the last time: `unread`, `mapped`, `copied`.
        public var reading: String
        /// How often its pixels were copied, whole or in part.
        public var copies: UInt64
        /// The files behind it.
        public var memories: [Memory] = []
    }

    /// The file behind a buffer, or behind a plane of it.
    public struct Memory: Hashable, Sendable {
        /// What it was found to be: `unknown`, `sealed`, `sealed-on-arrival`, `unsealable`, `dma-buf`.
        public var tier: String
        /// Its seals, when it was looked at last.
        public var seals: Seals
        /// Bytes of the whole file.
        public var fileSize: UInt64
        /// Where the picture begins, in bytes.
        public var offset: UInt64
        /// Bytes from one row to the next.
        public var stride: Int
        /// st_dev.
        public var device: UInt64
        /// st_ino.
        public var fileNumber: UInt64
    }

    /// What is counted.
    public var resources: [Resource] = []
    /// In the order in which they connected.
    public var clients: [Client] = []
}
