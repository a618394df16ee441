import Glibc
import Testing
import WaylandScanner

/// Descriptions that can't be used end the build at the file and line where they go wrong.
@Suite struct MalformedXMLTests {
    private static let head = "<protocol name='p'>\n<interface name='i' version='2'>\n"
    private static let tail = "\n</interface>\n</protocol>"

    /// What is inside of an interface from line 3 on, and what is said about it.
    private static let insideOfAnInterface: [(xml: String, line: Int, message: String)] = [
        ("<request/>", 3, "<request> needs the attribute 'name'"),
        ("<request name='r' type='constructor'/>", 3, "a request's type is 'destructor' or absent, not 'constructor'"),
        ("<request name='r' since='3'/>", 3, "r is since 3, but its interface ends at 2"),
        ("<request name='r' since='x'/>", 3, "'since' of <request> is a number from 1, not 'x'"),
        ("<event name='a' since='2'/>\n<event name='b'/>", 4, "b is since 1, after one since 2"),
        ("<request name='r'/>\n\n<request name='r'/>", 5, "request 'r' is described twice"),
        ("<request name='r'><entry/></request>", 3, "<entry> doesn't belong in <request>"),
        ("<copyright/>", 3, "<copyright> doesn't belong in <interface>"),
        ("<event name='e'>\n<arg name='a' type='float'/></event>", 4, "argument 'a' has the unknown type 'float'"),
        ("<event name='e'><arg type='int'/></event>", 3, "<arg> needs the attribute 'name'"),
        (
            "<event name='e'><arg name='a' type='uint' allow-null='true'/></event>", 3,
            "argument 'a' of type 'uint' can't be null"
        ),
        (
            "<event name='e'><arg name='a' type='fd' enum='x'/></event>", 3,
            "argument 'a' of type 'fd' can't take values of an enum"
        ),
        ("<event name='e'>\n<arg name='a' type='int' enum='x'/></event>", 4, "there is no enum 'i.x'"),
        ("<event name='e'>\n<arg name='a' type='int' enum='i.x.y'/></event>", 4, "there is no enum 'i.x.y'"),
        (
            "<event name='e'><arg name='a' type='int'/>\n<arg name='a' type='int'/></event>", 4,
            "argument 'a' is described twice"
        ),
        (
            "<request name='r'><arg name='a' type='new_id'/></request>", 3,
            "argument 'a' needs the attribute 'interface'"
        ),
        (
            "<request name='r'><arg name='a' type='new_id' interface='i'/>\n"
                + "<arg name='b' type='new_id' interface='i'/></request>",
            4, "r makes a second object, 'b'"
        ),
        ("<enum name='e'></enum>", 3, "enum 'e' has no entries"),
        ("<enum name='e'><entry name='x'/></enum>", 3, "<entry> needs the attribute 'value'"),
        ("<enum name='e'><entry name='x' value='-1'/></enum>", 3, "'-1' isn't a 32-bit number"),
        ("<enum name='e'><entry name='x' value='0x100000000'/></enum>", 3, "'0x100000000' isn't a 32-bit number"),
        (
            "<enum name='e'><entry name='x' value='1'/>\n<entry name='x' value='2'/></enum>", 4,
            "entry 'x' is described twice"
        ),
        ("<request name='r'>", 4, "</interface> closes nothing that is open"),
        ("<!-- never ends", 3, "comment is never closed"),
        ("<request name='r' name='s'/>", 3, "attribute 'name' is given twice"),
        ("<request name=r/>", 3, "expected a quoted attribute value"),
        ("<request name/>", 3, "attribute 'name' has no value"),
        ("<request name='&what;'/>", 3, "unknown entity '&what;'"),
        ("<request name='a&b'/>", 3, "'&' starts an entity that has no ';'; write &amp; for the character"),
        ("<request name='r>\n", 3, "attribute value is never closed"),
        ("< request/>", 3, "expected a name"),
    ]

