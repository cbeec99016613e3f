using DeployHub.Contracts.Commands;

namespace DeployHub.Contracts.Channels;

/// <summary>The way of one command: which exchange, routing key and queue it goes through.</summary>
public sealed class CommandChannel
{
    internal CommandChannel(Type type, string word) => (Type, Word) = (type, word);

    /// <summary>The command.</summary>
    public Type Type { get; }

    /// <summary>What it is called on the broker, also its routing key: <c>deploy-container-image</c>.</summary>
    public string Word { get; }

    /// <summary>The durable queue that it arrives in.</summary>
    public string Queue => $"{CommandChannels.Exchange}.{Word}";

    /// <summary>How an envelope of MassTransit names it.</summary>
    public string Urn => $"urn:message:{Type.Namespace}:{Type.Name}";
}

/// <summary>Every command that other programs may send. One table: the queues, the documents and the tests are made from it.</summary>
public static class CommandChannels
{
    /// <summary>The durable topic exchange that commands are published to, with the command's word as routing key.</summary>
    public const string Exchange = "deployhub.commands";

    /// <summary>The commands.</summary>
    public static IReadOnlyList<CommandChannel> All { get; } =
    [
        new(typeof(DeployContainerImage), "deploy-container-image"),
        new(typeof(ExecuteSyncBatch), "execute-sync-batch"),
        new(typeof(CancelDeployment), "cancel-deployment"),
        new(typeof(RollbackDeployment), "rollback-deployment"),
    ];

    /// <summary>The command that arrives in a queue.</summary>
    /// <param name="queue">The queue's name.</param>
    /// <exception cref="ArgumentException">No command does.</exception>
    public static CommandChannel OfQueue(string queue) =>
        All.FirstOrDefault(x => x.Queue == queue) ?? throw new ArgumentException($"«{queue}» is no queue of commands.", nameof(queue));
}
