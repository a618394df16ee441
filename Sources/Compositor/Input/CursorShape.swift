internal import WaylandServer

/// What the pointer means, as `wp_cursor_shape_device_v1` names it.
struct CursorShape: Hashable, Sendable {
    /// What a theme may call it, the best name first.
    let names: [String]

    /// The plain arrow.
    static let arrow = CursorShape(names: ["default", "left_ptr"])

    private init(names: [String]) { self.names = names }

    /// The names of CSS, and those that older themes have; nil for a shape that doesn't exist in a version.
    init?(_ shape: WpCursorShapeDeviceV1.Shape, version: UInt32) {
        let older: [String]
        switch shape {
        case .`default`: older = ["left_ptr"]
        case .contextMenu: older = []
        case .help: older = ["question_arrow", "left_ptr_help"]
        case .pointer: older = ["hand2", "hand1"]
        case .progress: older = ["left_ptr_watch"]
        case .wait: older = ["watch"]
        case .cell: older = ["plus"]
        case .crosshair: older = ["cross"]
        case .text: older = ["xterm"]
        case .verticalText: older = []
        case .alias: older = ["dnd-link"]
        case .copy: older = ["dnd-copy"]
        case .move: older = ["dnd-move", "fleur"]
        case .noDrop: older = ["dnd-none", "circle"]
        case .notAllowed: older = ["crossed_circle"]
        case .grab: older = ["openhand", "hand1"]
        case .grabbing: older = ["closedhand", "fleur"]
        case .eResize: older = ["right_side"]
        case .nResize: older = ["top_side"]
        case .neResize: older = ["top_right_corner"]
        case .nwResize: older = ["top_left_corner"]
        case .sResize: older = ["bottom_side"]
        case .seResize: older = ["bottom_right_corner"]
        case .swResize: older = ["bottom_left_corner"]
        case .wResize: older = ["left_side"]
        case .ewResize: older = ["sb_h_double_arrow"]
        case .nsResize: older = ["sb_v_double_arrow"]
        case .neswResize: older = ["fd_double_arrow"]
        case .nwseResize: older = ["bd_double_arrow"]
        case .colResize: older = ["sb_h_double_arrow"]
        case .rowResize: older = ["sb_v_double_arrow"]
        case .allScroll: older = ["fleur"]
        case .zoomIn: older = []
        case .zoomOut: older = []
        case .dndAsk: older = ["dnd-ask"]
        case .allResize: older = ["move", "fleur"]
        case .unrecognized: return nil
        }
        if shape.rawValue >= WpCursorShapeDeviceV1.Shape.dndAsk.rawValue, version < 2 { return nil }
        names = [Self.names[Int(shape.rawValue) - 1]] + older
    }

    /// By number, from 1 on.
    private static let names = [
        "default", "context-menu", "help", "pointer", "progress", "wait", "cell", "crosshair", "text",
        "vertical-text", "alias", "copy", "move", "no-drop", "not-allowed", "grab", "grabbing", "e-resize",
        "n-resize", "ne-resize", "nw-resize", "s-resize", "se-resize", "sw-resize", "w-resize", "ew-resize",
        "ns-resize", "nesw-resize", "nwse-resize", "col-resize", "row-resize", "all-scroll", "zoom-in",
        "zoom-out", "dnd-ask", "all-resize",
    ]
}
