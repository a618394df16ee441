/// One thing that a client does to a server, and what the server must do then.
package struct Case: Sendable {
    /// Unique in its group: words and dashes.
    package let name: String
    /// The rule, and where it stands, as in `wl_shm.create_pool: invalid_fd`.
    package let rule: String
    /// Seconds after which it is given up.
    package let limit: Int
    /// Does it. Throws ``Unmet`` where the rule is broken, and ``Skipped`` where it means nothing.
    package let body: @Sendable (Trial) throws -> Verdict

    package init(
        _ name: String,
        _ rule: String,
        limit: Int = 15,
        _ body: @escaping @Sendable (Trial) throws -> Verdict
    ) {
        (self.name, self.rule, self.limit, self.body) = (name, rule, limit, body)
    }
}

/// Cases about one thing.
package struct Group: Sendable {
    package let name: String
    package let cases: [Case]

    package init(_ name: String, _ cases: [Case]) { (self.name, self.cases) = (name, cases) }
}

/// All of them, in the order in which they are run.
package enum Suite {
    package static let groups: [Group] = [
        .pools, .seals, .truncation, .descriptors, .bounds, .resizing, .releases, .dmabuf, .wire, .arguments, .roles,
        .trees, .deaths, .floods, .costs, .sealedFrames, .sealedBuffers,
    ]

    /// One by its group's name and its own, as in `pools/size-zero`.
    package static func find(_ name: String) -> Case? {
        for group in groups {
            if let found = group.cases.first(where: { "\(group.name)/\($0.name)" == name }) { return found }
        }
        return nil
    }
}
