public import Compositor
internal import SignetDriver
internal import Synchronization
public import Testing

/// Gives each test a ``Desktop`` of its own, and keeps a picture of what it showed when the test first failed: as an
/// attachment, which `swift test --attachments-path FOLDER` writes to a file.
///
///     @Test(.desktop) func greets() throws {
///         let desktop = try Desktop.ofTest
///         ...
///     }
public struct DesktopTrait: TestTrait, SuiteTrait, TestScoping {
    private let outputs: [OutputMode]
    private let shmPolicy: ShmPolicy

    /// Of a suite, it is each test's.
    public var isRecursive: Bool { true }

    fileprivate init(outputs: [OutputMode], shmPolicy: ShmPolicy) {
        self.outputs = outputs
        self.shmPolicy = shmPolicy
    }

    /// Makes the desktop before the test, and ends it afterwards.
    public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        // A suite as such has none.
        guard testCase != nil else { return try await function() }
        let holder = DesktopHolder(try Desktop(outputs: outputs, shmPolicy: shmPolicy))
        let observer = IssueHandlingTrait.compactMapIssues { issue in
            holder.attachPictures()
            return issue
        }
        try await observer.provideScope(for: test, testCase: testCase) {
            try await DesktopHolder.$current.withValue(holder) {
                do { try await function() } catch {
                    holder.attachPictures()
                    throw error
                }
            }
        }
    }
}

/// Carries a desktop to its test.
final class DesktopHolder: @unchecked Sendable {
    @TaskLocal static var current: DesktopHolder?

    let desktop: Desktop
    private let hasAttached = Atomic(false)

    init(_ desktop: Desktop) { self.desktop = desktop }

    /// Keeps what all outputs show, the first time.
    func attachPictures() {
        guard !hasAttached.exchange(true, ordering: .relaxed) else { return }
        for output in desktop.driver.outputs {
            guard let picture = try? desktop.driver.picture(of: output) else { continue }
            Attachment.record(picture.png, named: "\(output.name).png")
        }
    }
}

extension Desktop {
    /// The desktop of the test that runs, which has the trait `desktop`.
    public static var ofTest: Desktop {
        get throws(Failure) {
            if let holder = DesktopHolder.current { return holder.desktop }
            throw Failure(description: "the test has no desktop; give it the trait .desktop")
        }
    }
}

extension Trait where Self == DesktopTrait {
    /// A desktop with one output of 1280x720 that takes sealed memory only.
    public static var desktop: Self { desktop() }

    /// A desktop with these outputs, and memory of these kinds: GTK 3's takes ``ShmPolicy/copy``.
    public static func desktop(
        outputs: [OutputMode] = [OutputMode(width: 1_280, height: 720)],
        shmPolicy: ShmPolicy = .strict
    ) -> Self {
        DesktopTrait(outputs: outputs, shmPolicy: shmPolicy)
    }
}
