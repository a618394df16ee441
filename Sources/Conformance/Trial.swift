/// Why a case fails: the server didn't do what the rule says.
package struct Unmet: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Why a case means nothing here.
package struct Skipped: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// What a rule lets a server do.
package enum Allowed: Sendable {
    /// It takes the requests and goes on.
    case served(String)
    /// It ends the client with this error.
    case error(Fault)
    /// It ends the client without an error.
    case closed

    /// It takes the requests and goes on.
    package static var served: Allowed { .served("the requests were taken") }

    fileprivate var description: String {
        switch self {
        case .served(let text): text
        case .error(let fault): fault.description
        case .closed: "the connection was closed"
        }
    }

    fileprivate func covers(_ answer: RawClient.Answer) -> Bool {
        switch (self, answer) {
        case (.served, .served), (.closed, .closed): true
        case (.error(let fault), .error(let interface, let code, _)): fault.matches(interface: interface, code: code)
        default: false
        }
    }
}

/// How a case that didn't fail ended.
package enum Verdict: Equatable, Sendable {
    /// As the rule says; with figures, where there are some.
    case passed(String = "")
    /// In one of several ways that the rule leaves open.
    case allowed(String)
}

/// One case's run: its connections, and what it expects of them.
package final class Trial {
    /// Where the server listens.
    package let path: String
    /// How long an answer may take, in milliseconds.
    package let patience: Int
    private var first: RawClient?

    package init(path: String, patience: Int) { (self.path, self.patience) = (path, patience) }

    /// The client that does what the case is about.
    package func client() throws -> RawClient {
        if let first { return first }
        let client = try connect()
        first = client
        return client
    }

    /// Another connection.
    package func connect() throws -> RawClient { try RawClient(path: path, patience: patience) }

    /// Asks for an answer to all that was sent, which has to be one of those. Where there are several, the verdict says
    /// which it was.
    package func expect(_ allowed: Allowed..., of other: RawClient? = nil) throws -> Verdict {
        try expect(allowed, of: other)
    }

    /// The same for a list.
    package func expect(_ allowed: [Allowed], of other: RawClient? = nil) throws -> Verdict {
        try judge((other ?? client()).answer(), allowed)
    }

    /// The same for an answer that came already.
    package func judge(_ answer: RawClient.Answer, _ allowed: [Allowed]) throws -> Verdict {
        guard let met = allowed.first(where: { $0.covers(answer) }) else {
            let rule = allowed.map(\.description).joined(separator: ", or ")
            throw Unmet("expected: \(rule); but \(answer.description)")
        }
        if allowed.count == 1 { return .passed() }
        if case .error(let interface, let code, _) = answer, case .error(let fault) = met, fault.code == nil {
            return .allowed("error \(code) on \(interface)")
        }
        return .allowed(met.description)
    }

    /// Goes on only where the server has taken everything so far.
    package func mustBeServed(_ what: String, _ other: RawClient? = nil) throws {
        let answer = try (other ?? client()).answer()
        guard answer == .served else { throw Unmet("\(what): \(answer.description)") }
    }

    /// How long a bystander waits for an answer while `body` is called until it returns false, and for some time after
    /// that, in which the server may still be busy. Fails where that is too long.
    package func longestWait(atMost limit: Int = 2_000, during body: () throws -> Bool) throws -> Verdict {
        let bystander = try connect()
        try mustBeServed("a bystander isn't served", bystander)
        var longest: Int64 = 0
        func measure() throws {
            let begin = Moment.now
            let answer = bystander.answer(milliseconds: limit)
            guard answer == .served else {
                let end = answer == .silence ? "waited for more than \(limit) ms" : answer.description
                throw Unmet("a bystander's round trip: \(end)")
            }
            longest = max(longest, Moment.now - begin)
        }
        while try body() { try measure() }
        for _ in 0..<20 {
            try measure()
            bystander.linger(milliseconds: 5)
        }
        let microseconds = longest / 1_000
        return .passed("a bystander waited for \(microseconds / 1_000).\(microseconds % 1_000 / 100) ms at most")
    }

    /// The same for what a server may also refuse: what became of the client is told.
    package func cost(rounds: Int, _ body: (RawClient, Int) throws -> Void) throws -> Verdict {
        let client = try client()
        var round = 0
        let verdict = try longestWait {
            guard round < rounds, client.isOpen else { return false }
            try body(client, round)
            client.takeIn()
            if client.events.count > 1_000 { client.forgetEvents() }
            round += 1
            return true
        }
        guard case .passed(let text) = verdict else { return verdict }
        let answer = client.answer(milliseconds: 2_000)
        return answer == .served ? verdict : .allowed("\(answer.description); \(text)")
    }
}
