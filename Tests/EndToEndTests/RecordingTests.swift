import ClientToolkit
import Foundation
import Glibc
import Testing
import WaylandClient

/// Videos of what an output shows: `signet record`, `signet stream` and `signet run --record`.
@Suite(.serialized) struct RecordingTests {
    let folder = RuntimeDirectory()
    private var video: String { folder.path + "/video.mp4" }

    // MARK: Looking at videos

    /// What ffprobe says of a file's pictures.
    private struct Facts {
        let profile: String
        let format: String
        /// Of each picture, in seconds.
        let times: [Double]
        let duration: Double
        let comment: String
        let width: Int

        init(_ path: String) throws {
            let outcome = try Program.run(
                "/usr/bin/ffprobe",
                [
                    "-v", "error", "-of", "flat", "-show_entries",
                    "stream=profile,pix_fmt,width:format=duration:format_tags=comment:frame=pts_time", path,
                ],
                in: nil
            )
            guard outcome.status == 0, outcome.errors.isEmpty else {
                throw Picture.Failure(description: outcome.errors)
            }
            var values: [String: String] = [:]
            var times: [Double] = []
            for line in outcome.output.split(separator: "\n") {
                let parts = line.split(separator: "=", maxSplits: 1)
                let value = parts[1].trimmingCharacters(in: ["\""])
                if parts[0].hasSuffix("pts_time") { times.append(Double(value) ?? -1) }
                values[String(parts[0].split(separator: ".").last!)] = value
            }
            profile = values["profile"] ?? ""
            format = values["pix_fmt"] ?? ""
            self.times = times
            duration = Double(values["duration"] ?? "") ?? -1
            comment = values["comment"] ?? ""
            width = Int(values["width"] ?? "") ?? 0
        }
    }

    /// A video's last picture.
    private func lastPicture(_ path: String) throws -> Picture {
        let file = folder.path + "/last.png"
        // -update leaves the last one in the file.
        let options = [
            "-v", "error", "-y", "-i", path, "-update", "1", "-sws_flags", "accurate_rnd+full_chroma_int", file,
        ]
        let outcome = try Program.run("/usr/bin/ffmpeg", options, in: nil)
        guard outcome.status == 0 else { throw Picture.Failure(description: outcome.errors) }
        return try Picture(contentsOf: file)
    }

    private func channels(_ pixel: UInt32) -> [Int] { [16, 8, 0].map { Int(pixel >> $0 & 0xff) } }

    /// Of luma, in decibels: more is more alike. Chroma is blurred where colours meet, as four pixels share it.
    private func signalToNoise(_ one: Picture, _ other: Picture) -> Double {
        func luma(_ pixel: UInt32) -> Double {
            zip(channels(pixel), [0.2126, 0.7152, 0.0722]).reduce(0) { $0 + Double($1.0) * $1.1 }
        }
        let sum = zip(one.pixels, other.pixels).reduce(0) { sum, pair in
            sum + (luma(pair.0) - luma(pair.1)) * (luma(pair.0) - luma(pair.1))
        }
        return 10 * log10(255 * 255 / max(1e-9, sum / Double(one.pixels.count)))
    }

    /// A window in this process, with fields of 40 by 40 pixels in one of eight colours each.
    private final class Fields {
        static let colors: [UInt32] = [
            0xff_0000, 0x00_ff00, 0x00_00ff, 0xff_ff00, 0xff_00ff, 0x00_ffff, 0x80_2010, 0xff_ffff,
        ]
        let connection: Connection
        let globals: Globals
        let window: ShellWindow
        let canvas: ShmCanvas
        private var turn = 0

        init() throws {
            connection = try Connection(to: "test")
            globals = try Globals(connection)
            window = ShellWindow(globals, title: "fields")
            canvas = try ShmCanvas(globals, width: 320, height: 160)
            try connection.roundTrip()
            try draw()
        }

