// wayland-swift-scanner: protocol XML in, Swift bindings out. The build plugin runs it; it can be run by hand too.

import Glibc
import WaylandScanner

func fail(_ message: String) -> Never {
    let line = message + "\n"
    _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
    exit(1)
}

func read(_ path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "r") else {
        fail("\(path):1: error: can't be opened: \(unsafe String(cString: strerror(errno)))")
    }
    defer { unsafe fclose(file) }
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe fread(&chunk, 1, chunk.count, file)
        if count == 0 { return result }
        result += chunk[..<count]
    }
}

let words = CommandLine.arguments.dropFirst()
guard words.count >= 3, let side = BindingsGenerator.Side(rawValue: words[1]) else {
    fail("usage: wayland-swift-scanner server|client|recorder|table PROTOCOL.xml OUTPUT.swift [MODULE-TO-IMPORT...]")
}
do {
    let description = try ProtocolParser.parse(file: words[2], bytes: read(words[2]))
    let code = BindingsGenerator(description, side: side, imports: Array(words.dropFirst(3))).generate()
    guard let file = unsafe fopen(words[3], "w") else {
        fail("\(words[3]): error: can't be written: \(unsafe String(cString: strerror(errno)))")
    }
    let written = unsafe fputs(code, file)
    guard unsafe fclose(file) == 0, written >= 0 else { fail("\(words[3]): error: can't be written whole") }
} catch {
    fail("\(error)")
}
