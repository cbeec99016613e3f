using DeployHub.Contracts.Channels;

namespace DeployHub.ContractDocs;

/// <summary>A message that other systems bind to.</summary>
/// <param name="Type">Its type in the contracts.</param>
/// <param name="IsCommand">Others send it to DeployHub; else DeployHub publishes it.</param>
public sealed record PublicMessage(Type Type, bool IsCommand);

/// <summary>
/// What is public: what has a way on the broker for other programs. Reports, questions and the commands that DeployHub sends to itself have none.
/// </summary>
public static class PublicMessages
{
    public static IReadOnlyList<PublicMessage> All { get; } =
    [
        .. EventChannels.All.Select(channel => new PublicMessage(channel.Type, IsCommand: false)),
        .. CommandChannels.All.Select(channel => new PublicMessage(channel.Type, IsCommand: true)),
    ];
}
