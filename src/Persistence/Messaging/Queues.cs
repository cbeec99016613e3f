namespace DeployHub.Persistence.Messaging;

/// <summary>The durable queues that commands are sent to.</summary>
public static class Queues
{
    /// <summary>What the deployment state machine takes in.</summary>
    public const string Deployments = "deployhub.deployments";

    /// <summary>What the config sync state machine takes in.</summary>
    public const string ConfigSyncs = "deployhub.config-syncs";

    /// <summary>Work on engines, taken up by any worker.</summary>
    public const string Steps = "deployhub.steps";

    /// <summary>Where every message goes that no reader could handle; taken from there into the database.</summary>
    public const string DeadLetters = "deployhub.dead-letters";

    /// <summary>Questions that only a worker can answer, since it alone talks to engines; asked with a deadline.</summary>
    public const string Questions = "deployhub.questions";
}
