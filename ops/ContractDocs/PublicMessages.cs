using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;

namespace DeployHub.ContractDocs;

/// <summary>A message that other systems bind to.</summary>
/// <param name="Type">Its type in the contracts.</param>
/// <param name="IsCommand">Others send it to DeployHub; else DeployHub publishes it.</param>
public sealed record PublicMessage(Type Type, bool IsCommand)
{
    /// <summary>The name that MassTransit knows it by, and the exchange that it is published to.</summary>
    public string Exchange => $"{Type.Namespace}:{Type.Name}";

    public string Urn => $"urn:message:{Exchange}";
}

/// <summary>
/// What is public: every event, and the commands in a namespace of their own. Reports, questions and the commands that DeployHub sends to itself are not.
/// </summary>
public static class PublicMessages
{
    private const string Commands = "DeployHub.Contracts.Commands";

    public static IReadOnlyList<PublicMessage> All { get; } =
    [
        .. typeof(PlanEventFacts).Assembly.GetExportedTypes()
            .Where(type => IsEvent(type) || type.Namespace == Commands && type is { IsClass: true, IsAbstract: false })
            .Select(type => new PublicMessage(type, IsCommand: !IsEvent(type)))
            .OrderBy(message => message.IsCommand).ThenBy(message => message.Type.FullName, StringComparer.Ordinal),
    ];

    // The facts of its plan or batch are what makes an event one: they hold its place in the order.
    private static bool IsEvent(Type type) => type.GetProperties().Any(property => property.PropertyType == typeof(PlanEventFacts) || property.PropertyType == typeof(BatchEventFacts));
}
