// Generated once, for the interfaces that the benchmark needs.
public import WaylandWire

enum WaylandInterfaces {
    static let table = InterfaceTable([
        .init(
            "wl_display",
            version: 1,
            requests: [
                .init("sync", "n", [.local(2)]),
                .init("get_registry", "n", [.local(1)]),
            ],
            events: [
                .init("error", "ous", [.none, .none, .none]),
                .init("delete_id", "u", [.none]),
            ]
        ),
        .init(
            "wl_registry",
            version: 1,
            requests: [
                .init("bind", "usun", [.none, .none, .none, .none])
            ],
            events: [
                .init("global", "usu", [.none, .none, .none]),
                .init("global_remove", "u", [.none]),
            ]
        ),
        .init(
            "wl_callback",
            version: 1,
            requests: [],
            events: [
                .init("done", "u", [.none])
            ]
        ),
        .init(
            "wl_compositor",
            version: 5,
            requests: [
                .init("create_surface", "n", [.local(13)]),
                .init("create_region", "n", [.local(19)]),
            ],
            events: []
        ),
        .init(
            "wl_shm_pool",
            version: 1,
            requests: [
                .init("create_buffer", "niiiiu", [.local(6), .none, .none, .none, .none, .none]),
                .init("destroy", "", []),
                .init("resize", "i", [.none]),
            ],
            events: []
        ),
        .init(
            "wl_shm",
            version: 1,
            requests: [
                .init("create_pool", "nhi", [.local(4), .none, .none])
            ],
            events: [
                .init("format", "u", [.none])
            ]
        ),
        .init(
            "wl_buffer",
            version: 1,
            requests: [
                .init("destroy", "", [])
            ],
            events: [
                .init("release", "", [])
            ]
        ),
        .init(
            "wl_data_offer",
            version: 3,
            requests: [
                .init("accept", "u?s", [.none, .none]),
                .init("receive", "sh", [.none, .none]),
                .init("destroy", "", []),
                .init("finish", "3", []),
                .init("set_actions", "3uu", [.none, .none]),
            ],
            events: [
                .init("offer", "s", [.none]),
                .init("source_actions", "3u", [.none]),
                .init("action", "3u", [.none]),
            ]
        ),
        .init(
            "wl_data_source",
            version: 3,
            requests: [
                .init("offer", "s", [.none]),
                .init("destroy", "", []),
                .init("set_actions", "3u", [.none]),
            ],
            events: [
                .init("target", "?s", [.none]),
                .init("send", "sh", [.none, .none]),
                .init("cancelled", "", []),
                .init("dnd_drop_performed", "3", []),
                .init("dnd_finished", "3", []),
                .init("action", "3u", [.none]),
            ]
        ),
        .init(
            "wl_data_device",
            version: 3,
            requests: [
                .init("start_drag", "?oo?ou", [.local(8), .local(13), .local(13), .none]),
                .init("set_selection", "?ou", [.local(8), .none]),
                .init("release", "2", []),
            ],
            events: [
                .init("data_offer", "n", [.local(7)]),
                .init("enter", "uoff?o", [.none, .local(13), .none, .none, .local(7)]),
                .init("leave", "", []),
                .init("motion", "uff", [.none, .none, .none]),
                .init("drop", "", []),
                .init("selection", "?o", [.local(7)]),
            ]
        ),
        .init(
            "wl_data_device_manager",
            version: 3,
            requests: [
                .init("create_data_source", "n", [.local(8)]),
                .init("get_data_device", "no", [.local(9), .local(14)]),
            ],
            events: []
        ),
        .init(
            "wl_shell",
            version: 1,
            requests: [
                .init("get_shell_surface", "no", [.local(12), .local(13)])
            ],
            events: []
        ),
        .init(
            "wl_shell_surface",
            version: 1,
            requests: [
                .init("pong", "u", [.none]),
                .init("move", "ou", [.local(14), .none]),
                .init("resize", "ouu", [.local(14), .none, .none]),
                .init("set_toplevel", "", []),
                .init("set_transient", "oiiu", [.local(13), .none, .none, .none]),
                .init("set_fullscreen", "uu?o", [.none, .none, .local(18)]),
                .init("set_popup", "ouoiiu", [.local(14), .none, .local(13), .none, .none, .none]),
                .init("set_maximized", "?o", [.local(18)]),
                .init("set_title", "s", [.none]),
                .init("set_class", "s", [.none]),
            ],
            events: [
                .init("ping", "u", [.none]),
                .init("configure", "uii", [.none, .none, .none]),
                .init("popup_done", "", []),
            ]
        ),
        .init(
            "wl_surface",
            version: 5,
            requests: [
                .init("destroy", "", []),
                .init("attach", "?oii", [.local(6), .none, .none]),
                .init("damage", "iiii", [.none, .none, .none, .none]),
                .init("frame", "n", [.local(2)]),
                .init("set_opaque_region", "?o", [.local(19)]),
                .init("set_input_region", "?o", [.local(19)]),
                .init("commit", "", []),
                .init("set_buffer_transform", "2i", [.none]),
                .init("set_buffer_scale", "3i", [.none]),
                .init("damage_buffer", "4iiii", [.none, .none, .none, .none]),
                .init("offset", "5ii", [.none, .none]),
            ],
            events: [
                .init("enter", "o", [.local(18)]),
                .init("leave", "o", [.local(18)]),
            ]
        ),
        .init(
            "wl_seat",
            version: 8,
            requests: [
                .init("get_pointer", "n", [.local(15)]),
                .init("get_keyboard", "n", [.local(16)]),
                .init("get_touch", "n", [.local(17)]),
                .init("release", "5", []),
            ],
            events: [
                .init("capabilities", "u", [.none]),
                .init("name", "2s", [.none]),
            ]
        ),
        .init(
            "wl_pointer",
            version: 8,
            requests: [
                .init("set_cursor", "u?oii", [.none, .local(13), .none, .none]),
                .init("release", "3", []),
            ],
            events: [
                .init("enter", "uoff", [.none, .local(13), .none, .none]),
                .init("leave", "uo", [.none, .local(13)]),
                .init("motion", "uff", [.none, .none, .none]),
                .init("button", "uuuu", [.none, .none, .none, .none]),
                .init("axis", "uuf", [.none, .none, .none]),
                .init("frame", "5", []),
                .init("axis_source", "5u", [.none]),
                .init("axis_stop", "5uu", [.none, .none]),
                .init("axis_discrete", "5ui", [.none, .none]),
                .init("axis_value120", "8ui", [.none, .none]),
            ]
        ),
        .init(
            "wl_keyboard",
            version: 8,
            requests: [
                .init("release", "3", [])
            ],
            events: [
                .init("keymap", "uhu", [.none, .none, .none]),
                .init("enter", "uoa", [.none, .local(13), .none]),
                .init("leave", "uo", [.none, .local(13)]),
                .init("key", "uuuu", [.none, .none, .none, .none]),
                .init("modifiers", "uuuuu", [.none, .none, .none, .none, .none]),
                .init("repeat_info", "4ii", [.none, .none]),
            ]
        ),
        .init(
            "wl_touch",
            version: 8,
            requests: [
                .init("release", "3", [])
            ],
            events: [
                .init("down", "uuoiff", [.none, .none, .local(13), .none, .none, .none]),
                .init("up", "uui", [.none, .none, .none]),
                .init("motion", "uiff", [.none, .none, .none, .none]),
                .init("frame", "", []),
                .init("cancel", "", []),
                .init("shape", "6iff", [.none, .none, .none]),
                .init("orientation", "6if", [.none, .none]),
            ]
        ),
        .init(
            "wl_output",
            version: 4,
            requests: [
                .init("release", "3", [])
            ],
            events: [
                .init("geometry", "iiiiissi", [.none, .none, .none, .none, .none, .none, .none, .none]),
                .init("mode", "uiii", [.none, .none, .none, .none]),
                .init("done", "2", []),
                .init("scale", "2i", [.none]),
                .init("name", "4s", [.none]),
                .init("description", "4s", [.none]),
            ]
        ),
        .init(
            "wl_region",
            version: 1,
            requests: [
                .init("destroy", "", []),
                .init("add", "iiii", [.none, .none, .none, .none]),
                .init("subtract", "iiii", [.none, .none, .none, .none]),
            ],
            events: []
        ),
        .init(
            "wl_subcompositor",
            version: 1,
            requests: [
                .init("destroy", "", []),
                .init("get_subsurface", "noo", [.local(21), .local(13), .local(13)]),
            ],
            events: []
        ),
        .init(
            "wl_subsurface",
            version: 1,
            requests: [
                .init("destroy", "", []),
                .init("set_position", "ii", [.none, .none]),
                .init("place_above", "o", [.local(13)]),
                .init("place_below", "o", [.local(13)]),
                .init("set_sync", "", []),
                .init("set_desync", "", []),
            ],
            events: []
        ),
    ])
}

