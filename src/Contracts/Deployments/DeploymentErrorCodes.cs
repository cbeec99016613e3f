namespace DeployHub.Contracts.Deployments;

/// <summary>The codes of <see cref="DeploymentError"/>. New ones may be added; none changes its meaning.</summary>
public static class DeploymentErrorCodes
{
    /// <summary>The registry does not have the tag or the digest.</summary>
    public const string ImageNotFound = "IMAGE_NOT_FOUND";

    /// <summary>A tag and a digest were both given, and the tag points elsewhere now.</summary>
    public const string TagMoved = "TAG_MOVED";

    /// <summary>The registry refused the credentials, or wants some.</summary>
    public const string RegistryUnauthorized = "REGISTRY_UNAUTHORIZED";

    /// <summary>The registry did not answer.</summary>
    public const string RegistryUnreachable = "REGISTRY_UNREACHABLE";

    /// <summary>The engine did not answer.</summary>
    public const string EngineUnreachable = "ENGINE_UNREACHABLE";

    /// <summary>The engine refused or failed a call in a way that no other code covers.</summary>
    public const string EngineError = "ENGINE_ERROR";

    /// <summary>Two steps of the plan name the same container on the same engine.</summary>
    public const string DuplicateTarget = "DUPLICATE_TARGET";

    /// <summary>The image has no command and no entrypoint, and the service declares none.</summary>
    public const string NoCommand = "NO_COMMAND";

    /// <summary>A port that the service publishes is in use on the server.</summary>
    public const string PortTaken = "PORT_TAKEN";

    /// <summary>The engine refused the container's settings.</summary>
    public const string ContainerRefused = "CONTAINER_REFUSED";

    /// <summary>The container to adopt does not exist on the server.</summary>
    public const string ContainerNotFound = "CONTAINER_NOT_FOUND";

    /// <summary>The container to replace cannot be: it removes itself when it stops (<c>--rm</c>).</summary>
    public const string ContainerAutoRemoves = "CONTAINER_AUTO_REMOVES";

    /// <summary>The container could not be started.</summary>
    public const string StartFailed = "START_FAILED";

    /// <summary>The container exited before its gate was passed.</summary>
    public const string ContainerExited = "CONTAINER_EXITED";

    /// <summary>The container exits and is restarted again and again.</summary>
    public const string CrashLoop = "CRASH_LOOP";

    /// <summary>The health check or probe failed.</summary>
    public const string Unhealthy = "UNHEALTHY";

    /// <summary>The gate was not passed within its deadline.</summary>
    public const string HealthTimeout = "HEALTH_TIMEOUT";

    /// <summary>The step or the plan used up its time.</summary>
    public const string DeadlineExceeded = "DEADLINE_EXCEEDED";

    /// <summary>The container that stands under the name is not the one that this plan left there.</summary>
    public const string ContainerChanged = "CONTAINER_CHANGED";

    /// <summary>The former container could not be brought back.</summary>
    public const string RestoreFailed = "RESTORE_FAILED";

    /// <summary>A fault in DeployHub itself; its log has the details under the step's id.</summary>
    public const string Internal = "INTERNAL";
}
