using DeployHub.Domain.Tokens;

namespace DeployHub.Api.Access;

/// <summary>What each role may do. A route without one of these is open to all.</summary>
internal static class Permissions
{
    /// <summary>See everything but tokens and the audit log.</summary>
    public const Role Read = Role.Viewer;

    /// <summary>Deploy, roll back, record digests.</summary>
    public const Role Deploy = Role.Operator;

    /// <summary>Bring config files to their hosts, and look at what that would change there.</summary>
    public const Role Sync = Role.Operator;

    /// <summary>Create, change, attach and delete config files, variables and secrets: who may, decides what is written to the hosts.</summary>
    public const Role ChangeConfig = Role.Admin;

    /// <summary>Create, change and delete environments, servers, registries, images and services.</summary>
    public const Role ChangeInventory = Role.Admin;

    /// <summary>Create, list and revoke tokens.</summary>
    public const Role ManageTokens = Role.Admin;

    /// <summary>See, send again and discard messages that could not be handled.</summary>
    public const Role ManageDeadLetters = Role.Operator;

    /// <summary>Read who did what.</summary>
    public const Role ReadAuditLog = Role.Admin;
}

/// <summary>The role that a route asks for.</summary>
internal sealed record RequiredRole(Role Role);

internal static class RequiringRole
{
    public static TBuilder RequireRole<TBuilder>(this TBuilder route, Role role) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new RequiredRole(role));
}
