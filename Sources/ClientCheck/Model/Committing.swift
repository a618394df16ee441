import Pixels

extension ClientModel {
    /// wl_surface.commit: the pending state is applied.
    ///
    /// That of a synchronised subsurface waits for its parent's. The compositor puts together what is committed
    /// meanwhile, its damage too, so that each commit can be judged by the one before.
    func commit(_ surface: Surface) {
        let state = surface.pending
        surface.pending.attachment = nil
        surface.pending.surfaceDamage = Region()
        surface.pending.bufferDamage = Region()
        surface.current = state
        surface.commitCount += 1
        if let shell = surface.shell, let geometry = shell.pendingGeometry { shell.geometry = geometry }
        let before = surface.shown
        var attached: Buffer?
        switch state.attachment {
        case .nothing?: (surface.buffer, surface.shown) = (nil, nil)
        case .buffer(let buffer)?:
            attached = buffer
            surface.buffer = buffer
            surface.shown = buffer.read()
        case nil: break
        }
        let commit = Commit(
            surface: surface,
            buffer: attached,
            before: before,
            after: attached == nil ? nil : surface.shown,
            damage: surface.damageInPixels,
            hasDamage: !state.surfaceDamage.isEmpty || !state.bufferDamage.isEmpty
        )
        if let attached { hold(attached, for: surface) }
        tell(.committed(commit))
        attached?.committed = surface.shown
        attached?.isHeld = true
        attached?.commitTime = time
    }

    private func hold(_ buffer: Buffer, for surface: Surface) {
        if let other = buffer.surface, other !== surface { buffer.isShared = true }
        buffer.surface = surface
    }
}

extension Surface {
    /// The damage of the last commit in pixels of the buffer, grown to whole pixels; nil where that can't be told.
    fileprivate var damageInPixels: Region? {
        guard let buffer else { return nil }
        if current.surfaceDamage.isEmpty { return current.bufferDamage }
        // How a viewport or a turned buffer maps isn't computed here.
        guard current.source == nil, current.transform == 0 else { return nil }
        guard let destination = current.destination else {
            return current.bufferDamage.union(current.surfaceDamage.mapped { $0.scaled(by: current.scale) })
        }
        guard buffer.width > 0, destination[0] > 0, destination[1] > 0 else { return nil }
        let scaled = current.surfaceDamage.mapped {
            let left = ($0.minX * buffer.width).floored(dividingBy: destination[0]) - 1
            let top = ($0.minY * buffer.height).floored(dividingBy: destination[1]) - 1
            let right = ($0.maxX * buffer.width).floored(dividingBy: destination[0]) + 2
            let bottom = ($0.maxY * buffer.height).floored(dividingBy: destination[1]) + 2
            return Rectangle(x: left, y: top, width: right - left, height: bottom - top)
        }
        return current.bufferDamage.union(scaled)
    }
}

extension Rectangle {
    func scaled(by factor: Int) -> Rectangle {
        Rectangle(x: x * factor, y: y * factor, width: width * factor, height: height * factor)
    }

    /// As in `10,20 300x40`.
    var text: String { "\(x),\(y) \(width)x\(height)" }
}

extension Int {
    fileprivate func floored(dividingBy divisor: Int) -> Int {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
