using DeployHub.Contracts.Deployments;
using DeployHub.Docker;

namespace DeployHub.Worker.Engines;

/// <summary>What an engine's refusal means for the one who reads it.</summary>
public static class EngineFaults
{
    /// <summary>It may pass: the engine is away, or its answer was lost. Inspect what stands there, and go on from it.</summary>
    public static bool MayPass(EngineException e) => e is EngineUnreachableException or EngineResponseLostException;

    public static DeploymentError Explain(EngineException e, string server, string? image = null) => e switch
    {
        EngineUnreachableException or EngineResponseLostException => new(DeploymentErrorCodes.EngineUnreachable,
            $"The Docker Engine of server «{server}» did not answer. {e.Message} Check that it runs and that its endpoint is right."),
        ImageNotFoundException => new(DeploymentErrorCodes.ImageNotFound,
            $"The registry does not have {image ?? "the image"}. {e.Message} Check the name and the tag, and that it was pushed."),
        RegistryUnauthorizedException => new(DeploymentErrorCodes.RegistryUnauthorized,
            $"The registry refused access to {image ?? "the image"}. {e.Message} Check user name and password of the registry, and that the image is linked to it."),
        RegistryUnreachableException => new(DeploymentErrorCodes.RegistryUnreachable,
            $"The registry of {image ?? "the image"} did not answer the engine of server «{server}». {e.Message} Check that it runs and can be reached from there."),
        _ when e.Message.Contains("no space left on device", StringComparison.OrdinalIgnoreCase) => new(DeploymentErrorCodes.EngineError,
            $"The disk of server «{server}» is full. {e.Message} «docker system df» shows there what takes it: free some space, and deploy again."),
        _ => new(DeploymentErrorCodes.EngineError, $"The Docker Engine of server «{server}» refused. {e.Message}"),
    };

    /// <summary>Why a container could not be started; a port in use is the most frequent reason and has its own code.</summary>
    public static DeploymentError ExplainStart(EngineException e, string server, string container)
    {
        var portTaken = e.Message.Contains("port is already allocated", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("address already in use", StringComparison.OrdinalIgnoreCase);
        return portTaken
            ? new(DeploymentErrorCodes.PortTaken, $"A port that container «{container}» publishes is in use on server «{server}». {e.Message} Free it, or publish another.")
            : new(DeploymentErrorCodes.StartFailed, $"Container «{container}» could not be started on server «{server}». {e.Message}");
    }
}
