/// One client's objects, by number.
///
/// This is the first of three places with unsafe code at heart; what makes it sound:
/// - Each slot holds a reference to its object, taken by ``insert(_:at:)`` and given back by ``remove(_:)``.
/// - A request is handed to its object without another reference, as a retain and a release would be the larger part
///   of what a request costs. So while requests are handled, `remove` doesn't release: the reference goes to the
///   graveyard, which is emptied after the request.
///
/// Numbers: clients count up from 2, densely, and use a number again after `wl_display.delete_id`. The server's own
/// begin at 0xff000000 and aren't used twice, as a client may speak of one that is gone for as long as it likes.
/// Source: the Wayland protocol, "Creating Objects".
@safe
struct ObjectTable: ~Copyable {
    /// Where the server's own numbers begin.
    static let firstServerID: UInt32 = 0xff00_0000

    private var slots: UnsafeMutablePointer<Unmanaged<Resource>?>
    private var capacity = 32
    /// The first number that the client has never used.
    private(set) var end: UInt32 = 1
    private var graveyard: [Unmanaged<Resource>] = unsafe []
    /// Whether a request is being handled.
    var isBusy = false
    private var serverObjects: [UInt32: Resource] = [:]
    private var nextServerID = Self.firstServerID
    /// How many objects there are.
    private(set) var count = 0

    init() {
        unsafe slots = .allocate(capacity: capacity)
        unsafe slots.initialize(repeating: nil, count: capacity)
        unsafe graveyard.reserveCapacity(8)
    }

    deinit {
        // The client's end has emptied it.
        unsafe slots.deallocate()
    }

    /// The object with this number.
    @inline(__always)
    func object(_ id: UInt32) -> Resource? {
        if id < end { return unsafe slots[Int(id)]?._withUnsafeGuaranteedRef { $0 } }
        return id < Self.firstServerID ? nil : serverObject(id)
    }

    @inline(never)
    private func serverObject(_ id: UInt32) -> Resource? { serverObjects[id] }

    /// As ``object(_:)``, without a reference of its own: for the time of one request, for which ``isBusy`` is set.
    @inline(__always)
    func unretainedObject(_ id: UInt32) -> Unmanaged<Resource>? {
        if id < end { return unsafe slots[Int(id)] }
        return id < Self.firstServerID ? nil : unsafe serverObject(id).map { unsafe Unmanaged.passUnretained($0) }
    }

    /// Sets a number that a client chose for a new object aside; false where it can't be one.
    mutating func reserve(_ id: UInt32) -> Bool {
        if id < end { return unsafe id > 0 && slots[Int(id)] == nil }
        guard id == end, id < Self.firstServerID else { return false }
        if Int(id) == capacity { grow() }
        end += 1
        return true
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<Unmanaged<Resource>?>.allocate(capacity: capacity * 2)
        unsafe larger.update(from: slots, count: capacity)
        unsafe (larger + capacity).initialize(repeating: nil, count: capacity)
        unsafe slots.deallocate()
        unsafe slots = larger
        capacity *= 2
    }

    /// A number for an object of the server's; nil where there is none left.
    mutating func makeServerID() -> UInt32? {
        guard nextServerID < UInt32.max else { return nil }
        defer { nextServerID += 1 }
        return nextServerID
    }

    /// Takes in a new object; false where its number isn't free.
    mutating func insert(_ object: Resource, at id: UInt32) -> Bool {
        if id >= Self.firstServerID {
            guard id < nextServerID, serverObjects[id] == nil else { return false }
            serverObjects[id] = object
        } else {
            guard reserve(id) else { return false }
            unsafe slots[Int(id)] = Unmanaged.passRetained(object)
        }
        count += 1
        return true
    }

    /// Takes out an object. Returns the reference that is to be released, unless a request is being handled.
    mutating func remove(_ object: Resource) -> Unmanaged<Resource>? {
        let id = object.id
        let reference: Unmanaged<Resource>
        if id >= Self.firstServerID {
            guard let removed = serverObjects.removeValue(forKey: id) else { return nil }
            unsafe reference = Unmanaged.passRetained(removed)
        } else {
            guard let removed = unsafe slots[Int(id)] else { return nil }
            unsafe slots[Int(id)] = nil
            unsafe reference = removed
        }
        count -= 1
        guard isBusy else { return unsafe reference }
        unsafe graveyard.append(reference)
        return nil
    }

    /// A reference to something that went during the request, to be released; nil where there is none left. Releasing
    /// is for the caller, as it runs code that comes back here.
    @inline(__always)
    mutating func takeGrave() -> Unmanaged<Resource>? { unsafe graveyard.popLast() }

    /// Where ``next(from:)`` has got to.
    struct Cursor {
        fileprivate var id: UInt32 = 1
        fileprivate var serverIDs: ArraySlice<UInt32>?
        fileprivate(set) var isAtEnd = false
    }

    /// The objects in the order in which they go with their client, the client's own from the lowest number on, then
    /// the server's; nil at the end, and after each few hundred numbers without an object.
    func next(from cursor: inout Cursor) -> Resource? {
        let stop = min(end, cursor.id + 256)
        while cursor.id < stop {
            let object = unsafe slots[Int(cursor.id)]
            cursor.id += 1
            if let object = unsafe object { return unsafe object._withUnsafeGuaranteedRef { $0 } }
        }
        if cursor.id < end { return nil }
        if cursor.serverIDs == nil { cursor.serverIDs = serverObjects.keys.sorted()[...] }
        while let id = cursor.serverIDs?.popFirst() {
            if let object = serverObjects[id] { return object }
        }
        cursor.isAtEnd = true
        return nil
    }
}
