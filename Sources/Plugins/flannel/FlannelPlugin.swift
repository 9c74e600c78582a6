import Attachments
import CNI
import Flannel
import LinuxSystem

/// Attaches containers by another plugin, with the subnet that a flannel daemon has for this node.
@main
struct FlannelPlugin: CNIPlugin {
    static let name = "flannel"

    static func main() { PluginMain.run(FlannelPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let flannel = try FlannelConfiguration(invocation.configuration)
        let rendering = try flannel.rendering(on: flannel.subnetFile())
        let delegate = try delegateForAdd(rendering, invocation.configuration)
        let saved = try SavedRenderings(invocation.configuration)
        let isKnown = saved.rendering(of: invocation.attachment) != nil
        var rollback = Rollback(report: StandardStreams.log)

        // Beforehand: whatever the delegate has made when this is killed, the reference can delete it.
        try saved.save(rendering, of: invocation.attachment, &rollback)
        let result: CNIResult
        do throws(CNIError) {
            result = try delegate.add()
        } catch {
            // One that reported an error has undone its work; one that died has not, as one that a signal did not end in time.
            // What an earlier ADD made stays.
            let wasInterrupted = (try? Interruption.check()) == nil
            if !isKnown && (error.code == .unknown || wasInterrupted) { try? delegate.delete() }
            throw error
        }
        rollback.register("delegate's ADD") { try delegate.delete() }
        try Interruption.check()
        rollback.commit()
        return result
    }

    func delete(_ invocation: Invocation) throws {
        let saved = try SavedRenderings(invocation.configuration)
        try delegate(for: invocation, saved).delete()
        try saved.remove(Owner(invocation.attachment))
    }

    func check(_ invocation: Invocation) throws {
        try delegate(for: invocation, SavedRenderings(invocation.configuration)).check()
    }

    func status(_ configuration: NetworkConfiguration) throws {
        let flannel = try FlannelConfiguration(configuration)
        let rendering = try flannel.rendering(on: flannel.currentSubnetFile())
        try rendering.delegate(for: configuration).status()
    }

    /// Has the delegate collect under today's configuration and under each that something stale was added with, and
    /// forgets what has been collected.
    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        let saved = try SavedRenderings(configuration)
        try saved.removeUnusable()
        let current = try FlannelConfiguration(configuration).renderingAgain().forwarding(configuration)
        var stale: [DelegateConfiguration: [Owner]] = [current: []]
        let validOwners = Owner.all(of: valid)
        for owner in try saved.owners() where !validOwners.contains(owner) {
            let rendering = saved.rendering(of: owner)?.forwarding(configuration) ?? current
            stale[rendering, default: []].append(owner)
        }
        var teardown = Teardown()
        for (rendering, owners) in stale {
            teardown.attempt {
                try rendering.delegate(for: configuration).collectGarbage()
                for owner in owners { try saved.remove(owner) }
            }
        }
        try teardown.finish()
    }

    /// The delegate with what it was given for ADD, or as much of it as can still be told, and the previous result.
    private func delegate(for invocation: Invocation, _ saved: SavedRenderings) throws -> Delegate {
        let configuration = invocation.configuration
        let rendering =
            try saved.rendering(of: invocation.attachment) ?? FlannelConfiguration(configuration).renderingAgain()
        return try rendering.forwarding(configuration).delegate(for: configuration)
    }

    private func delegateForAdd(
        _ rendering: DelegateConfiguration, _ configuration: NetworkConfiguration
    ) throws(CNIError) -> Delegate {
        do throws(CNIError) {
            return try rendering.delegate(for: configuration)
        } catch {
            throw CNIError(error.code, "failed to delegate add: \(error.message)", details: error.details)
        }
    }
}
