// faulty: a client with faults to choose from, for trying what 'signet check' finds.
//
//     faulty [--fault NAME] [--list]
//
// Without a fault it does everything right, and is a small example of a client that does: it seals its memory, draws
// into buffers that are free, says what has changed, answers what it is asked, and rests when nothing changes.

import ClientToolkit
import Glibc
import WaylandClient

let sample = Sample("faulty", width: 200, height: 150, options: ["--fault": "NAME", "--list": ""])
if sample["--list"] != nil {
    for fault in Fault.allCases {
        print(fault.rawValue + String(repeating: " ", count: 24 - fault.rawValue.count) + fault.summary)
    }
    exit(0)
}
guard let fault = Fault(rawValue: sample["--fault"] ?? "none") else {
    sample.fail("there is no fault '\(sample["--fault"]!)'; see --list")
}

/// Runs until the window is closed.
func run(_ fault: Fault) throws {
    let globals = try Globals(try Connection())
    let outputs = Outputs(globals, fault: fault)
    let params = fault == .diesOfFailedBuffer ? try DeviceBuffer(globals) : nil
    defer { params?.close() }
    let window = FaultyWindow(globals, fault: fault)
    if fault == .noPong { globals.wmBase.onPing = { _ in } }
    while !window.isClosed {
        let isSpinning = fault == .spins || fault == .spinsWithoutFrames && window.isWaiting
        if fault == .leaksFrames { usleep(5_000) }
        if fault == .chatty {
            globals.compositor.createRegion().destroy()
            usleep(2_000)
        }
        if isSpinning || fault == .chatty || fault == .leaksFrames {
            _ = globals.connection.flush()
            try globals.connection.dispatchAvailable()
        } else {
            try globals.connection.dispatch()
        }
        window.dispatched()
        if let failure = window.failure { throw failure }
    }
    window.close()
    outputs.close()
    try globals.connection.roundTrip()
}

do { try run(fault) } catch {
    if fault == .crashesOnNoMemory { abort() }
    if fault == .hangsOnNoMemory { while true { pause() } }
    sample.fail("\(error)")
}
