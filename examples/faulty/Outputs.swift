import ClientToolkit
import Glibc
import WaylandClient

/// The compositor's outputs, as they come and go.
final class Outputs {
    private var outputs: [UInt32: WlOutput] = [:]
    private let fault: Fault

    init(_ globals: Globals, fault: Fault) {
        self.fault = fault
        for global in globals.offered where global.interface == WlOutput.interface.name {
            add(global.name, globals.registry, version: global.version)
        }
        globals.registry.onGlobal = { [weak self, unowned registry = globals.registry] name, interface, version in
            guard interface == WlOutput.interface.name else { return }
            if fault == .diesOfNewOutput { abort() }
            self?.add(name, registry, version: version)
        }
        globals.registry.onGlobalRemove = { [weak self] name in
            guard let output = self?.outputs.removeValue(forKey: name) else { return }
            if fault == .diesOfLostOutput { abort() }
            if output.version >= 3 { output.release() }
        }
    }

    private func add(_ name: UInt32, _ registry: WlRegistry, version: UInt32) {
        let output = registry.bind(name: name, as: WlOutput.self, version: min(version, 4))
        outputs[name] = output
        output.onScale = { [weak self] scale in
            if self?.fault == .diesOfScale, scale != 1 { abort() }
        }
    }

    func close() {
        for output in outputs.values where output.version >= 3 { output.release() }
        outputs = [:]
    }
}
