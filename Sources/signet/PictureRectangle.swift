/// A rectangle of a picture's pixels that the command line names, as `10,20,300,40`.
struct PictureRectangle: Equatable {
    let x: Range<Int>
    let y: Range<Int>

    /// From `X,Y,W,H`, with a width and a height of 1 or more. Parts of it may be outside of the picture.
    init?(_ text: String) {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int32($0) }
        guard numbers.count == 4, let x = numbers[0], let y = numbers[1], let width = numbers[2],
            let height = numbers[3], width > 0, height > 0
        else { return nil }
        self.x = Int(x)..<Int(x) + Int(width)
        self.y = Int(y)..<Int(y) + Int(height)
    }
}
