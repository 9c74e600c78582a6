import Testing

@testable import MakeDockerOptions

struct DockerOptionsTests {
    static let file =
        "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.74.1/24\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=false\n"

    private func text(
        _ file: String = file, _ words: String..., environment: [String] = []
    ) throws -> String {
        let request = try #require(Request(words))
        let variables = ShellVariables(environment: environment, file: Array(file.utf8))
        return try DockerOptions(variables, masquerades: request.masquerades)
            .text(request.form, combinedAs: request.key, behind: variables.given(request.key))
    }

    static let each = """
        DOCKER_OPT_BIP="--bip=10.1.74.1/24"
        DOCKER_OPT_IPMASQ="--ip-masq=true"
        DOCKER_OPT_MTU="--mtu=1472"

        """
    static let combined = "DOCKER_OPTS=\" --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n"

    @Test func writesWhatTheReferenceWrites() throws {
        #expect(try text() == Self.each + Self.combined)
        #expect(try text(Self.file, "-i") == Self.each)
        #expect(try text(Self.file, "-c") == Self.combined)
        #expect(try text(Self.file, "-ic") == Self.each + Self.combined)
        #expect(try text(Self.file, "-c", "-m") == "DOCKER_OPTS=\" --bip=10.1.74.1/24 --mtu=1472\"\n")
        #expect(try text(Self.file, "-ck", "MINE") == Self.combined.replacing("DOCKER_OPTS", with: "MINE"))
        #expect(
            try text("FLANNEL_IPMASQ=true\n")
                == "DOCKER_OPT_IPMASQ=\"--ip-masq=false\"\nDOCKER_OPTS=\" --ip-masq=false\"\n")
        #expect(try text("") == "DOCKER_OPTS=\"\"\n")
    }

    @Test func takesInWhatOthersHaveGiven() throws {
        let environment = ["DOCKER_OPT_A=--debug", "DOCKER_OPTS=-H fd://", "DOCKER_OPT_MTU=--mtu=9"]
        #expect(
            try text(environment: environment)
                == "DOCKER_OPT_A=\"--debug\"\n" + Self.each
                + "DOCKER_OPTS=\"-H fd://  --debug --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n")
        #expect(try text("DOCKER_OPTS=\"-H x\"\n", "-c") == "DOCKER_OPTS=\"-H x \"\n")
    }

    @Test func aValueMeansItself() throws {
        #expect(
            try text("", "-c", environment: ["DOCKER_OPT_X=--a=\"$(b)\\`c`"])
                == "DOCKER_OPTS=\" --a=\\\"\\$(b)\\\\\\`c\\`\"\n")
    }

    @Test func readsAssignmentsAndRunsNothing() {
        let file = "export B=\"b c\" # x\n C='d' \nD=e;reboot\n# E=1\nF\n1G=2\n=3\nH=$(reboot)\r\nI=\n"
        let variables = ShellVariables(environment: ["A=1", "A=2", "none"], file: Array(file.utf8))
        #expect(variables.values == ["A": "1", "B": "b c", "C": "d", "D": "e", "H": "$(reboot)", "I": ""])
    }

    @Test func refusesAMasqueradeThatIsNeither() {
        let error = #expect(throws: DockerOptions.InvalidMasquerade.self) { try text("FLANNEL_IPMASQ=yes\n") }
        #expect(error?.value == "yes")
    }

    @Test(arguments: [["-h"], ["-?"], ["-x"], ["-f"], ["-k", "1A"], ["-k", ""], ["-k", "A B"], ["--help"], ["-iz"]])
    func refusesOtherWords(words: [String]) {
        #expect(Request(words) == nil)
    }

    @Test func readsOptionsAsGetoptsDoes() throws {
        let request = try #require(Request(["-f/a/b", "-md", "out", "--", "-x"]))
        #expect(request.source == "/a/b" && request.target == "out" && !request.masquerades)
        #expect(Request(["-i", "word", "-x"])?.form.hasCombined == false)
    }
}
