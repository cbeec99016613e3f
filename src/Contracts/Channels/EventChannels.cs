using DeployHub.Contracts.Commands;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;

namespace DeployHub.Contracts.Channels;

/// <summary>What every public event can say of itself, wherever its record has it.</summary>
/// <param name="EnvironmentId">The environment; null where none is known.</param>
/// <param name="EnvironmentName">Its name; null where none is known.</param>
/// <param name="Subject">The plan or the batch; null for a command that was refused.</param>
/// <param name="Sequence">The event's number in that plan or batch, from 1; null where it is not numbered.</param>
/// <param name="OccurredAt">When it happened, UTC.</param>
public readonly record struct EventAddress(Guid? EnvironmentId, string? EnvironmentName, Guid? Subject, int? Sequence, DateTime OccurredAt);

/// <summary>The way of one public event: what it is called on the broker, and how it is addressed there.</summary>
public sealed class EventChannel
{
    private readonly Func<object, EventAddress> _address;

    internal EventChannel(Type type, string noun, string verb, Func<object, EventAddress> address) => (Type, Noun, Verb, _address) = (type, noun, verb, address);

    /// <summary>The event.</summary>
    public Type Type { get; }

    /// <summary>What it is about: <c>deployment</c>.</summary>
    public string Noun { get; }

    /// <summary>What happened: <c>completed</c>.</summary>
    public string Verb { get; }

    /// <summary>The type of its CloudEvent: <c>deployhub.deployment.completed</c>.</summary>
    public string CloudEventType => $"deployhub.{Noun}.{Verb}";

    /// <summary>Names the schema of its data; a change that could break a subscriber would have another number.</summary>
    public string DataSchema => $"urn:deployhub:schema:{Noun}.{Verb}:1";

    /// <summary>The exchange that MassTransit publishes it to.</summary>
    public string Exchange => $"{Type.Namespace}:{Type.Name}";

    /// <summary>How the event is addressed.</summary>
    /// <param name="message">An event of <see cref="Type"/>.</param>
    public EventAddress AddressOf(object message) => _address(message);

    /// <summary>Its routing key on <see cref="EventChannels.Exchange"/>: <c>production.deployment.completed</c>.</summary>
    /// <param name="environmentName">The environment's name; null where none is known.</param>
    public string RoutingKey(string? environmentName) => $"{EventChannels.KeyOf(environmentName)}.{Noun}.{Verb}";
}

/// <summary>Every public event. One table: routing keys, documents and tests are made from it.</summary>
public static class EventChannels
{
    /// <summary>The durable topic exchange that every public event goes to as a CloudEvent in JSON, with the routing key <c>environment.noun.verb</c>.</summary>
    public const string Exchange = "deployhub.events";

    /// <summary>What a routing key begins with where the environment is not known.</summary>
    public const string UnknownEnvironment = "unknown";

    // A routing key may have 255 bytes; noun and verb need fewer than 55 of them.
    private const int LongestKey = 200;

    /// <summary>The events.</summary>
    public static IReadOnlyList<EventChannel> All { get; } =
    [
        Of<DeploymentStarted>("deployment", "started", x => x.Plan),
        Of<DeploymentCompleted>("deployment", "completed", x => x.Plan),
        Of<DeploymentFailed>("deployment", "failed", x => x.Plan),
        Of<DeploymentRolledBack>("deployment", "rolled-back", x => x.Plan),
        Of<DeploymentPartiallyRolledBack>("deployment", "partially-rolled-back", x => x.Plan),
        Of<DeploymentCancelled>("deployment", "cancelled", x => x.Plan),
        Of<DeploymentSuperseded>("deployment", "superseded", x => x.Plan),
        Of<ServiceDeployed>("service", "deployed", x => x.Plan),
        Of<ServiceDeployFailed>("service", "deploy-failed", x => x.Plan),
        Of<ServiceRolledBack>("service", "rolled-back", x => x.Plan),
        Of<ServiceRollbackFailed>("service", "rollback-failed", x => x.Plan),
        Of<ConfigFileSynced>("config-file", "synced", x => x.Batch),
        Of<ConfigFileSyncFailed>("config-file", "sync-failed", x => x.Batch),
        Of<ConfigFileRestored>("config-file", "restored", x => x.Batch),
        Of<SyncBatchCompleted>("sync-batch", "completed", x => x.Batch),
        Of<SyncBatchRolledBack>("sync-batch", "rolled-back", x => x.Batch),
        Of<SyncBatchFailed>("sync-batch", "failed", x => x.Batch),
        Of<SyncBatchCancelled>("sync-batch", "cancelled", x => x.Batch),
        new(typeof(CommandAccepted), "command", "accepted", x => AddressOf((CommandAccepted)x)),
        new(typeof(CommandRefused), "command", "refused", x => AddressOf((CommandRefused)x)),
    ];

    private static readonly Dictionary<Type, EventChannel> ByType = All.ToDictionary(x => x.Type);

    /// <summary>The way of a public event; null for what is none.</summary>
    /// <param name="type">The event's type.</param>
    public static EventChannel? Find(Type type) => ByType.GetValueOrDefault(type);

    /// <summary>An environment's name as the first word of a routing key: lower case, every run of other characters than letters, digits, <c>-</c> and <c>_</c> as one <c>-</c>.</summary>
    /// <param name="environmentName">The name; null gives <see cref="UnknownEnvironment"/>.</param>
    public static string KeyOf(string? environmentName)
    {
        var key = new System.Text.StringBuilder();
        foreach (var c in environmentName ?? "")
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            {
                key.Append(char.ToLowerInvariant(c));
            }
            else if (key.Length == 0 || key[^1] != '-')
            {
                key.Append('-');
            }
        }

        return key.Length == 0 ? UnknownEnvironment : key.ToString(0, Math.Min(key.Length, LongestKey));
    }

    private static EventChannel Of<T>(string noun, string verb, Func<T, PlanEventFacts> plan) => new(typeof(T), noun, verb, x =>
    {
        var facts = plan((T)x);
        return new EventAddress(facts.EnvironmentId, facts.EnvironmentName, facts.PlanId, facts.Sequence, facts.OccurredAt);
    });

    private static EventChannel Of<T>(string noun, string verb, Func<T, BatchEventFacts> batch) => new(typeof(T), noun, verb, x =>
    {
        var facts = batch((T)x);
        return new EventAddress(facts.EnvironmentId, facts.EnvironmentName, facts.BatchId, facts.Sequence, facts.OccurredAt);
    });

    private static EventAddress AddressOf(CommandAccepted x) => new(x.EnvironmentId, x.EnvironmentName, x.PlanId ?? x.BatchId, null, x.OccurredAt);

    private static EventAddress AddressOf(CommandRefused x) => new(x.EnvironmentId, x.EnvironmentName, null, null, x.OccurredAt);
}
