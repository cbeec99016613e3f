using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>One request to an engine, and what it is called in messages.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">Path and query below the version prefix.</param>
/// <param name="What">What is asked, as in <c>start container 3f2a</c>: completes "could not …".</param>
internal sealed record EngineCall(HttpMethod Method, string Path, string What)
{
    /// <summary>The body; null for none.</summary>
    public HttpContent? Content { get; init; }

    /// <summary>How long it may take instead of the client's call timeout.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>Whether the engine passes the request on to a registry, whose refusals it then repeats.</summary>
    public bool Registry { get; init; }

    /// <summary>The image that is asked for, so that its name is not mistaken for what is said about it.</summary>
    public string? Image { get; init; }

    /// <summary>For the registry.</summary>
    public RegistryCredentials? Credentials { get; init; }

    public static EngineCall Get(string path, string what) => new(HttpMethod.Get, path, what);

    public static EngineCall Post(string path, string what, JsonObject? body = null) => new(HttpMethod.Post, path, what)
    {
        Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
    };

    public static EngineCall Delete(string path, string what) => new(HttpMethod.Delete, path, what);

    /// <summary>A name or id as one part of a path.</summary>
    public static string Part(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return name is "." or ".." ? throw new ArgumentException($"'{name}' names nothing.", nameof(name)) : Uri.EscapeDataString(name);
    }

    /// <summary>An image's reference as parts of a path; its slashes stay.</summary>
    public static string ImageParts(string reference)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reference);
        return string.Join('/', reference.Split('/').Select(Part));
    }

    /// <summary>The engine's notation for filters: a JSON object of lists (Engine API, <c>filters</c>).</summary>
    public static string Filters(IReadOnlyDictionary<string, string[]>? filters) =>
        Uri.EscapeDataString(JsonSerializer.Serialize(filters ?? new Dictionary<string, string[]>()));
}