/// Constants of `wl_display`.
public enum WlDisplay {
    /// `wl_display.error`
    public enum Error: WireError {
        /// server couldn't find object
        case invalidObject
        /// method doesn't exist on the specified interface or malformed request
        case invalidMethod
        /// server is out of memory
        case noMemory
        /// implementation error in compositor
        case implementation
        /// A value that the description doesn't name.
        case unrecognized(UInt32)

        /// The case for a number.
        public init(rawValue: UInt32) {
            switch rawValue {
            case 0: self = .invalidObject
            case 1: self = .invalidMethod
            case 2: self = .noMemory
            case 3: self = .implementation
            default: self = .unrecognized(rawValue)
            }
        }
        /// The number on the wire.
        public var rawValue: UInt32 {
            switch self {
            case .invalidObject: 0
            case .invalidMethod: 1
            case .noMemory: 2
            case .implementation: 3
            case .unrecognized(let value): value
            }
        }
    }
}

/// `wl_callback`, up to version 1: callback object.
public final class WlCallback: Resource {
    /// What a client can ask of a `wl_callback`.
    public protocol Requests: AnyObject {
        /// The object is gone: destroyed by its client, or with it. Nothing can be sent to it.
        func destroyed(_ resource: WlCallback)
    }

    /// Who answers the requests. Without one they are ignored, and descriptors in them closed.
    public var handler: (any Requests)?

