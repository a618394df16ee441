/// Who bounds and counts the objects of a client, of whatever interface, with those of others.
///
/// Objects are taken and given back in blocks, so that making one costs a comparison.
public protocol ObjectLedger: AnyObject {
    /// Takes room for so many more; the error ends the client.
    func takeObjects(_ count: Int) throws(ProtocolError)
    /// So many are gone.
    func giveBackObjects(_ count: Int)
}
