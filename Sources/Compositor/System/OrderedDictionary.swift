/// A dictionary whose values are in the order in which their keys were added.
///
/// The order of Swift's own differs from one run of the program to the next, so nothing that a client can observe may
/// come from iterating over it. A key that is set again keeps its place; one that is removed and added again goes to
/// the end. Adding and removing take constant time on average: what is removed leaves a gap, and gaps are closed once
/// they outnumber the values.
struct OrderedDictionary<Key: Hashable, Value> {
    private var entries: [(key: Key, value: Value)?] = []
    /// Where in ``entries`` each key is.
    private var places: [Key: Int] = [:]
    /// The first entry that isn't a gap, or the end.
    private var start = 0

    var isEmpty: Bool { places.isEmpty }

    var count: Int { places.count }

    /// In the order in which their keys were added. What is removed while they are iterated over is still yielded.
    var values: some Collection<Value> { entries[start...].lazy.compactMap { $0?.value } }

    /// The value whose key was added before all others. Takes constant time.
    var first: Value? { start < entries.count ? entries[start]?.value : nil }

    subscript(key: Key) -> Value? {
        get { places[key].flatMap { entries[$0]?.value } }
        set {
            if let newValue {
                set(newValue, for: key)
            } else {
                remove(key)
            }
        }
    }

    private mutating func set(_ value: Value, for key: Key) {
        if let place = places[key] {
            entries[place] = (key, value)
        } else {
            places[key] = entries.count
            entries.append((key, value))
        }
    }

    private mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        entries[place] = nil
        while start < entries.count, entries[start] == nil { start += 1 }
        guard entries.count > 2 * places.count else { return }
        entries.removeAll { $0 == nil }
        start = 0
        for (place, entry) in entries.enumerated() { if let entry { places[entry.key] = place } }
    }
}
