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
        if shape.rawValue >= WpCursorShapeDeviceV1.Shape.dndAsk.rawValue, version < 2 { return nil }
        switch shape {
        case .`default`: names = ["default", "left_ptr"]
        case .contextMenu: names = ["context-menu"]
        case .help: names = ["help", "question_arrow", "left_ptr_help"]
        case .pointer: names = ["pointer", "hand2", "hand1"]
        case .progress: names = ["progress", "left_ptr_watch"]
        case .wait: names = ["wait", "watch"]
        case .cell: names = ["cell", "plus"]
        case .crosshair: names = ["crosshair", "cross"]
        case .text: names = ["text", "xterm"]
        case .verticalText: names = ["vertical-text"]
        case .alias: names = ["alias", "dnd-link"]
        case .copy: names = ["copy", "dnd-copy"]
        case .move: names = ["move", "dnd-move", "fleur"]
        case .noDrop: names = ["no-drop", "dnd-none", "circle"]
        case .notAllowed: names = ["not-allowed", "crossed_circle"]
        case .grab: names = ["grab", "openhand", "hand1"]
        case .grabbing: names = ["grabbing", "closedhand", "fleur"]
        case .eResize: names = ["e-resize", "right_side"]
        case .nResize: names = ["n-resize", "top_side"]
        case .neResize: names = ["ne-resize", "top_right_corner"]
        case .nwResize: names = ["nw-resize", "top_left_corner"]
        case .sResize: names = ["s-resize", "bottom_side"]
        case .seResize: names = ["se-resize", "bottom_right_corner"]
        case .swResize: names = ["sw-resize", "bottom_left_corner"]
        case .wResize: names = ["w-resize", "left_side"]
        case .ewResize: names = ["ew-resize", "sb_h_double_arrow"]
        case .nsResize: names = ["ns-resize", "sb_v_double_arrow"]
        case .neswResize: names = ["nesw-resize", "fd_double_arrow"]
        case .nwseResize: names = ["nwse-resize", "bd_double_arrow"]
        case .colResize: names = ["col-resize", "sb_h_double_arrow"]
        case .rowResize: names = ["row-resize", "sb_v_double_arrow"]
        case .allScroll: names = ["all-scroll", "fleur"]
        case .zoomIn: names = ["zoom-in"]
        case .zoomOut: names = ["zoom-out"]
        case .dndAsk: names = ["dnd-ask", "dnd-ask"]
        case .allResize: names = ["all-resize", "move", "fleur"]
        case .unrecognized: return nil
        }
    }
}
