import SignetDriver
import VideoChannel

/// Memory for a few pictures in YUV, some of which others read while one is made of a frame.
protocol Pictures: AnyObject {
    /// How each lies in its memory.
    var layout: PictureLayout { get }
    /// What the samples are made by.
    var matrix: VideoOrder.Matrix { get }
    /// How many there are.
    var count: Int { get }
    /// Hands the memory of all over, once.
    func hand(to orderer: VideoOrderer) throws
    /// A newer frame differs from the one before in these rectangles; nil is everywhere.
    func note(_ damage: [PixelArea]?)
    /// Makes a picture of the newest frame in one of `free`, which nobody reads or needs; returns which.
    func convert(_ frame: ReceivedFrame, into free: [Int]) throws -> Int
}
