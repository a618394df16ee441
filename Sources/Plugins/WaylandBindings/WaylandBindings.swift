import Foundation
import PackagePlugin

/// Generates Swift bindings for the protocols that a target lists in its `bindings.conf`.
///
/// The file's first word is `server` or `client` (or `recorder`, for tests of servers, or
/// `table`, for messages as data); then, one a line:
///
///     core wayland.xml                        where libwayland's wayland.xml is installed
///     installed stable/xdg-shell/xdg-shell.xml    among wayland-protocols
///     local protocol/some-protocol.xml        in this package, from its top
///     import WaylandServer                    a module that the generated code imports
///
/// Installed files are found by pkg-config, so that the bindings match the system they are built on.
@main
struct WaylandBindings: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let configuration = target.directoryURL.appending(path: "bindings.conf")
        let lines = try String(contentsOf: configuration, encoding: .utf8)
            .split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
            .filter { !$0.isEmpty && !$0[0].hasPrefix("#") }
        guard let side = lines.first?.first, ["server", "client", "recorder", "table"].contains(side) else {
            throw PluginError("\(configuration.path): starts with 'server' or 'client'")
        }
        let imports = lines.filter { $0.count == 2 && $0[0] == "import" }.map { $0[1] }
        let scanner = try context.tool(named: "wayland-swift-scanner").url
        return try lines.dropFirst().filter { $0[0] != "import" }.map { line in
            guard line.count == 2 else { throw PluginError("\(configuration.path): can't read '\(line[0])'") }
            let input = try file(line[1], from: line[0], context: context)
            let name = input.deletingPathExtension().lastPathComponent
            let output = context.pluginWorkDirectoryURL.appending(path: "\(name).swift")
            return .buildCommand(
                displayName: "Generating \(side) bindings for \(name)",
                executable: scanner,
                arguments: [side, input.path, output.path] + imports,
                inputFiles: [input, configuration],
                outputFiles: [output]
            )
        }
    }

    private func file(_ path: String, from place: String, context: PluginContext) throws -> URL {
        switch place {
        case "core": URL(filePath: try installedFolder(of: "wayland-scanner")).appending(path: path)
        case "installed": URL(filePath: try installedFolder(of: "wayland-protocols")).appending(path: path)
        case "local": context.package.directoryURL.appending(path: path)
        default: throw PluginError("bindings.conf: '\(place)' is none of core, installed, local, import")
        }
    }

    private func installedFolder(of package: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["pkg-config", "--variable=pkgdatadir", package]
        process.standardOutput = output
        try process.run()
        process.waitUntilExit()
        let folder = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard process.terminationStatus == 0, !folder.isEmpty else {
            throw PluginError(
                "pkg-config doesn't know \(package): install libwayland-dev, libwayland-bin and wayland-protocols"
            )
        }
        return folder
    }
}

struct PluginError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
