// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "gui-test",
    dependencies: [.package(name: "signet", path: "../..")],
    targets: [
        .testTarget(name: "GUITests", dependencies: [.product(name: "SignetTesting", package: "signet")])
    ]
)