        /// Draws, each time with other colours at a place, and waits until it is on the output.
        @discardableResult
        func draw() throws -> UInt64 {
            let turn = turn
            try canvas.fill { x, y in Self.colors[(x / 40 + y / 40 * 3 + turn) % 8] }
            self.turn += 1
            let presentation = try globals.bind(WpPresentation.self, upTo: 1)
            defer { presentation.destroy() }
            let feedback = presentation.feedback(surface: window.surface)
            var time: UInt64?
            var isDone = false
            feedback.onPresented = { high, low, nanoseconds, _, _, _, _ in
                time = (UInt64(high) << 32 | UInt64(low)) * 1_000_000_000 + UInt64(nanoseconds)
                isDone = true
            }
            feedback.onDiscarded = { isDone = true }
            window.surface.attach(buffer: canvas.buffer, x: 0, y: 0)
            window.surface.damageBuffer(x: 0, y: 0, width: 320, height: 160)
            window.surface.commit()
            while !isDone { try connection.dispatch() }
            return try #require(time)
        }
    }

    /// A compositor here, which is this process's too.
    private func compositor(_ arguments: [String] = []) throws -> Running {
        let running = try folder.compositor(arguments)
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        return running
    }

    /// Starts to record, and waits until something has been.
    private func record(_ arguments: [String]) throws -> Running {
        let recorder = try Running("signet", ["record", "--socket", "test"] + arguments, in: folder)
        let begins = eventually { size(of: arguments.last!) > 1_000 }
        #expect(begins, "nothing is recorded")
        return recorder
    }

    private func size(of path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }

    private func children(of process: Int32) -> [Int32] {
        let text = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { Int32($0) }
    }

    // MARK: What a video shows

    @Test(arguments: ["480x360", "481x361"])
    func `a known picture comes out as it was`(size: String) throws {
        guard Program.isInstalled("ffmpeg") else { return Program.notInstalled("ffmpeg") }
        let compositor = try compositor(["--output", size])
        let fields = try Fields()
        let recorder = try record([video])
        try fields.draw()
        let screenshot = try folder.screenshot()
        usleep(300_000)
        let outcome = recorder.end(SIGINT)
        #expect(outcome.status == 0, "\(outcome)")
        let facts = try Facts(video)
        #expect(["Constrained Baseline", "Baseline", "High"].contains(facts.profile) && facts.format == "yuv420p")
        // Both sides of a picture in 4:2:0 are even.
        #expect(facts.width == (screenshot.width + 1) / 2 * 2)
        let picture = try lastPicture(video)
        let seen = Picture(picture, width: screenshot.width, height: screenshot.height)
        #expect(signalToNoise(seen, screenshot) > 40, "\(signalToNoise(seen, screenshot))")
        // In the middle of fields: a wrong matrix passes the former.
        var fieldCount = 0
        for y in stride(from: 0, to: screenshot.height - 24, by: 12) {
            for x in stride(from: 0, to: screenshot.width - 24, by: 12) {
                let area = (y..<y + 24).flatMap { row -> ArraySlice<UInt32> in
                    let start = row * screenshot.width + x
                    return screenshot.pixels[start..<start + 24]
                }
                guard Set(area).count == 1, Fields.colors.contains(area[0]) else { continue }
                fieldCount += 1
                let center = (y + 12) * screenshot.width + x + 12
                let pairs = zip(channels(area[0]), channels(seen.pixels[center]))
                let difference = pairs.map { pair in abs(pair.0 - pair.1) }.max() ?? 0
                #expect(difference <= 3, "\(String(area[0], radix: 16)) is \(String(seen.pixels[center], radix: 16))")
            }
        }
        #expect(fieldCount >= 16)
        compositor.end()
    }

    @Test func `pictures have the times at which they were shown`() throws {
        guard Program.isInstalled("ffprobe") else { return Program.notInstalled("ffprobe") }
        let compositor = try compositor()
        let fields = try Fields()
        let recorder = try record([video])
        var shown: [UInt64] = []
        for pause: UInt32 in [100_000, 250_000, 40_000, 300_000] {
            usleep(pause)
            shown.append(try fields.draw())
        }
        usleep(500_000)
        #expect(recorder.end(SIGTERM).status == 0)
        let facts = try Facts(video)
        // The first is what was there, and the last one comes once more.
        #expect(facts.times.count == shown.count + 2, "\(facts.times)")
        let times = facts.times.dropFirst().dropLast()
        for (one, other) in zip(times, shown) {
            let expected = Double(other - shown[0]) / 1e9
            #expect(abs(one - times.first! - expected) < 0.000_01, "\(times) and \(shown)")
        }
        #expect(facts.duration > times.last! + 0.45, "\(facts.duration)")
        compositor.end()
    }

