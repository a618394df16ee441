import Foundation
import PackagePlugin

/// Fails the build where a folder of the compositor knows another that it shouldn't; `Tests/walls.sh` says which.
@main
struct Walls: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let sources = target.sourceModule?.sourceFiles(withSuffix: "swift").map(\.url) else { return [] }
        let script = context.package.directoryURL.appending(path: "Tests/walls.sh")
        // It is compiled too, and says nothing.
        let output = context.pluginWorkDirectoryURL.appending(path: "Walls.swift")
        return [
            .buildCommand(
                displayName: "Checking the walls of \(target.name)",
                executable: URL(filePath: "/bin/bash"),
                arguments: ["-c", "\"$0\" && echo '// The walls stand.' >\"$1\"", script.path, output.path],
                inputFiles: sources + [script],
                outputFiles: [output]
            )
        ]
    }
}
