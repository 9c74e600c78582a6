import CNI
import Flannel
import JSON
import LinuxSystem

/// What the configuration and the flannel daemon's file say, from which the delegate's configuration is rendered.
struct FlannelConfiguration {
    let network: NetworkConfiguration
    let subnetFilePath: String
    let ipam: JSONObject

    /// - Throws: code 7 when a member has the wrong form.
    init(_ network: NetworkConfiguration) throws(CNIError) {
        self.network = network
        do throws(JSONError) {
            subnetFilePath = try network.reader.optionalPath("subnetFile") ?? SubnetFile.defaultPath
            ipam = try network.reader.optional("ipam") ?? [:]
            for name in ["delegate", "runtimeConfig"] { _ = try network.reader.optional(name, as: JSONObject.self) }
        } catch {
            throw CNIError(loading: error)
        }
    }

    /// The daemon's file.
    ///
    /// - Throws: code 11 while the daemon has not got as far as that, 5 when the file cannot be read, 6 when it is malformed.
    func subnetFile() throws(CNIError) -> SubnetFile {
        do throws(SubnetFileError) {
            return try SubnetFile(path: subnetFilePath)
        } catch {
            throw Self.unusable("\(error)", error.code)
        }
    }

    /// The same for STATUS, which a file that only survived a reboot does not satisfy.
    ///
    /// - Throws: code 50.
    func currentSubnetFile() throws -> SubnetFile {
        do {
            let file = try subnetFile()
            if try File.isFromEarlierBoot(subnetFilePath) {
                throw Self.unusable("\(subnetFilePath) was written before this machine was started", .notAvailable)
            }
            return file
        } catch {
            let error = CNIError(describing: error)
            throw CNIError(.notAvailable, error.message, details: error.details)
        }
    }

    /// The reference's words, which users look for, and where to look further.
    private static func unusable(_ cause: String, _ code: CNIError.Code) -> CNIError {
        CNIError(
            code, "failed to load flannel 'subnet.env' file: \(cause). Check the flannel pod log for this node.",
            details: "flanneld writes the file once it has a subnet for this node; its log is that of this node's "
                + "kube-flannel pod, or journalctl -u flanneld")
    }
}

extension CNIError {
    /// A member of the configuration that has the wrong form, in the reference's words.
    init(loading error: JSONError) {
        self.init(.invalidConfiguration, "failed to load flannel netconf file: failed to load netconf: \(error)")
    }
}

extension SubnetFileError {
    fileprivate var code: CNIError.Code {
        switch reason {
        case .unreadable(let error): error.code == .noSuchFile ? .tryAgainLater : .inputOutput
        case .incomplete: .tryAgainLater
        case .malformed: .decoding
        }
    }
}