    @Test func `nothing is encoded while nothing changes`() throws {
        guard Program.isInstalled("ffprobe") else { return Program.notInstalled("ffprobe") }
        let compositor = try compositor()
        let fields = try Fields()
        let recorder = try record([video])
        usleep(200_000)
        let encoder = try #require(children(of: recorder.identifier).first)
        func time() throws -> [Int] {
            try [recorder.identifier, encoder].map { process in
                let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
                let words = text.split(separator: ")").last!.split(separator: " ")
                return Int(words[11])! + Int(words[12])!
            }
        }
        let before = try time()
        sleep(2)
        // In hundredths of a second.
        #expect(zip(before, try time()).allSatisfy { $1 - $0 <= 1 })
        #expect(recorder.end(SIGTERM).status == 0)
        #expect(try Facts(video).times.count == 2)
        withExtendedLifetime(fields) {}
        compositor.end()
    }

    @Test func `a constant rate is one`() throws {
        guard Program.isInstalled("ffprobe") else { return Program.notInstalled("ffprobe") }
        let compositor = try compositor()
        let fields = try Fields()
        let recorder = try Running(
            "signet",
            ["record", "--socket", "test", "--fps", "20", "--for", "1.5", video],
            in: folder
        )
        for _ in 0..<10 {
            usleep(50_000)
            try fields.draw()
        }
        #expect(recorder.finish().status == 0)
        let facts = try Facts(video)
        #expect(facts.times.count == 30 && abs(facts.duration - 1.5) < 0.001, "\(facts)")
        #expect(zip(facts.times, facts.times.dropFirst()).allSatisfy { abs($1 - $0 - 0.05) < 0.000_01 })
        compositor.end()
    }

    @Test func `an output that changes its size is cut, or has black around it`() throws {
        guard Program.isInstalled("ffmpeg") else { return Program.notInstalled("ffmpeg") }
        let compositor = try compositor()
        let client = try Running(
            "simple-shm",
            ["--size", "64x48"],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
        let recorder = try record([video])
        #expect(try Program.run("signet", ["output", "--socket", "test", "--mode", "300x200"], in: folder).status == 0)
        usleep(300_000)
        let outcome = recorder.end(SIGTERM)
        #expect(outcome.status == 0 && outcome.errors.contains("300x200"), "\(outcome)")
        let picture = try lastPicture(video)
        #expect(picture.width == 480 && picture.height == 360)
        #expect(picture.pixels[picture.width * 350 + 470] == 0 && picture.pixels[picture.width * 150 + 250] != 0)
        client.end()
        compositor.end()
    }

    // MARK: Ends

    @Test(arguments: ["recorder", "encoder", "compositor"], [0.2, 0.55])
    func `whoever is killed, the file plays, and nothing is left`(who: String, seconds: Double) throws {
        guard Program.isInstalled("ffprobe") else { return Program.notInstalled("ffprobe") }
        let compositor = try compositor()
        let fields = try Fields()
        let before = Held(compositor.identifier)
        let recorder = try record([video])
        let encoder = try #require(children(of: recorder.identifier).first)
        let end = ContinuousClock.now + .seconds(seconds)
        var count = 1
        while ContinuousClock.now < end {
            try fields.draw()
            count += 1
        }
        kill(["recorder": recorder, "compositor": compositor][who]?.identifier ?? encoder, SIGKILL)
        let outcome = recorder.finish()
        #expect(outcome.status == (who == "recorder" ? 128 + SIGKILL : 1), "\(outcome)")
        // The encoder of a recorder that was killed ends by itself.
        #expect(eventually { kill(encoder, 0) != 0 || isZombie(encoder) })
        let facts = try Facts(video)
        #expect(facts.times.count >= count / 4 && facts.times.count <= count + 1, "\(count) were drawn: \(facts)")
        #expect(facts.duration >= facts.times.last!)
        guard who != "compositor" else { return }
        let isClean = eventually { Held(compositor.identifier).isNoMore(than: before) }
        #expect(isClean, "\(before) became \(Held(compositor.identifier))")
        try fields.draw()
        compositor.end()
    }

    private func isZombie(_ process: Int32) -> Bool {
        (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8))?.contains(") Z ") ?? true
    }