    /// What libwayland knows of the interface.
    override public class var interface: Interface { WaylandInterfaces.table[2] }

    /// Decodes one request and hands it to the handler.
    override public func receive(_ opcode: UInt32, _ arguments: IncomingArguments) throws(ProtocolError) {
        switch opcode {
        default: break
        }
    }

    /// Tells the handler that the object is gone, and lets go of it.
    override public func didDestroy() {
        let last = handler
        handler = nil
        last?.destroyed(self)
    }

    /// done event
    public func sendDone(callbackData: UInt32) {
        send(0, since: 1) { message in
            message.uint(callbackData)
        }
    }

    /// Sends `done`, with which the object ends.
    public func finishWithDone(callbackData: UInt32) {
        sendDone(callbackData: callbackData)
        destroy()
    }
}

extension WlCallback.Requests {
    /// Does nothing.
    public func destroyed(_ resource: WlCallback) {}
}

/// `wl_compositor`, up to version 5: the compositor singleton.
public final class WlCompositor: Resource {
    /// What a client can ask of a `wl_compositor`.
    public protocol Requests: AnyObject {
        /// create new surface
        func createSurface(_ resource: WlCompositor, id: WlSurface) throws(ProtocolError)
        /// create new region
        func createRegion(_ resource: WlCompositor, id: WlRegion) throws(ProtocolError)
        /// The object is gone: destroyed by its client, or with it. Nothing can be sent to it.
        func destroyed(_ resource: WlCompositor)
    }

