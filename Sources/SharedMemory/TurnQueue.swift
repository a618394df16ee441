/// Who waits for a turn: owners by turns, and what is each one's in the order in which it came. Many connections of one
/// process get no more than one of another.
package struct TurnQueue<Owner: Hashable, Element> {
    private var owners = Line<Owner>()
    /// Of each owner that has some.
    private var elements: [Owner: Line<Element>] = [:]

    package init() {}

    package var isEmpty: Bool { elements.isEmpty }

    package mutating func append(_ element: Element, of owner: Owner) {
        if elements[owner] == nil { owners.append(owner) }
        elements[owner, default: Line()].append(element)
    }

    package mutating func popFirst() -> Element? {
        guard let owner = owners.popFirst(), let index = elements.index(forKey: owner) else { return nil }
        let element = elements.values[index].popFirst()
        if elements.values[index].isEmpty {
            elements.remove(at: index)
        } else {
            owners.append(owner)
        }
        return element
    }

    /// First in, first out. Taking out moves the others once in a while only.
    private struct Line<Member> {
        private var members: [Member?] = []
        private var first = 0

        var isEmpty: Bool { first == members.count }

        mutating func append(_ member: Member) { members.append(member) }

        mutating func popFirst() -> Member? {
            guard first < members.count else { return nil }
            let member = members[first].take()
            first += 1
            if first == members.count || first >= 256 {
                members.removeFirst(first)
                first = 0
            }
            return member
        }
    }
}
