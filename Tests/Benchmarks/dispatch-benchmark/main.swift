// How much of the server's CPU a request takes: the thread that serves, on its own clock, beside a server in C.
//
//     swift run -c release dispatch-benchmark [ROUNDS [SERVER [WORKLOAD]]]

import Dispatch
import Glibc
import SharedMemory
import TestSupport

/// Nanoseconds of this thread's CPU for one request.
func measure(_ server: Server, _ workload: Workload, rounds: Int) -> Double {
    var time = 0.0
    SocketPair().take { serverEnd, clientEnd in
        let number = clientEnd.relinquish()
        DispatchQueue.global().async {
            do { try workload.run(rounds, over: Descriptor(owning: number)) } catch {
                print("the client failed: \(error)")
            }
        }
        let start = threadTime()
        server.run(serverEnd)
        time = Double(threadTime() - start)
    }
    return time / Double(rounds * workload.requests)
}

func cell(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

let words = Array(CommandLine.arguments.dropFirst())
let rounds = words.first.flatMap { Int($0) } ?? 1_000_000
let servers = Server.allCases.filter { words.count < 2 || $0.rawValue.contains(words[1]) }
let workloads = Workload.allCases.filter { words.count < 3 || $0.rawValue.contains(words[2]) }
print("server CPU in ns a request; \(rounds) rounds, the best of three")
print(cell("", 32) + servers.map { cell($0.rawValue, 14) }.joined())
for workload in workloads {
    // Taken in turn, so that what else the machine does hits all of them.
    var best = [Double](repeating: .infinity, count: servers.count)
    for _ in 0..<3 {
        for (index, server) in servers.enumerated() {
            best[index] = min(best[index], measure(server, workload, rounds: rounds))
        }
    }
    print(cell(workload.rawValue, 32) + best.map { cell("\(Int($0.rounded()))", 14) }.joined())
}
