// swift-tools-version: 6.3
import PackageDescription

/// What every Swift target of the house is compiled with.
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Whether the fuzzer is built, with which no other program links; see Tests/Fuzzing/run.
let isFuzzing = Context.environment["SIGNET_FUZZING"] != nil
/// What is fuzzed is built with counters of what was reached.
let fuzzed: [SwiftSetting] = isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer", "-assert-config", "Debug"])] : []

let package = Package(
    name: "signet",
    products: [
        .executable(name: "signet", targets: ["signet"]),
        .executable(name: "signet-encoder", targets: ["signet-encoder"]),
        .library(name: "SharedMemory", targets: ["SharedMemory"]),
        .library(name: "DirectRendering", targets: ["DirectRendering", "SharedMemory"]),
        .library(name: "WaylandServer", targets: ["WaylandServer", "WaylandWire"]),
        .library(name: "WaylandClient", targets: ["WaylandClient", "WaylandWire"]),
        .library(name: "SignetDriver", targets: ["SignetDriver", "WaylandClient", "SharedMemory"]),
        .library(name: "SignetTesting", targets: ["SignetTesting", "Compositor", "SignetDriver"]),
        .plugin(name: "WaylandBindings", targets: ["WaylandBindings"]),
        .library(name: "signet-wlcs", type: .dynamic, targets: ["WLCSModule", "CWLCS"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // Ground floor: system libraries, and what Swift can't import from C headers.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CPixman", pkgConfig: "pixman-1", providers: [.apt(["libpixman-1-dev"])]),
        // Without pkg-config, whose flags for fcft SwiftPM objects to; its header wants CPixman's.
        .systemLibrary(name: "CFcft", providers: [.apt(["libfcft-dev"])]),
        .target(name: "CPixelKernels"),
        .target(name: "CProcess"),
        .systemLibrary(name: "CXKBCommon", pkgConfig: "xkbcommon", providers: [.apt(["libxkbcommon-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CDRM", pkgConfig: "libdrm", providers: [.apt(["libdrm-dev"])]),
        // Only a benchmark's, and without pkg-config, as no other program needs it.
        .systemLibrary(name: "CSwscale", providers: [.apt(["libswscale-dev"])]),
        // Only a sample's, and without pkg-config, whose flags SwiftPM objects to.
        .systemLibrary(
            name: "CLibAV",
            providers: [.apt(["libavcodec-dev", "libavformat-dev", "libavutil-dev"])]
        ),
        .systemLibrary(name: "CWaylandUtil"),
        .systemLibrary(name: "CWaylandServer", pkgConfig: "wayland-server", providers: [.apt(["libwayland-dev"])]),
        .systemLibrary(name: "CWaylandClient", pkgConfig: "wayland-client", providers: [.apt(["libwayland-dev"])]),

        // Memory and pixels; neither knows Wayland.
        .target(name: "SharedMemory", dependencies: ["CLinux"], swiftSettings: strict),
        .target(name: "DirectRendering", dependencies: ["CDRM", "CLinux", "SharedMemory"], swiftSettings: strict),
        .target(name: "Pixels", dependencies: ["CFcft", "CPixman", "CPixelKernels"], swiftSettings: strict),

        // Protocol XML becomes Swift while the package is built.
        .target(name: "WaylandScanner", swiftSettings: strict),
        .executableTarget(
            name: "wayland-swift-scanner",
            dependencies: ["WaylandScanner"],
            path: "Sources/Tools/wayland-swift-scanner",
            swiftSettings: strict
        ),
        .plugin(
            name: "WaylandBindings",
            capability: .buildTool(),
            dependencies: ["wayland-swift-scanner"],
            path: "Sources/Plugins/WaylandBindings"
        ),

        // Wayland itself: a small runtime and generated bindings for either end. Neither knows pixels.
        .target(name: "WaylandWire", swiftSettings: strict),
        .target(
            name: "WaylandServer",
            dependencies: ["CLinux", "SharedMemory", "WaylandWire"],
            exclude: ["README.md", "bindings.conf"],
            swiftSettings: strict + fuzzed,
            plugins: ["WaylandBindings"]
        ),
        .target(
            name: "WaylandClient",
            dependencies: ["CWaylandClient", "CWaylandUtil", "SharedMemory", "WaylandWire"],
            exclude: ["bindings.conf"],
            swiftSettings: strict,
            plugins: ["WaylandBindings"]
        ),

        // The compositor: the protocols' objects, in folders that follow a buffer's way.
        .target(
            name: "Compositor",
            dependencies: [
                "CLinux", "CXKBCommon", "DirectRendering", "Pixels", "SharedMemory", "WaylandServer", "WaylandWire",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["README.md"],
            swiftSettings: strict,
            plugins: ["Walls"]
        ),
        .plugin(name: "Walls", capability: .buildTool(), path: "Sources/Plugins/Walls"),

        // What operates programs on a running compositor.
        .target(
            name: "SignetDriver",
            dependencies: ["CPNG", "CXKBCommon", "DirectRendering", "SharedMemory", "WaylandClient", "WaylandWire"],
            swiftSettings: strict
        ),

        // A compositor and a driver for tests of programs.
        .target(
            name: "SignetTesting",
            dependencies: [
                "CProcess", "Compositor", "SharedMemory", "SignetDriver", "WaylandClient", "WaylandServer",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),

        // Results for programs: JSON, and JUnit's XML.
        .target(name: "Reports", swiftSettings: strict),

        // What judges other clients: it stands between them and a compositor.
        .target(
            name: "ClientCheck",
            dependencies: [
                "CLinux", "CProcess", "Pixels", "Reports", "SharedMemory", "SignetDriver", "WaylandServer",
            ],
            exclude: ["README.md", "bindings.conf"],
            swiftSettings: strict,
            plugins: ["WaylandBindings"]
        ),

        // Video: pictures go from one process to another by descriptor, and one of them encodes.
        .target(
            name: "VideoChannel",
            dependencies: ["DirectRendering", "SharedMemory"],
            exclude: ["README.md"],
            swiftSettings: strict
        ),
        // Without pkg-config, whose -pthread SwiftPM objects to.
        .systemLibrary(name: "CX264", providers: [.apt(["libx264-dev"])]),
        .executableTarget(
            name: "signet-encoder",
            dependencies: ["CX264", "SharedMemory", "VideoChannel"],
            exclude: ["LICENSE.md"],
            swiftSettings: strict
        ),

        // Clients that break rules, for any compositor.
        .target(
            name: "Conformance",
            dependencies: ["CLinux", "Reports", "SharedMemory"],
            exclude: ["README.md"],
            swiftSettings: strict
        ),

        // The command.
        .executableTarget(
            name: "signet",
            dependencies: [
                "CLinux", "CPNG", "CProcess", "ClientCheck", "Compositor", "Conformance", "DirectRendering", "Pixels",
                "Reports", "SharedMemory", "SignetDriver", "VideoChannel", "WaylandClient", "WaylandServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),

        // Sample clients, and what they share.
        .target(
            name: "ClientToolkit",
            dependencies: ["DirectRendering", "SharedMemory", "WaylandClient", "WaylandWire"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "simple-shm",
            dependencies: ["ClientToolkit", "WaylandClient"],
            path: "examples/simple-shm",
            swiftSettings: strict
        ),

        .executableTarget(
            name: "subsurfaces",
            dependencies: ["ClientToolkit", "WaylandClient", "WaylandWire"],
            path: "examples/subsurfaces",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "shrinker",
            dependencies: ["CLinux", "ClientToolkit", "SharedMemory", "WaylandClient"],
            path: "examples/shrinker",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "wallpaper",
            dependencies: ["ClientToolkit", "SharedMemory", "WaylandClient"],
            path: "examples/wallpaper",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "prime",
            dependencies: ["ClientToolkit", "DirectRendering", "SharedMemory", "WaylandClient"],
            path: "examples/prime",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "udmabuf",
            dependencies: ["ClientToolkit", "DirectRendering", "SharedMemory", "WaylandClient"],
            path: "examples/udmabuf",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "camera",
            dependencies: ["ClientToolkit", "DirectRendering", "SharedMemory", "WaylandClient"],
            path: "examples/camera",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "player",
            dependencies: [
                "CLibAV", "CLinux", "CProcess", "ClientToolkit", "DirectRendering", "SharedMemory", "WaylandClient",
                "WaylandWire",
            ],
            path: "examples/player",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "faulty",
            dependencies: ["CLinux", "ClientToolkit", "SharedMemory", "WaylandClient"],
            path: "examples/faulty",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "minimal-compositor",
            dependencies: ["DirectRendering", "SharedMemory", "WaylandServer"],
            path: "examples/minimal-compositor",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "shared-memory-tour",
            dependencies: ["CLinux", "DirectRendering", "SharedMemory"],
            path: "examples/shared-memory-tour",
            exclude: ["README.md"],
            swiftSettings: strict
        ),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: ["CLinux", "CPNG", "Compositor", "DirectRendering", "SharedMemory"],
            path: "Tests/Support/TestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "TestProtocolServer",
            dependencies: ["SharedMemory", "WaylandServer", "WaylandWire"],
            path: "Tests/Support/TestProtocolServer",
            exclude: ["bindings.conf"],
            swiftSettings: strict,
            plugins: ["WaylandBindings"]
        ),
        .target(
            name: "TestProtocolClient",
            dependencies: ["SharedMemory", "WaylandClient", "WaylandWire"],
            path: "Tests/Support/TestProtocolClient",
            exclude: ["bindings.conf"],
            swiftSettings: strict,
            plugins: ["WaylandBindings"]
        ),
        .executableTarget(name: "without-memfd", path: "Tests/Support/without-memfd"),
        .executableTarget(name: "stuck-file", path: "Tests/Support/stuck-file"),
        .executableTarget(name: "hostile-client", path: "Tests/Support/hostile-client"),
        .executableTarget(
            name: "hostile-windows",
            dependencies: ["CDRM", "ClientToolkit", "DirectRendering", "SharedMemory", "WaylandClient"],
            path: "Tests/Support/hostile-windows",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "scripted-compositor",
            dependencies: [
                "Compositor", "Pixels", "SharedMemory", "WaylandServer",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Support/scripted-compositor",
            swiftSettings: strict
        ),
        .testTarget(
            name: "WaylandScannerTests",
            dependencies: ["WaylandScanner", "wayland-swift-scanner"],
            exclude: ["Golden"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WaylandBindingsTests",
            dependencies: [
                "SharedMemory", "TestProtocolClient", "TestProtocolServer", "TestSupport", "WaylandClient",
                "WaylandServer",
                "WaylandWire",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "WireFuzzing",
            dependencies: [
                "CLinux", "SharedMemory", "TestProtocolServer", "TestSupport", "WaylandServer", "WaylandWire",
            ],
            path: "Tests/Fuzzing/WireFuzzing",
            swiftSettings: strict
        ),
        .testTarget(
            name: "WaylandServerTests",
            dependencies: [
                "CLinux", "Conformance", "SharedMemory", "TestProtocolServer", "TestSupport", "WaylandServer",
                "WaylandWire", "WireFuzzing",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ReferenceServer",
            dependencies: ["CWaylandServer"],
            path: "Tests/Support/ReferenceServer"
        ),
        .target(
            name: "ProtocolRecorders",
            dependencies: ["SharedMemory", "TestProtocolServer", "TestSupport", "WaylandServer", "WaylandWire"],
            path: "Tests/Support/ProtocolRecorders",
            exclude: ["bindings.conf"],
            swiftSettings: strict,
            plugins: ["WaylandBindings"]
        ),
        .testTarget(
            name: "DifferentialTests",
            dependencies: [
                "CLinux", "CWaylandUtil", "ProtocolRecorders", "ReferenceServer", "SharedMemory", "TestSupport",
                "WaylandServer",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ClientCheckTests",
            dependencies: ["ClientCheck", "SharedMemory", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "VideoChannelTests",
            dependencies: ["SharedMemory", "TestSupport", "VideoChannel"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SharedMemoryTests",
            dependencies: ["Conformance", "SharedMemory", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DirectRenderingTests",
            dependencies: ["CDRM", "DirectRendering", "SharedMemory", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "PixelsTests",
            dependencies: ["CFcft", "CPixelKernels", "CPixman", "Pixels"],
            // Pictures are made and compared pixel by pixel.
            swiftSettings: strict + [.unsafeFlags(["-O"])]
        ),
        .testTarget(
            name: "CompositorTests",
            dependencies: [
                "CDRM", "CLinux", "ClientToolkit", "Compositor", "DirectRendering", "Pixels", "SharedMemory",
                "TestSupport",
                "WaylandClient", "WaylandWire", .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Scenes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "CLinux", "CPNG", "ClientToolkit", "Conformance", "DirectRendering", "SharedMemory", "TestSupport",
                "WaylandClient", "signet", "signet-encoder", "camera", "hostile-client", "hostile-windows",
                "minimal-compositor", "player", "prime", "faulty",
                "scripted-compositor", "shared-memory-tour", "simple-shm", "stuck-file", "udmabuf", "without-memfd",
            ],
            swiftSettings: strict
        ),

        // The example package's tests, as a package of its own has them.
        .testTarget(
            name: "GUITests",
            dependencies: ["Compositor", "SignetDriver", "SignetTesting"],
            path: "examples/gui-test/Tests/GUITests",
            swiftSettings: strict
        ),

        // The module by which the conformance suite WLCS drives a compositor; see Tests/wlcs/run.
        .target(name: "CWLCS", path: "Tests/wlcs/CWLCS"),
        .target(
            name: "WLCSModule",
            dependencies: [
                "CWLCS", "CWaylandClient", "CWaylandUtil", "Compositor", "Pixels", "SharedMemory", "WaylandServer",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/wlcs/WLCSModule",
            swiftSettings: strict
        ),

        // Benchmarks: run by name, they report and judge nothing.
        .target(
            name: "CListenerServer",
            dependencies: ["CWaylandServer"],
            path: "Tests/Benchmarks/CListenerServer"
        ),
        .target(
            name: "LibwaylandBindings",
            dependencies: ["CWaylandServer", "CWaylandUtil", "SharedMemory", "WaylandWire"],
            path: "Tests/Benchmarks/LibwaylandBindings",
            exclude: ["README.md"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "dispatch-benchmark",
            dependencies: [
                "CListenerServer", "Compositor", "LibwaylandBindings", "SharedMemory", "TestSupport", "WaylandClient",
                "WaylandServer",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Benchmarks/dispatch-benchmark",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "render-benchmark",
            dependencies: ["CPixelKernels", "ClientToolkit", "SharedMemory", "WaylandClient", "WaylandWire"],
            path: "Tests/Benchmarks/render-benchmark",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "video-benchmark",
            dependencies: ["CSwscale", "DirectRendering", "Pixels", "SharedMemory"],
            path: "Tests/Benchmarks/video-benchmark",
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)

if isFuzzing {
    package.targets += [
        .target(name: "CFuzzer", path: "Tests/Fuzzing/CFuzzer"),
        .executableTarget(
            name: "wire-fuzzer",
            dependencies: ["CFuzzer", "WireFuzzing"],
            path: "Tests/Fuzzing/wire-fuzzer",
            swiftSettings: strict
        ),
    ]
}
