using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace DeployHub.EngineSimulator.Http;

/// <summary>One request, and the ways to answer it.</summary>
internal sealed class Call(HttpContext http, string path)
{
    public string Method => http.Request.Method;

    /// <summary>Method and path without the version, as faults name them.</summary>
    public string Line => $"{Method} {path}";

    public string[] Path { get; } = path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    public Stream Input => http.Request.Body;

    /// <summary>For answers that are written bit by bit.</summary>
    public Stream Output => http.Response.Body;

    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>The registry's user and password, as the client sends them; null for none.</summary>
    public string? RegistryAuth => http.Request.Headers["X-Registry-Auth"] is [{ Length: > 0 } header] ? header : null;

    public string? Query(string name) => http.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;

    public bool Flag(string name) => Query(name) is "1" or "true" or "True";

    /// <summary>Lists only: the older form, an object of flags, is not simulated.</summary>
    public Dictionary<string, string[]> Filters() => JsonNode.Parse(Query("filters") ?? "{}")!.AsObject()
        .ToDictionary(pair => pair.Key, pair => pair.Value!.AsArray().Select(value => (string)value!).ToArray());

    public async Task<JsonObject> Body() => (await JsonNode.ParseAsync(Input, cancellationToken: Aborted))?.AsObject() ?? [];

    public async Task Json(int status, JsonNode body)
    {
        Head(status, "application/json");
        // A HEAD has no text.
        if (Method != "HEAD")
        {
            await http.Response.WriteAsync(body.ToJsonString() + "\n", Aborted);
        }
    }

    public Task Text(string text)
    {
        Head(200, "text/plain");
        return Method == "HEAD" ? Task.CompletedTask : http.Response.WriteAsync(text, Aborted);
    }

    public Task Status(int status)
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    public void Head(int status, string contentType)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = contentType;
    }

    public void Header(string name, string value) => http.Response.Headers[name] = value;

    /// <summary>One line of a stream, sent at once.</summary>
    public async Task SendLine(JsonNode line)
    {
        await http.Response.WriteAsync(line.ToJsonString() + "\n", Aborted);
        await Output.FlushAsync(Aborted);
    }
}
