// swift-tools-version: 6.3
import PackageDescription

/// What every Swift target of the house is compiled with.
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "signet",
    products: [
        .library(name: "SharedMemory", targets: ["SharedMemory"])
    ],
    targets: [
        // Ground floor: system libraries, and what Swift can't import from C headers.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CPixman", pkgConfig: "pixman-1", providers: [.apt(["libpixman-1-dev"])]),
        .target(name: "CPixelKernels"),

        // Memory and pixels; neither knows Wayland.
        .target(name: "SharedMemory", dependencies: ["CLinux"], swiftSettings: strict),
        .target(name: "Pixels", dependencies: ["CPixman", "CPixelKernels"], swiftSettings: strict),

        .testTarget(name: "SharedMemoryTests", dependencies: ["SharedMemory", "CLinux"], swiftSettings: strict),
        .testTarget(name: "PixelsTests", dependencies: ["Pixels"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
