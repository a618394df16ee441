// libFuzzer over WireFuzzing. Built by Tests/Fuzzing/run.

import CFuzzer
import WireFuzzing

signet_fuzz(CommandLine.argc, CommandLine.unsafeArgv) { bytes, count in
    WireFuzzing.play(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