    @Test func `an encoder that is slow delays nobody, and what is left out is told`() throws {
        guard Program.isInstalled("ffmpeg") else { return Program.notInstalled("ffmpeg") }
        let compositor = try compositor()
        let fields = try Fields()
        let recorder = try record([video])
        let encoder = try #require(children(of: recorder.identifier).first)
        kill(encoder, SIGSTOP)
        let time = try ContinuousClock().measure { for _ in 0..<20 { try fields.draw() } }
        #expect(time < .seconds(3), "\(time)")
        let screenshot = try folder.screenshot()
        kill(encoder, SIGCONT)
        let outcome = recorder.end(SIGTERM)
        #expect(outcome.status == 0, "\(outcome)")
        let count = try #require(outcome.errors.firstMatch(of: #/(\d+) dropped/#).flatMap { Int($0.1) })
        #expect(count >= 10, "\(outcome)")
        #expect(try Facts(video).comment.hasSuffix(" " + String(repeating: "0", count: 8) + String(count)))
        // The last one is there all the same.
        #expect(signalToNoise(try lastPicture(video), screenshot) > 40)
        compositor.end()
    }

    // MARK: Where pictures are

    @Test func `each process has the others' pictures for reading only`() throws {
        let compositor = try compositor()
        let fields = try Fields()
        let recorder = try record([video])
        try fields.draw()
        let encoder = try #require(children(of: recorder.identifier).first)
        func mappings(_ process: Int32, _ name: String) throws -> [Substring] {
            // Foundation takes a part of such a file for all of it, where it is long.
            try Program.run("/bin/cat", ["/proc/\(process)/maps"], in: nil).output.split(separator: "\n")
                .filter { $0.contains("memfd:\(name)") }.map { $0.split(separator: " ")[1] }
        }
        let frames = try mappings(recorder.identifier, "signet-frame")
        #expect(!frames.isEmpty && frames.allSatisfy { $0 == "r--s" }, "\(frames)")
        #expect(try mappings(recorder.identifier, "signet-picture") == ["rw-s", "rw-s", "rw-s"])
        // A list that changes while it is read may lack something.
        #expect(try eventually { try mappings(encoder, "signet-picture") == ["r--s", "r--s", "r--s"] })
        #expect(try mappings(encoder, "signet-frame").isEmpty)
        #expect(try mappings(compositor.identifier, "signet-picture").isEmpty)
        #expect(recorder.end(SIGTERM).status == 0)
        compositor.end()
    }

    // MARK: Other ways out

    @Test func `pictures go to the standard output as they are`() throws {
        let compositor = try compositor(["--output", "64x48@50"])
        let fields = try Fields()
        let file = folder.path + "/pictures.y4m"
        let command = "exec '\(Program.path(of: "signet"))' record --socket test --for 0.5 - >'\(file)'"
        let outcome = try Program.run("/bin/sh", ["-c", command], in: folder)
        #expect(outcome.status == 0, "\(outcome)")
        let bytes = try Data(contentsOf: URL(filePath: file))
        let head = Data("YUV4MPEG2 W64 H48 F50000:1000 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n".utf8)
        #expect(bytes.starts(with: head))
        let frame = Data("FRAME\n".utf8)
        #expect(bytes.count == head.count + 25 * (frame.count + 64 * 48 * 3 / 2))
        #expect(bytes.dropFirst(head.count).starts(with: frame))
        withExtendedLifetime(fields) {}
        compositor.end()
    }

    @Test func `a reader that goes ends it`() throws {
        let compositor = try compositor()
        let command = "'\(Program.path(of: "signet"))' record --socket test - | head -c 1000 >/dev/null"
        let outcome = try Program.run("/bin/sh", ["-c", command], in: folder)
        #expect(outcome.errors.contains("Broken pipe"), "\(outcome)")
        compositor.end()
    }

