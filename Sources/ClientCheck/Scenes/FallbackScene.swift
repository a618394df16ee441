/// Only what every compositor has: two formats, and no dma-buf that it can use.
final class FallbackScene: Scene {
    override class var name: String { "fallbacks" }
    override class var summary: String { "wl_shm has argb8888 and xrgb8888 alone, and no dma-buf can be used" }

    private let dmabuf = StandInDmabuf()

    override func event(_ message: Message, of connection: ProxyConnection) -> Delivery {
        if message.is("wl_shm", "format"), message.number(0) > 1 { return .never }
        return dmabuf.hides(message) ? .never : .now
    }

    override func request(_ message: Message, of connection: ProxyConnection) -> Bool {
        !dmabuf.answer(message, of: connection)
    }
}
