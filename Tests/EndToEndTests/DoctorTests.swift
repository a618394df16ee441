import DirectRendering
import Foundation
import Glibc
import SharedMemory
import TestSupport
import Testing

@testable import signet

/// `signet doctor`: its lines, and what single checks make of what they find.
@Suite(.serialized) struct DoctorTests {
    let folder = RuntimeDirectory()

    @Test func thereIsALineForEachCheckInColumns() throws {
        let outcome = try Program.run("signet", ["doctor"], in: folder)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        let lines = outcome.output.split(separator: "\n")
        let checks = [
            "memfd_create", "sealing", "F_SEAL_FUTURE_WRITE", "memfd_noexec", "overcommit", "/dev/shm", "frames",
            "udmabuf",
            "dma_heap", "DRM ", "V4L2 ", "runtime folder", "shm policy", "open files",
        ]
        for check in checks { #expect(lines.contains { $0.hasPrefix(check) }, "\(check): \(outcome)") }
        #expect(lines.allSatisfy { line in checks.contains { line.hasPrefix($0) } }, "\(outcome)")
        #expect(lines.allSatisfy { $0.contains(#/^[^:]+: +\S.* - \S/#) }, "\(outcome)")
        #expect(outcome.output.contains(#/memfd_create: +works +- /#), "\(outcome)")
        #expect(outcome.output.contains(#/sealing: +F_SEAL_SHRINK holds +- /#), "\(outcome)")
        #expect(outcome.output.contains("\(folder.path) is ours"), "\(outcome)")
        #expect(folder.contents.isEmpty, "it leaves nothing behind")
    }

    @Test func anUnsetRuntimeFolderIsTold() throws {
        let outcome = try Program.run("signet", ["doctor"], in: nil)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains(#/runtime folder: +XDG_RUNTIME_DIR isn't set +- signet run /#), "\(outcome)")
        #expect(outcome.output.contains("/tmp/signet-runtime-\(geteuid())"), "\(outcome)")
    }

    @Test(arguments: ["/nonexistent", "/proc", "/dev/null"])
    func aRuntimeFolderThatCantBeUsedIsTold(path: String) {
        let finding = ProcessChecks.runtimeFolder(set: path, own: folder.path)
        #expect(finding.state.hasPrefix("\(path) takes no socket"))
        #expect(finding.meaning.contains("signet run fails"))
    }

    @Test func aRuntimeFolderThatOthersCanEnterIsTold() {
        #expect(ProcessChecks.runtimeFolder(set: folder.path, own: "").state == "\(folder.path) is ours")
        unsafe chmod(folder.path, 0o755)
        #expect(ProcessChecks.runtimeFolder(set: folder.path, own: "").state == "\(folder.path) isn't ours alone")
        #expect(ProcessChecks.runtimeFolder(set: nil, own: folder.path).meaning.contains("signet run fails"))
    }

    @Test func columnsAreAsWideAsTheirWidestEntry() {
        let text = report([Finding("a", "found", "good"), Finding("long name", "no", "bad\u{1b}[31m\n")])
        #expect(text == "a:         found - good\nlong name: no    - bad\\u{1b}[31m\\u{a}\n")
    }

    @Test func whatIsMissingIsSaidPlainly() {
        let path = folder.path
        #expect(DeviceChecks.udmabuf(path + "/udmabuf").state == "no \(path)/udmabuf")
        #expect(DeviceChecks.heaps(in: path + "/heaps").map(\.state) == ["no \(path)/heaps"])
        #expect(DeviceChecks.graphics(in: path).map(\.state) == ["none in \(path)"])
        #expect(DeviceChecks.graphics(in: path).allSatisfy { $0.meaning.contains("software clients are not affected") })
        #expect(DeviceChecks.video(in: path).map(\.state) == ["no \(path)/video*"])
    }

    @Test func aNodeThatIsNoDeviceIsSaidToBeNone() {
        for name in ["card0", "renderD128", "by-path", "video0", "video-notes", "video1"] {
            #expect(FileManager.default.createFile(atPath: folder.path + "/" + name, contents: nil))
        }
        #expect(DeviceChecks.graphics(in: folder.path).map(\.name) == ["DRM renderD128", "DRM card0"])
        #expect(DeviceChecks.graphics(in: folder.path).allSatisfy { $0.state == "no DRM device" })
        #expect(DeviceChecks.video(in: folder.path).map(\.name) == ["V4L2 video0", "V4L2 video1"])
        #expect(DeviceChecks.video(in: folder.path).allSatisfy { $0.state.hasPrefix("no V4L2 device") })
    }

    @Test func aDevicesCapabilitiesAreTold() {
        func finding(_ driver: String, imports: Bool, exports: Bool, refusal: Errno? = nil) -> Finding {
            let capabilities = DRMDevice.Capabilities(dumbBuffers: true, primeImport: imports, primeExport: exports)
            return DeviceChecks.graphics("DRM card0", driver, capabilities, refusal: refusal)
        }
        let both = finding("amdgpu", imports: true, exports: true)
        #expect(both.state == "opens, amdgpu, PRIME import and export")
        let none = finding("simpledrm", imports: false, exports: false)
        #expect(none.state == "opens, simpledrm, no PRIME")
        #expect(none.meaning == "it neither takes nor gives dma-bufs")
        let own = finding("virtio_gpu", imports: true, exports: true, refusal: Errno(rawValue: ENODEV))
        #expect(own.state.hasSuffix("refuses others' buffers (No such device)"))
        #expect(own.meaning.hasSuffix("others are mapped for the CPU"))
    }

    @Test(.needs("vgem and virtio_gpu", TestDevices.graphics("virtio_gpu") != nil && TestDevices.hasUdmabuf))
    func realDevicesAreToldTruly() throws {
        let output = try Program.run("signet", ["doctor"], in: folder).output
        #expect(output.contains(#/udmabuf: +/dev/udmabuf works +- memfds can be made into dma-bufs/#), "\(output)")
        #expect(output.contains(#/dma_heap system: +works +- dma-bufs can be had from it/#), "\(output)")
        for driver in ["vgem", "virtio_gpu"] {
            let device = try #require(TestDevices.graphics(driver))
            let node = device.path.split(separator: "/").last!
            let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("DRM \(node):") })
            #expect(line.contains("opens, \(driver), PRIME import and export"), "\(line)")
            let foreign = try SystemMemory.allocate(4_096, from: SystemMemory.heaps()[0])
            let isTaken = (try? device.tryImport(foreign)) != nil
            #expect(line.contains("refuses others' buffers") == !isTaken, "\(line)")
        }
        for isMultiPlanar in [false, true] {
            guard let camera = TestDevices.camera(isMultiPlanar: isMultiPlanar) else { continue }
            let node = camera.path.split(separator: "/").last!
            let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("V4L2 \(node):") })
            #expect(line.contains("opens, \(camera.card), capture"), "\(line)")
            #expect(line.contains("(multi-planar)") == isMultiPlanar, "\(line)")
        }
    }

    @Test func kernelSettingsAreExplained() {
        #expect(MemoryChecks.overcommit(mode: "1").meaning == "sealed client memory is mapped")
        #expect(MemoryChecks.overcommit(mode: "2").meaning.contains("read, never mapped"))
        #expect(MemoryChecks.overcommit(mode: nil).state == "can't be read")
        #expect(MemoryChecks.noexec(mode: "1", error: nil).meaning.contains("--shm-policy seal"))
        let unknown = SystemError(call: "memfd_create", errno: .invalidArgument)
        #expect(MemoryChecks.noexec(mode: nil, error: unknown).state == "no mode, MFD_NOEXEC_SEAL unknown")
    }

    @Test func theLimitOfOpenFilesIsExplained() {
        let limit = rlimit(rlim_cur: 1_024, rlim_max: .max)
        let finding = ProcessChecks.openFiles(limit, isRaised: true)
        #expect(finding.state == "soft 1024, hard unlimited")
        #expect(finding.meaning == "signet run raises soft to hard; one client may hold 512")
        #expect(ProcessChecks.openFiles(limit, isRaised: false).meaning.hasPrefix("soft can't be raised"))
    }
}