    @Test func `a stream can be received from any moment on`() throws {
        guard Program.isInstalled("ffprobe") else { return Program.notInstalled("ffprobe") }
        let compositor = try compositor()
        let fields = try Fields()
        let receiver = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        defer { close(receiver) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try unsafe withUnsafeMutablePointer(to: &address) { pointer in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                let isBound = unsafe bind(receiver, $0, length) == 0
                let isNamed = unsafe getsockname(receiver, $0, &length) == 0
                try #require(isBound && isNamed)
            }
        }
        var time = timeval(tv_sec: 3, tv_usec: 0)
        unsafe setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        let port = UInt16(bigEndian: address.sin_port)
        let sender = try Running("signet", ["stream", "--socket", "test", "udp://127.0.0.1:\(port)"], in: folder)
        var stream = Data()
        var packet = [UInt8](repeating: 0, count: 2_000)
        // What comes first is missed; nothing changes, and is sent again.
        for index in 0..<400 {
            let count = unsafe recv(receiver, &packet, packet.count, 0)
            guard count > 0 else { break }
            #expect(count % 188 == 0 && packet[0] == 0x47)
            if index >= 5 { stream += packet.prefix(count) }
            if stream.count > 20_000 { break }
        }
        #expect(sender.end(SIGINT).status == 0)
        let file = folder.path + "/stream.ts"
        try stream.write(to: URL(filePath: file))
        let outcome = try Program.run(
            "/usr/bin/ffmpeg",
            ["-v", "error", "-i", file, "-f", "null", "-"],
            in: nil
        )
        #expect(outcome.status == 0)
        let probe = [
            "-v", "quiet", "-count_frames", "-show_entries", "stream=codec_name,width,nb_read_frames", "-of", "csv",
            file,
        ]
        let found = try Program.run("/usr/bin/ffprobe", probe, in: nil).output
        #expect(found.contains("h264,480,"), "\(found)")
        withExtendedLifetime(fields) {}
        compositor.end()
    }

    // MARK: What was found by attacks

    @Test func `a video is as long as it was asked to be, also where nothing has changed for long`() throws {
        guard Program.isInstalled("ffprobe") else { return Program.notInstalled("ffprobe") }
        let compositor = try compositor()
        let fields = try Fields()
        // Somebody else looks, so that the frame is an old one.
        let other = try record([folder.path + "/other.mp4"])
        sleep(1)
        let start = ContinuousClock.now
        let outcome = try Program.run("signet", ["record", "--socket", "test", "--for", "1", video], in: folder)
        let time = ContinuousClock.now - start
        #expect(outcome.status == 0, "\(outcome)")
        #expect(time > .seconds(1), "\(time)")
        #expect(abs(try Facts(video).duration - 1) < 0.01)
        other.end()
        withExtendedLifetime(fields) {}
        compositor.end()
    }

