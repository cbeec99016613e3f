using DeployHub.Domain.Tokens;

namespace DeployHub.Intake.Access;

/// <summary>What a caller must see for a route or a command.</summary>
public enum Scope
{
    /// <summary>Open to everybody, without a token.</summary>
    Open,

    /// <summary>It concerns all environments: only for callers that see all of them.</summary>
    Global,

    /// <summary>For everybody with the role; the answer holds what the caller sees.</summary>
    Listed,

    /// <summary>What it concerns stands in the body, and is checked where that is read.</summary>
    InBody,

    /// <summary>What it concerns has an id, and lies in an environment that the caller must see.</summary>
    OfObject,
}

/// <summary>What lies in an environment and has an id of its own, and the environment itself.</summary>
public enum Noun
{
    Environment,
    Server,
    Registry,
    ContainerImage,
    Service,
    ConfigFile,
    Variable,
    Secret,
    DeploymentPlan,
    SyncBatch,
}

/// <summary>What one route, or one command of the queue, needs.</summary>
/// <param name="Name">Method and path, as in <c>GET /api/servers/{id}</c>, or the command's name. The path's first parameter is the id that the scope is about.</param>
/// <param name="Role">The least role; null where no token is needed.</param>
/// <param name="Scope">What the caller must see.</param>
/// <param name="Action">Noun and verb, as the audit log has it.</param>
/// <param name="Noun">What the id is of, where the scope is an object.</param>
public sealed record AccessRow(string Name, Role? Role, Scope Scope, string Action, Noun? Noun = null)
{
    public AccessRow(string name, Role role, Noun noun, string action)
        : this(name, role, Scope.OfObject, action, noun)
    {
    }

    /// <summary>The name of the path's parameter that holds the id; null where there is none.</summary>
    public string? IdParameter { get; } = Name.Split('{', '}') is [_, var parameter, ..] ? parameter : null;
}
