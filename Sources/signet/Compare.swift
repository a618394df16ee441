import ArgumentParser
import SignetDriver
import Glibc

/// `signet compare`: whether two screenshots show the same.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compares two PNG files pixel by pixel.",
        discussion: """
            Prints how many pixels differ, by how much, and where. All four channels count, alpha too. Ends with 0 \
            when the pictures are the same, or as good as asked for; with 1 when they differ, also in size; with 2 \
            when they can't be compared.
            """
    )

    /// How many pixels may differ.
    enum Allowance {
        case pixels(Int)
        case percent(Double)

        /// From a text like `20` or `0.5%`.
        init?(_ text: String) {
            if text.hasSuffix("%") {
                guard let percent = Double(text.dropLast()), percent >= 0, percent <= 100 else { return nil }
                self = .percent(percent)
            } else {
                guard let pixels = Int(text), pixels >= 0 else { return nil }
                self = .pixels(pixels)
            }
        }

        func covers(_ difference: PictureDifference) -> Bool {
            switch self {
            case .pixels(let count): difference.differing <= count
            case .percent(let percent): difference.share * 100 <= percent
            }
        }
    }

    @Option(help: .init("By how much each channel of a pixel may differ, 0 to 255.", valueName: "N"))
    var tolerance = 0

    @Option(
        help: .init("How many pixels may differ: a number, or a part of those compared, as 0.5%.", valueName: "N|N%"),
        transform: { text in
            guard let allowance = Allowance(text) else {
                throw ValidationError("'\(text)' is no number of pixels; write it as 20 or 0.5%")
            }
            return allowance
        }
    )
    var allow = Allowance.pixels(0)

    @Option(
        help: .init("A rectangle to leave out, in pixels; may be given several times.", valueName: "X,Y,W,H"),
        transform: PixelArea.init(argument:)
    )
    var ignore: [PixelArea] = []

    @Option(help: .init("Writes a picture: the first one, faded, with what differs in red.", valueName: "FILE.png"))
    var diff: String?

    @Argument(help: .init("The first picture; - is the standard input.", valueName: "a.png"))
    var first: String

    @Argument(help: .init("The second one.", valueName: "b.png"))
    var second: String

    func validate() throws {
        guard (0...255).contains(tolerance) else {
            throw ValidationError("--tolerance is a number from 0 to 255, and not \(tolerance)")
        }
        if diff == "-" { throw ValidationError("--diff takes a file; the standard output says how pictures differ") }
        if first == "-", second == "-" { throw ValidationError("only one of the pictures can be the standard input") }
    }

    func run() throws {
        signal(SIGXFSZ, SIG_IGN)
        do {
            let isSame = try compare()
            if !isSame { throw ExitCode(1) }
        } catch let failure as Failure {
            throw Failure(failure.message, status: 2)
        }
    }

    /// Whether the pictures are as good as the same.
    private func compare() throws -> Bool {
        let (one, other) = (try PictureFile(first), try PictureFile(second))
        guard one.width == other.width, one.height == other.height else {
            say("\(first) has \(one.width)x\(one.height) pixels, \(second) \(other.width)x\(other.height)")
            return false
        }
        let difference = PictureDifference(
            one,
            other,
            tolerance: tolerance,
            ignoring: ignore,
            keepsPlaces: diff != nil
        )
        if let diff {
            try PNGFile.write(Picture(width: one.width, height: one.height, rgb: difference.picture(of: one)), to: diff)
        }
        say(summary(of: difference))
        return allow.covers(difference)
    }

    private func summary(of difference: PictureDifference) -> String {
        var text = "\(difference.differing) of \(difference.compared) pixels differ (\(percentage(difference)) %), "
        text += "the largest difference of a channel is \(difference.largest)"
        if let (x, y) = difference.bounds {
            text += ", all within \(x.count)x\(y.count) at \(x.lowerBound),\(y.lowerBound)"
        }
        return text
    }

    /// With four decimal places, and never 0 where something differs, nor 100 where something doesn't.
    private func percentage(_ difference: PictureDifference) -> String {
        let (count, all) = (difference.differing, difference.compared)
        if count == 0 || count == all { return count == 0 ? "0" : "100" }
        let parts = min(max(1, Int((difference.share * 1_000_000).rounded())), 999_999)
        let digits = String(parts % 10_000)
        return "\(parts / 10_000)." + String(repeating: "0", count: 4 - digits.count) + digits
    }

    private func say(_ text: String) { Console.standardOutput.write(Console.line(text)) }
}
