internal import Glibc
internal import WaylandClient

/// What an output showed, for finding out whether it shows something else now.
struct LastPicture {
    private var width = 0
    private var height = 0
    private var pixels: [UInt8] = []
    /// Whether a frame has been looked at.
    var isKnown: Bool { !pixels.isEmpty }

    /// Looks at a frame: whether a pixel outside of `ignored` and inside of `area`, where that isn't nil, is another
    /// than it was. Only what the frame says has changed is compared: rows, and pixels where a row isn't the same.
    mutating func changes(
        with frame: ReceivedFrame,
        in area: PixelArea?,
        besides ignored: [PixelArea]
    ) throws(DriverError) -> Bool {
        try frame.check()
        let isNew = frame.width != width || frame.height != height
        if isNew {
            (width, height) = (frame.width, frame.height)
            pixels = []
        }
        let (width, height, stride) = (width, height, frame.rowLength)
        let whole = PixelArea(x: 0, y: 0, width: width, height: height)
        var changed = isNew
        var old = pixels.isEmpty ? [UInt8](repeating: 0, count: width * height * 4) : pixels
        pixels = []
        try frame.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { new in
                unsafe old.withUnsafeMutableBytes { old in
                    for damage in isNew ? [whole] : frame.damage {
                        let (left, right) = (min(damage.x, width), min(damage.x + damage.width, width))
                        for y in min(damage.y, height)..<min(damage.y + damage.height, height) where left < right {
                            let row = unsafe new.baseAddress! + y * stride + left * 4
                            let before = unsafe old.baseAddress! + (y * width + left) * 4
                            let length = (right - left) * 4
                            if unsafe memcmp(row, before, length) == 0 { continue }
                            for x in left..<right where !changed {
                                // The fourth byte means nothing.
                                let one = unsafe row.loadUnaligned(fromByteOffset: (x - left) * 4, as: UInt32.self)
                                let other = unsafe before.loadUnaligned(fromByteOffset: (x - left) * 4, as: UInt32.self)
                                if (one ^ other) & 0xff_ffff != 0,
                                    area?.contains(x, y) ?? true, !ignored.contains(where: { $0.contains(x, y) })
                                {
                                    changed = true
                                }
                            }
                            unsafe memcpy(before, row, length)
                        }
                    }
                }
            }
        }
        pixels = old
        return changed
    }
}

extension Driver {
    /// Waits until no pixel of an output has changed for some time, and nothing is on its way that would change one: no
    /// window has still to become what it was asked to be, and no commit waits for its content. Of all outputs, or of
    /// one, or of where a window is.
    ///
    /// Programs that draw the same again change nothing. `ignored` are rectangles of the outputs' pictures that don't
    /// count, for a blinking caret or a clock.
    public func waitUntilStable(
        for time: Duration,
        outputNamed name: String? = nil,
        window: DriverWindow? = nil,
        ignoring ignored: [PixelArea] = [],
        within patience: Duration = .seconds(30)
    ) throws(DriverError) {
        let clock = ContinuousClock()
        let end = clock.now + patience
        var watched: [(reader: FrameReader, area: PixelArea?, last: LastPicture)] = []
        if let window {
            let (output, area) = try place(of: window)
            watched = [(try frames(of: output), area, LastPicture())]
        } else {
            try update()
            let chosen = name == nil ? outputs : [try output(name)]
            for output in chosen { watched.append((try frames(of: output), nil, LastPicture())) }
        }
        for (reader, _, _) in watched { reader.ask() }
        var calmSince = clock.now
        var changes = 0
        while true {
            for index in watched.indices where watched[index].reader.isAnswered {
                guard let frame = try watched[index].reader.take() else { continue }
                let area = watched[index].area
                if try watched[index].last.changes(with: frame, in: area, besides: ignored) {
                    changes += 1
                    calmSince = clock.now
                }
                watched[index].reader.ask()
            }
            var next = calmSince + time
            if clock.now >= next, watched.allSatisfy(\.last.isKnown) {
                if try pending() == nil { return }
                // Nobody tells when that is over.
                next = clock.now + .milliseconds(10)
            }
            if clock.now >= end {
                let reason = try pending() ?? "pixels have changed \(max(0, changes - watched.count)) times"
                throw .timeout("the picture wasn't stable for \(time.text) within \(patience.text): \(reason)")
            }
            _ = try dispatch(until: min(max(next, clock.now + .milliseconds(1)), end))
        }
    }

    /// What is on its way to the outputs; nil where nothing is.
    private func pending() throws(DriverError) -> String? {
        let pending = manager.look()
        defer { pending.destroy() }
        var answer: (configures: UInt32, commits: UInt32, reads: UInt32)?
        pending.onDone = { answer = ($0, $1, $2) }
        try wait { answer != nil }
        guard let answer else { return nil }
        if answer.configures > 0 { return "\(answer.configures) windows haven't drawn what they were asked for" }
        if answer.commits > 0 { return "\(answer.commits) commits wait for their content" }
        if answer.reads > 0 { return "\(answer.reads) things are being read" }
        return nil
    }
}