    /// Who answers the requests. Without one they are ignored, and descriptors in them closed.
    public var handler: (any Requests)?

    /// What libwayland knows of the interface.
    override public class var interface: Interface { WaylandInterfaces.table[3] }

    /// Decodes one request and hands it to the handler.
    override public func receive(_ opcode: UInt32, _ arguments: IncomingArguments) throws(ProtocolError) {
        switch opcode {
        case 0:
            let argument0 = try WlSurface(client: client, version: version, id: arguments.uint(0))
            if let handler { try handler.createSurface(self, id: argument0) }
        case 1:
            let argument0 = try WlRegion(client: client, version: version, id: arguments.uint(0))
            if let handler { try handler.createRegion(self, id: argument0) }
        default: break
        }
    }

    /// Tells the handler that the object is gone, and lets go of it.
    override public func didDestroy() {
        let last = handler
        handler = nil
        last?.destroyed(self)
    }
}

extension WlCompositor.Requests {
    /// Does nothing.
    public func destroyed(_ resource: WlCompositor) {}
}

/// `wl_buffer`, up to version 1: content for a wl_surface.
public final class WlBuffer: Resource {
    /// What a client can ask of a `wl_buffer`.
    public protocol Requests: AnyObject {
        /// destroy a buffer
        func destroy(_ resource: WlBuffer) throws(ProtocolError)
        /// The object is gone: destroyed by its client, or with it. Nothing can be sent to it.
        func destroyed(_ resource: WlBuffer)
    }

    /// Who answers the requests. Without one they are ignored, and descriptors in them closed.
    public var handler: (any Requests)?

    /// What libwayland knows of the interface.
    override public class var interface: Interface { WaylandInterfaces.table[6] }

    /// Decodes one request and hands it to the handler.
    override public func receive(_ opcode: UInt32, _ arguments: IncomingArguments) throws(ProtocolError) {
        switch opcode {
        case 0:
            if let handler { try handler.destroy(self) }
            destroy()
        default: break
        }
    }

    /// Tells the handler that the object is gone, and lets go of it.
    override public func didDestroy() {
        let last = handler
        handler = nil
        last?.destroyed(self)
    }

    /// compositor releases buffer
    public func sendRelease() {
        send(0, since: 1) { _ in }
    }
}

extension WlBuffer.Requests {
    /// Does nothing: the object is destroyed when this returns.
    public func destroy(_ resource: WlBuffer) throws(ProtocolError) {}
    /// Does nothing.
    public func destroyed(_ resource: WlBuffer) {}
}

/// `wl_surface`, up to version 5: an onscreen surface.
public final class WlSurface: Resource {
    /// `wl_surface.error`
    public enum Error: WireError {
        /// buffer scale value is invalid
        case invalidScale
        /// buffer transform value is invalid
        case invalidTransform
        /// buffer size is invalid
        case invalidSize
        /// buffer offset is invalid
        case invalidOffset
        /// A value that the description doesn't name.
        case unrecognized(UInt32)

        /// The case for a number.
        public init(rawValue: UInt32) {
            switch rawValue {
            case 0: self = .invalidScale
            case 1: self = .invalidTransform
            case 2: self = .invalidSize
            case 3: self = .invalidOffset
            default: self = .unrecognized(rawValue)
            }
        }
        /// The number on the wire.
        public var rawValue: UInt32 {
            switch self {
            case .invalidScale: 0
            case .invalidTransform: 1
            case .invalidSize: 2
            case .invalidOffset: 3
            case .unrecognized(let value): value
            }
        }
    }

