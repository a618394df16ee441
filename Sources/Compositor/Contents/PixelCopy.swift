internal import WaylandServer

/// A copy of a client's pixels, charged to the client for as long as there is memory for it.
final class PixelCopy {
    let pixels: PixelMemory
    /// Whether the pixels of a commit were read into it, all of them.
    var isWhole = false
    private let account: ClientAccount
    private let charges: [SharedCharge]

    init(byteCount: Int, account: ClientAccount) throws(ProtocolError) {
        self.account = account
        let charge = SharedCharge(try account.charge(byteCount, of: .copiedBytes))
        charges = [charge, SharedCharge(try account.charge(of: .mappings))]
        pixels = PixelMemory(byteCount: byteCount)
    }

    deinit {
        account.keep(charges, until: pixels.notice)
    }
}
