/// Who waits for a turn: owners by turns, and what is each one's in the order in which it came. Many connections of one
/// process get no more than one of another.
///
/// Public and inlinable, so that other modules compile it for the types that they use it with: as a generic type it
/// costs thousands of instructions a turn.
public struct TurnQueue<Owner: Hashable, Element> {
    @usableFromInline var owners = Line<Owner>()
    /// Of each owner that has some.
    @usableFromInline var elements: [Owner: Line<Element>] = [:]

    /// An empty one.
    @inlinable public init() {}

    /// Whether nobody waits.
    @inlinable public var isEmpty: Bool { elements.isEmpty }

    /// Adds something of `owner`, behind what it has waiting.
    @inlinable public mutating func append(_ element: Element, of owner: Owner) {
        if elements[owner] == nil { owners.append(owner) }
        elements[owner, default: Line()].append(element)
    }

    /// Takes out what is next of those whose owners may have a turn: all, if not said otherwise. Asks for each owner
    /// once, however much of its own waits.
    @inlinable public mutating func popFirst(where mayHaveTurn: (Owner) -> Bool = { _ in true }) -> Element? {
        for _ in 0..<elements.count {
            guard let owner = owners.popFirst(), let index = elements.index(forKey: owner) else { return nil }
            guard mayHaveTurn(owner) else {
                owners.append(owner)
                continue
            }
            let element = elements.values[index].popFirst()
            if elements.values[index].isEmpty {
                elements.remove(at: index)
            } else {
                owners.append(owner)
            }
            return element
        }
        return nil
    }

    /// First in, first out. Taking out moves the others once in a while only.
    @usableFromInline struct Line<Member> {
        @usableFromInline var members: [Member?] = []
        @usableFromInline var first = 0

        @inlinable init() {}

        @inlinable var isEmpty: Bool { first == members.count }

        @inlinable mutating func append(_ member: Member) { members.append(member) }

        @inlinable mutating func popFirst() -> Member? {
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