    /// What a client can ask of a `wl_surface`.
    public protocol Requests: AnyObject {
        /// delete surface
        func destroy(_ resource: WlSurface) throws(ProtocolError)
        /// set the surface contents
        func attach(_ resource: WlSurface, buffer: WlBuffer?, x: Int32, y: Int32) throws(ProtocolError)
        /// mark part of the surface damaged
        func damage(_ resource: WlSurface, x: Int32, y: Int32, width: Int32, height: Int32) throws(ProtocolError)
        /// request a frame throttling hint
        func frame(_ resource: WlSurface, callback: WlCallback) throws(ProtocolError)
        /// set opaque region
        func setOpaqueRegion(_ resource: WlSurface, region: WlRegion?) throws(ProtocolError)
        /// set input region
        func setInputRegion(_ resource: WlSurface, region: WlRegion?) throws(ProtocolError)
        /// commit pending surface state
        func commit(_ resource: WlSurface) throws(ProtocolError)
        /// sets the buffer transformation
        func setBufferTransform(_ resource: WlSurface, transform: WlOutput.Transform) throws(ProtocolError)
        /// sets the buffer scaling factor
        func setBufferScale(_ resource: WlSurface, scale: Int32) throws(ProtocolError)
        /// mark part of the surface damaged using buffer coordinates
        func damageBuffer(_ resource: WlSurface, x: Int32, y: Int32, width: Int32, height: Int32) throws(ProtocolError)
        /// set the surface contents offset
        func offset(_ resource: WlSurface, x: Int32, y: Int32) throws(ProtocolError)
        /// The object is gone: destroyed by its client, or with it. Nothing can be sent to it.
        func destroyed(_ resource: WlSurface)
    }

    /// Who answers the requests. Without one they are ignored, and descriptors in them closed.
    public var handler: (any Requests)?

    /// What libwayland knows of the interface.
    override public class var interface: Interface { WaylandInterfaces.table[13] }

    /// Decodes one request and hands it to the handler.
    override public func receive(_ opcode: UInt32, _ arguments: IncomingArguments) throws(ProtocolError) {
        switch opcode {
        case 0:
            if let handler { try handler.destroy(self) }
            destroy()
        case 1:
            let argument0 = optionalObject(arguments.object(0), as: WlBuffer.self)
            if let handler {
                try handler.attach(
                    self,
                    buffer: argument0,
                    x: arguments.int(1),
                    y: arguments.int(2)
                )
            }
        case 2:
            if let handler {
                try handler.damage(
                    self,
                    x: arguments.int(0),
                    y: arguments.int(1),
                    width: arguments.int(2),
                    height: arguments.int(3)
                )
            }
        case 3:
            let argument0 = try WlCallback(client: client, version: version, id: arguments.uint(0))
            if let handler { try handler.frame(self, callback: argument0) }
        case 4:
            let argument0 = optionalObject(arguments.object(0), as: WlRegion.self)
            if let handler { try handler.setOpaqueRegion(self, region: argument0) }
        case 5:
            let argument0 = optionalObject(arguments.object(0), as: WlRegion.self)
            if let handler { try handler.setInputRegion(self, region: argument0) }
        case 6:
            if let handler { try handler.commit(self) }
        case 7:
            if let handler {
                try handler.setBufferTransform(
                    self,
                    transform: WlOutput.Transform(rawValue: arguments.uint(0))
                )
            }
        case 8:
            if let handler { try handler.setBufferScale(self, scale: arguments.int(0)) }
        case 9:
            if let handler {
                try handler.damageBuffer(
                    self,
                    x: arguments.int(0),
                    y: arguments.int(1),
                    width: arguments.int(2),
                    height: arguments.int(3)
                )
            }
        case 10:
            if let handler { try handler.offset(self, x: arguments.int(0), y: arguments.int(1)) }
        default: break
        }
    }

