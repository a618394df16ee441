import Compositor
import SignetDriver
import SignetTesting
import Testing

/// Real programs under test: a compositor in this process, a program on it, and what a user would do.
@Suite(.serialized) struct DialogTests {
    @Test(.desktop(shmPolicy: .copy), .enabled(if: isInstalled("zenity")))
    func `a dialog of GTK is filled in`() throws {
        let desktop = try Desktop.ofTest
        let dialog = try desktop.start("zenity", "--entry", "--title", "Your name", "--text", "Who are you?")
        let window = try desktop.driver.waitForWindow("Your name")
        try desktop.driver.waitUntilStable(for: .milliseconds(100), window: window)
        try desktop.driver.type("Ada Lövelace")
        try desktop.driver.key("Return")
        #expect(dialog.wait() == 0)
        #expect(dialog.text == "Ada Lövelace\n")
    }

    @Test(.desktop, .enabled(if: isInstalled("foot")))
    func `a terminal takes what is typed`() throws {
        let desktop = try Desktop.ofTest
        let terminal = try desktop.start("foot", "-e", "sh", "-c", "read line && [ \"$line\" = 'Grüße 😀' ]")
        _ = try desktop.driver.waitForWindow("foot")
        try desktop.driver.type("Grüße 😀\n")
        #expect(terminal.wait() == 0)
    }
}