    @Test func `a constant rate ends in time, also where its reader is slow`() throws {
        let compositor = try compositor(["--output", "64x48"])
        let command =
            "'\(Program.path(of: "signet"))' record --socket test --fps 30 --for 0.5 - | (sleep 2; wc -c)"
        let outcome = try Program.run("/bin/sh", ["-c", command], in: folder)
        let head = "YUV4MPEG2 W64 H48 F30000:1000 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n".utf8.count
        let bytes = Int(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        // Whole pictures, and all of them.
        #expect(bytes == head + 15 * (6 + 64 * 48 * 3 / 2), "\(outcome)")
        compositor.end()
    }

    @Test func `what was in a file stays until there is something else`() throws {
        try Data("precious".utf8).write(to: URL(filePath: video))
        let compositor = try compositor(["--global", "signet_sealed_frame_manager_v1=0"])
        #expect(try Program.run("signet", ["record", "--socket", "test", video], in: folder).status == 1)
        #expect(try String(contentsOfFile: video, encoding: .utf8) == "precious")
        compositor.end()
    }

    @Test func `an encoder that can't work ends it before a client is started`() throws {
        let program = folder.path + "/signet"
        try FileManager.default.copyItem(atPath: Program.path(of: "signet"), toPath: program)
        let encoder = folder.path + "/signet-encoder"
        try Data("#!/bin/sh\nexit 127\n".utf8).write(to: URL(filePath: encoder))
        unsafe chmod(encoder, 0o755)
        let outcome = try Program.run(program, ["run", "--record", video, "--", "echo", "ran"], in: folder)
        #expect(outcome.status == 1 && !outcome.output.contains("ran"), "\(outcome)")
        #expect(!folder.contents.contains("video.mp4"))
    }

    @Test func `a signal before the client is started ends the run`() throws {
        for pause: UInt32 in [20_000, 60_000, 120_000] {
            let mark = folder.path + "/mark"
            let script = "echo >\(mark); exec sleep 5"
            let running = try Running("signet", ["run", "--record", video, "--", "sh", "-c", script], in: folder)
            usleep(pause)
            let isStarted = FileManager.default.fileExists(atPath: mark)
            let outcome = running.end(SIGTERM)
            // Signet's own, or the client's.
            #expect(outcome.status == 128 + SIGTERM, "\(outcome)")
            #expect(isStarted || !FileManager.default.fileExists(atPath: mark) || outcome.output.contains("WAYLAND"))
            try? FileManager.default.removeItem(atPath: mark)
        }
    }

    @Test func `two don't write one file`() throws {
        let compositor = try compositor()
        let fields = try Fields()
        let recorder = try record([video])
        let outcome = try Program.run("signet", ["record", "--socket", "test", video], in: folder)
        #expect(outcome.status == 1 && outcome.errors.contains("another program"), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        #expect(recorder.end().status == 0)
        withExtendedLifetime(fields) {}
        compositor.end()
    }

    @Test func `a client that can't be started leaves no recorder`() throws {
        let outcome = try Program.run("signet", ["run", "--record", video, "--", "/nonexistent"], in: folder)
        #expect(outcome.status == 127, "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count <= 2, "\(outcome)")
    }

    // MARK: signet run --record

    private func run(_ options: [String], script: String) throws -> Program.Outcome {
        try Program.run("signet", ["run", "--output", "320x240"] + options + ["--", "sh", "-c", script], in: folder)
    }

    @Test func `a run's video begins with the first thing that is shown`() throws {
        guard Program.isInstalled("ffmpeg") else { return Program.notInstalled("ffmpeg") }
        let script = "sleep 1; timeout 1 '\(Program.path(of: "simple-shm"))' --size 64x48; exit 7"
        let outcome = try run(["--record", video], script: script)
        #expect(outcome.status == 7, "\(outcome)")
        let facts = try Facts(video)
        #expect(facts.times.count > 10 && facts.duration < 1.9 && facts.duration > 0.5, "\(facts)")
        // Something is in it from the first picture on.
        let first = folder.path + "/first.png"
        _ = try Program.run("/usr/bin/ffmpeg", ["-v", "error", "-i", video, "-frames:v", "1", first], in: nil)
        #expect(try Picture(contentsOf: first).colorCount > 50)
        #expect(folder.contents == ["first.png", "video.mp4"])
    }

    @Test func `where nothing is shown, that is what the video shows`() throws {
        guard Program.isInstalled("ffprobe") else { return Program.notInstalled("ffprobe") }
        #expect(try run(["--record", video], script: "sleep 0.3").status == 0)
        #expect(try Facts(video).times.count >= 1)
    }

    @Test func `what can't be recorded isn't run`() throws {
        let outcome = try run(["--record", folder.path + "/no/video.mp4"], script: "echo ran")
        #expect(outcome.status == 1 && !outcome.output.contains("ran"), "\(outcome)")
        #expect(outcome.errors.contains("no/video.mp4' can't be written"), "\(outcome)")
    }

    @Test func `without an encoder that is said`() throws {
        let compositor = try compositor()
        let program = folder.path + "/signet"
        try FileManager.default.copyItem(atPath: Program.path(of: "signet"), toPath: program)
        let outcome = try Program.run(program, ["record", "--socket", "test", video], in: folder)
        #expect(outcome.status == 1 && outcome.errors.contains("signet-encoder"), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        #expect(!folder.contents.contains("video.mp4"))
        compositor.end()
    }

    @Test(arguments: [
        (["record", "--fps", "0", "x.mp4"], "--fps"), (["record", "--quality", "101", "x.mp4"], "--quality"),
        (["record", "--for", "-1", "x.mp4"], "--for"), (["stream", "127.0.0.1:5000"], "udp://"),
        (["stream", "udp://127.0.0.1"], "port"), (["stream", "udp://:5000"], "host"),
        (["run", "--record", "x.mp4"], "after --"), (["run", "--record", "-", "--", "true"], "file"),
    ])
    func `a wrong option ends in one line`(arguments: [String], word: String) throws {
        let outcome = try Program.run("signet", arguments, in: folder)
        #expect(outcome.status == EX_USAGE && outcome.errors.contains(word), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
    }
}
