using DeployHub.Contracts.Deployments;

namespace DeployHub.Worker.Engines;

/// <summary>A step cannot succeed, for a reason that the domain expects; it ends the step, and is told to whoever asked.</summary>
public sealed class StepFailureException(DeploymentError error) : Exception(error.Message)
{
    public StepFailureException(string code, string message)
        : this(new DeploymentError(code, message))
    {
    }

    public DeploymentError Error { get; } = error;
}
