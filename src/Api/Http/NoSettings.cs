namespace DeployHub.Api.Http;

/// <summary>Where a request has no settings, an empty object is let through.</summary>
internal sealed record NoSettings;
