import Conformance
import Glibc

/// Runs cases against a server, one after the other, and looks after each how the server is.
struct ConformanceRun {
    private let server: any TestedServer
    private let signals = ConformanceSignals()

    /// How long an answer may take, in milliseconds.
    private let patience: Int

    init(_ server: any TestedServer, patience: Int) { (self.server, self.patience) = (server, patience) }

    /// Runs them, and tells the table's lines as they come.
    func run(
        _ selected: [(group: String, one: Case)],
        say: (String) throws -> Void
    ) throws -> Report {
        defer {
            server.end()
            signals.release()
        }
        try server.start(signals)
        var report = Report()
        report.server = server.name
        report.before = server.footprint
        var group = ""
        var whyNot: String?
        for (name, one) in selected {
            if whyNot == nil { try blameLast(&report, say) }
            if name != group {
                group = name
                try say(group)
            }
            let begin = Moment.now
            var result: CaseResult
            if whyNot == nil, server.needsStart { whyNot = restart(&report) }
            if let whyNot {
                result = CaseResult(outcome: .notRun, detail: whyNot)
            } else {
                result = try judge(one, named: "\(name)/\(one.name)")
            }
            if signals.wasInterrupted {
                whyNot = whyNot ?? "the run was interrupted"
                result = CaseResult(outcome: .notRun, detail: whyNot!)
            }
            let time = Int((Moment.now - begin) / 1_000_000)
            let record = CaseRecord(group: name, one, result.outcome, result.detail, milliseconds: time)
            report.records.append(record)
            try say(Report.line(record))
        }
        // What the last client had may be let go of a little later.
        if server.footprint != nil, whyNot == nil { usleep(1_500_000) }
        if whyNot == nil { try blameLast(&report, say) }
        report.after = report.restarts == 0 && !server.needsStart ? server.footprint : nil
        for line in report.summary { try say(line) }
        return report
    }

    /// A server that ended between two cases ended because of the first of them.
    private func blameLast(_ report: inout Report, _ say: (String) throws -> Void) throws {
        guard !server.needsStart, let last = report.records.last, let end = server.ending(milliseconds: 0) else {
            return
        }
        server.giveUp()
        guard let one = Suite.find("\(last.group)/\(last.name)") else { return }
        let detail = "after the case was over, \(end)"
        let record = CaseRecord(group: last.group, one, .died, detail, milliseconds: last.milliseconds)
        report.records[report.records.count - 1] = record
        try say(Report.line(record))
    }

    /// Why there is no server any more, if there is none.
    private func restart(_ report: inout Report) -> String? {
        guard server.canRestart else { return "the server behind the socket is gone" }
        do {
            try server.start(signals)
            report.restarts += 1
            return nil
        } catch {
            return "the server couldn't be started again: \((error as? Failure)?.message ?? "\(error)")"
        }
    }

    private func judge(_ one: Case, named name: String) throws -> CaseResult {
        let result = try CaseResult(running: one, named: name, at: server.path, patience: patience, signals: signals)
        if signals.wasInterrupted { return result }
        let probe = Probe.run(path: server.path, patience: patience)
        func with(_ text: String) -> String {
            result.outcome == .failed ? "\(text); the case said: \(result.detail)" : text
        }
        // A server that died may take a moment until it is seen.
        var end = server.ending(milliseconds: 0)
        if end == nil, case .unreachable = probe { end = server.ending(milliseconds: 3_000) }
        if let end {
            server.giveUp()
            return CaseResult(outcome: .died, detail: with(end))
        }
        switch probe {
        case .served: return result
        case .wronged(let text):
            return CaseResult(outcome: .failed, detail: with("a well-behaved client after it wasn't served: \(text)"))
        case .unreachable(let text), .stalled(let text):
            server.giveUp()
            return CaseResult(outcome: .stalled, detail: with("a well-behaved client after it: \(text)"))
        }
    }
}
