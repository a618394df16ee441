internal import WaylandClient

/// An output, as its compositor tells of it.
public final class DriverOutput {
    let proxy: WlOutput
    let global: UInt32
    /// As `HEADLESS-1`.
    public private(set) var name = ""
    /// Its width in pixels.
    public private(set) var width = 0
    /// Its height in pixels.
    public private(set) var height = 0
    /// Frames in a second.
    public private(set) var refresh = 0.0
    /// Where its top left corner is, from the left, in global coordinates.
    public private(set) var x = 0
    /// Where its top left corner is, from the top, in global coordinates.
    public private(set) var y = 0

    private var xdgOutput: ZxdgOutputV1?
    /// Its width and height in units of the scene, as xdg-output tells; nil where that isn't known.
    private var logical: (width: Int, height: Int)?
    var logicalSize: (width: Int, height: Int) { logical ?? (width, height) }
    /// Pixels for each unit of the scene.
    public var scale: Double { Double(width) / Double(max(1, logicalSize.width)) }

    init(_ proxy: WlOutput, global: UInt32) {
        self.proxy = proxy
        self.global = global
        proxy.onName = { [unowned self] in name = $0 }
        proxy.onGeometry = { [unowned self] x, y, _, _, _, _, _, _ in (self.x, self.y) = (Int(x), Int(y)) }
        proxy.onMode = { [unowned self] flags, width, height, refresh in
            guard flags.contains(.current) else { return }
            (self.width, self.height) = (Int(width), Int(height))
            self.refresh = Double(refresh) / 1_000
        }
    }

    deinit {
        xdgOutput?.destroy()
        if proxy.version >= 3 { proxy.release() }
    }

    /// Hears how large it is in units of the scene.
    func follow(_ manager: ZxdgOutputManagerV1?) {
        xdgOutput = manager?.getXdgOutput(output: proxy)
        xdgOutput?.onLogicalSize = { [unowned self] in logical = (Int($0), Int($1)) }
    }
}

extension Driver {
    /// The output with a name, or the first one.
    public func output(_ name: String?) throws(DriverError) -> DriverOutput {
        try update()
        if let found = outputs.first(where: { name == nil || $0.name == name }) { return found }
        let names = outputs.map(\.name).joined(separator: ", ")
        throw .noMatch("there is no output \(name ?? "at all")\(names.isEmpty ? "" : "; there are \(names)")")
    }

    /// Changes what is given of an output, all of it or nothing: its size in pixels, its frames in a second, its scale,
    /// its place in global coordinates.
    public func change(
        _ output: DriverOutput,
        size: (width: Int, height: Int)? = nil,
        refresh: Double? = nil,
        scale: Double? = nil,
        position: (x: Int, y: Int)? = nil
    ) throws(DriverError) {
        let change = manager.changeOutput(output: output.proxy)
        defer { change.destroy() }
        if size != nil || refresh != nil {
            change.setMode(
                width: Int32(clamping: size?.width ?? output.width),
                height: Int32(clamping: size?.height ?? output.height),
                refresh: Int32(clamping: Int(min(max((refresh ?? 0) * 1_000, 0), 1e9).rounded()))
            )
        }
        if let scale { change.setScale(scale: UInt32(clamping: Int(min(max(scale * 120, 0), 1e9).rounded()))) }
        if let position { change.setPosition(x: Int32(clamping: position.x), y: Int32(clamping: position.y)) }
        var (isDone, reason): (Bool, String?) = (false, nil)
        change.onApplied = { isDone = true }
        change.onRefused = { reason = $0 }
        change.apply()
        try wait { isDone || reason != nil }
        if let reason { throw .refused(reason) }
        // Its windows may fill it.
        try settle()
    }
}
