namespace DeployHub.EngineSimulator;

/// <summary>What an engine answers instead of doing what it is asked, in the words of dockerd 20.10.</summary>
internal sealed class Refusal(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}
