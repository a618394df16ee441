/// A protocol error that a rule names: a code of an interface's enumeration.
package struct Fault: Sendable {
    /// Where it is raised: on an object of one of these interfaces. An enumeration belongs to one interface; where an
    /// object that was made by another can be meant as well, both are there.
    package let interfaces: [String]
    /// The code; nil where any will do.
    package let code: UInt32?
    /// The code's name.
    package let name: String

    /// An error of these interfaces.
    package init(_ name: String, _ code: UInt32?, on interfaces: String...) {
        (self.interfaces, self.code, self.name) = (interfaces, code, name)
    }

    var description: String { interfaces.isEmpty ? name : "\(interfaces[0]).\(name)" }

    func matches(interface: String, code: UInt32) -> Bool {
        (interfaces.isEmpty || interfaces.contains(interface)) && (self.code == nil || self.code == code)
    }
}

extension Fault {
    package static let any = Fault("any protocol error", nil)

    package static let invalidObject = Fault("invalid_object", 0, on: "wl_display", "wl_registry")
    package static let invalidMethod = Fault("invalid_method", 1, on: "wl_display")
    package static let noMemory = Fault("no_memory", 2, on: "wl_display")

    package static let shmFormat = Fault("invalid_format", 0, on: "wl_shm", "wl_shm_pool")
    package static let shmStride = Fault("invalid_stride", 1, on: "wl_shm", "wl_shm_pool")
    package static let shmDescriptor = Fault("invalid_fd", 2, on: "wl_shm", "wl_shm_pool", "wl_buffer", "wl_surface")

    package static let surfaceScale = Fault("invalid_scale", 0, on: "wl_surface")
    package static let surfaceTransform = Fault("invalid_transform", 1, on: "wl_surface")
    package static let surfaceSize = Fault("invalid_size", 2, on: "wl_surface")
    package static let surfaceOffset = Fault("invalid_offset", 3, on: "wl_surface")
    package static let surfaceDefunctRole = Fault("defunct_role_object", 4, on: "wl_surface")
    package static let subcompositorSurface = Fault("bad_surface", 0, on: "wl_subcompositor")
    package static let subcompositorParent = Fault("bad_parent", 1, on: "wl_subcompositor")
    package static let subsurfaceSurface = Fault("bad_surface", 0, on: "wl_subsurface")

    package static let shellRole = Fault("role", 0, on: "xdg_wm_base")
    package static let shellDefunct = Fault("defunct_surfaces", 1, on: "xdg_wm_base")
    package static let shellPopupParent = Fault("invalid_popup_parent", 3, on: "xdg_wm_base")
    package static let shellSurfaceState = Fault("invalid_surface_state", 4, on: "xdg_wm_base")
    package static let shellPositioner = Fault("invalid_positioner", 5, on: "xdg_wm_base")
    package static let positionerInput = Fault("invalid_input", 0, on: "xdg_positioner")
    package static let notConstructed = Fault("not_constructed", 1, on: "xdg_surface")
    package static let alreadyConstructed = Fault("already_constructed", 2, on: "xdg_surface")
    package static let unconfiguredBuffer = Fault("unconfigured_buffer", 3, on: "xdg_surface")
    package static let invalidSerial = Fault("invalid_serial", 4, on: "xdg_surface")
    package static let geometrySize = Fault("invalid_size", 5, on: "xdg_surface")
    package static let shellSurfaceDefunct = Fault("defunct_role_object", 6, on: "xdg_surface", "xdg_wm_base")
    package static let toplevelParent = Fault("invalid_parent", 1, on: "xdg_toplevel")
    package static let toplevelSize = Fault("invalid_size", 2, on: "xdg_toplevel")

    package static let dmabufUsed = Fault("already_used", 0, on: "zwp_linux_buffer_params_v1")
    package static let dmabufIndex = Fault("plane_idx", 1, on: "zwp_linux_buffer_params_v1")
    package static let dmabufSet = Fault("plane_set", 2, on: "zwp_linux_buffer_params_v1")
    package static let dmabufIncomplete = Fault("incomplete", 3, on: "zwp_linux_buffer_params_v1")
    package static let dmabufFormat = Fault("invalid_format", 4, on: "zwp_linux_buffer_params_v1")
    package static let dmabufDimensions = Fault("invalid_dimensions", 5, on: "zwp_linux_buffer_params_v1")
    package static let dmabufBounds = Fault("out_of_bounds", 6, on: "zwp_linux_buffer_params_v1")
    package static let dmabufBuffer = Fault("invalid_wl_buffer", 7, on: "zwp_linux_buffer_params_v1")

    package static let framePending = Fault("frame_pending", 1, on: "signet_sealed_frame_session_v1")
    package static let offerNotAccepted = Fault("not_accepted", 0, on: "signet_sealed_buffer_offer_v1")
    package static let offerUsed = Fault("already_used", 1, on: "signet_sealed_buffer_offer_v1")
}