    @Test(arguments: insideOfAnInterface)
    func aFaultInAnInterfaceIsFound(xml: String, line: Int, message: String) {
        let expected = Diagnostic(file: "p.xml", line: line, message: message)
        #expect(throws: expected) {
            _ = try ProtocolParser.parse(file: "p.xml", bytes: Array((Self.head + xml + Self.tail).utf8))
        }
    }

    @Test(arguments: [
        ("", 1, "there is no <protocol> element"),
        ("\n<schema/>", 2, "expected <protocol>, found <schema>"),
        ("<protocol>", 1, "<protocol> needs the attribute 'name'"),
        ("\n<protocol name='p'>\n", 2, "<protocol> is never closed"),
        ("<protocol name='p'></protocol></x>", 1, "</x> closes nothing that is open"),
        ("<protocol name='p'>\n<interface name='i'/></protocol>", 2, "<interface> needs the attribute 'version'"),
        (
            "<protocol name='p'>\n<interface name='i' version='0'/></protocol>", 2,
            "'version' of <interface> is a number from 1, not '0'"
        ),
        (
            "<protocol name='p'>\n<interface name='i' version='1'/>\n<interface name='i' version='1'/></protocol>", 3,
            "interface 'i' is described twice"
        ),
    ])
    func aFaultAroundInterfacesIsFound(xml: String, line: Int, message: String) {
        let expected = Diagnostic(file: "p.xml", line: line, message: message)
        #expect(throws: expected) { _ = try ProtocolParser.parse(file: "p.xml", bytes: Array(xml.utf8)) }
    }

    @Test func entitiesCommentsAndCDATAAreRead() throws {
        let xml = """
            <?xml version="1.0"?><!DOCTYPE protocol><!-- <protocol> -->
            <protocol name="&#65;&#x42;&lt;&gt;&amp;&quot;&apos;"><![CDATA[<interface>]]></protocol>
            """
        #expect(try ProtocolParser.parse(file: "", bytes: Array(xml.utf8)).name == "AB<>&\"'")
    }

    /// The plugin runs this program; that its status and its text reach the build is what matters.
    @Test func theScannerEndsWithFileAndLine() throws {
        let folder = "/tmp/signet-scanner-\(getpid())"
        unsafe mkdir(folder, 0o700)
        defer { unsafe system("rm -r \(folder)") }
        TextFile.write(Self.head + "<request/>" + Self.tail, to: folder + "/bad.xml")
        TextFile.write(Self.head + "<request name='r'/>" + Self.tail, to: folder + "/good.xml")
        let scanner = Self.buildFolder + "/wayland-swift-scanner"
        let commands: [(arguments: String, status: CInt, errors: String)] = [
            (
                "server \(folder)/bad.xml \(folder)/x", 1,
                "\(folder)/bad.xml:3: error: <request> needs the attribute 'name'\n"
            ),
            (
                "client /nonexistent.xml \(folder)/x", 1,
                "/nonexistent.xml:1: error: can't be opened: No such file or directory\n"
            ),
            (
                "both", 1,
                "usage: wayland-swift-scanner server|client|recorder|table PROTOCOL.xml OUTPUT.swift "
                    + "[MODULE-TO-IMPORT...]\n"
            ),
            (
                "client \(folder)/good.xml /nonexistent/x", 1,
                "/nonexistent/x: error: can't be written: No such file or directory\n"
            ),
            ("client \(folder)/good.xml \(folder)/x", 0, ""),
        ]
        for command in commands {
            let status = unsafe system("'\(scanner)' \(command.arguments) 2>\(folder)/errors")
            #expect(status >> 8 == command.status, "\(command.arguments)")
            #expect(TextFile.read(folder + "/errors") == command.errors)
        }
    }

    /// Where the build put the scanner: beside the test bundle.
    private static var buildFolder: String {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return bundle.split(separator: "/").dropLast().map { "/" + $0 }.joined()
    }
}