    /// Tells the handler that the object is gone, and lets go of it.
    override public func didDestroy() {
        let last = handler
        handler = nil
        last?.destroyed(self)
    }

}

extension WlSurface.Requests {
    /// Does nothing: the object is destroyed when this returns.
    public func destroy(_ resource: WlSurface) throws(ProtocolError) {}
    /// Does nothing.
    public func destroyed(_ resource: WlSurface) {}
}

/// Constants of `wl_output`.
public enum WlOutput {
    /// `wl_output.transform`
    public enum Transform: WireEnumeration {
        /// no transform
        case normal
        /// 90 degrees counter-clockwise
        case _90
        /// 180 degrees counter-clockwise
        case _180
        /// 270 degrees counter-clockwise
        case _270
        /// 180 degree flip around a vertical axis
        case flipped
        /// flip and rotate 90 degrees counter-clockwise
        case flipped90
        /// flip and rotate 180 degrees counter-clockwise
        case flipped180
        /// flip and rotate 270 degrees counter-clockwise
        case flipped270
        /// A value that the description doesn't name.
        case unrecognized(UInt32)

        /// The case for a number.
        public init(rawValue: UInt32) {
            switch rawValue {
            case 0: self = .normal
            case 1: self = ._90
            case 2: self = ._180
            case 3: self = ._270
            case 4: self = .flipped
            case 5: self = .flipped90
            case 6: self = .flipped180
            case 7: self = .flipped270
            default: self = .unrecognized(rawValue)
            }
        }
        /// The number on the wire.
        public var rawValue: UInt32 {
            switch self {
            case .normal: 0
            case ._90: 1
            case ._180: 2
            case ._270: 3
            case .flipped: 4
            case .flipped90: 5
            case .flipped180: 6
            case .flipped270: 7
            case .unrecognized(let value): value
            }
        }
    }
}

/// `wl_region`, up to version 1: region interface.
public final class WlRegion: Resource {
    /// What a client can ask of a `wl_region`.
    public protocol Requests: AnyObject {
        /// destroy region
        func destroy(_ resource: WlRegion) throws(ProtocolError)
        /// add rectangle to region
        func add(_ resource: WlRegion, x: Int32, y: Int32, width: Int32, height: Int32) throws(ProtocolError)
        /// subtract rectangle from region
        func subtract(_ resource: WlRegion, x: Int32, y: Int32, width: Int32, height: Int32) throws(ProtocolError)
        /// The object is gone: destroyed by its client, or with it. Nothing can be sent to it.
        func destroyed(_ resource: WlRegion)
    }

    /// Who answers the requests. Without one they are ignored, and descriptors in them closed.
    public var handler: (any Requests)?

    /// What libwayland knows of the interface.
    override public class var interface: Interface { WaylandInterfaces.table[19] }

    /// Decodes one request and hands it to the handler.
    override public func receive(_ opcode: UInt32, _ arguments: IncomingArguments) throws(ProtocolError) {
        switch opcode {
        case 0:
            if let handler { try handler.destroy(self) }
            destroy()
        case 1:
            if let handler {
                try handler.add(
                    self,
                    x: arguments.int(0),
                    y: arguments.int(1),
                    width: arguments.int(2),
                    height: arguments.int(3)
                )
            }
        case 2:
            if let handler {
                try handler.subtract(
                    self,
                    x: arguments.int(0),
                    y: arguments.int(1),
                    width: arguments.int(2),
                    height: arguments.int(3)
                )
            }
        default: break
        }
    }

    /// Tells the handler that the object is gone, and lets go of it.
    override public func didDestroy() {
        let last = handler
        handler = nil
        last?.destroyed(self)
    }
}

extension WlRegion.Requests {
    /// Does nothing: the object is destroyed when this returns.
    public func destroy(_ resource: WlRegion) throws(ProtocolError) {}
    /// Does nothing.
    public func destroyed(_ resource: WlRegion) {}
}
