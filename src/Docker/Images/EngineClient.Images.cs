using System.Text.Json.Nodes;

namespace DeployHub.Docker;

public sealed partial class EngineClient
{
    /// <summary>An image that the engine holds, or null (Engine API, <c>GET /images/{name}/json</c>).</summary>
    /// <param name="reference">A name, a name with a digest, or an id.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<ImageInspection?> FindImage(string reference, CancellationToken ct = default) => Find(InspectImage(reference), ImageInspection.From, ct);

    /// <summary>An image that the engine holds.</summary>
    /// <param name="reference">A name, a name with a digest, or an id.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="ImageNotFoundException">The engine holds no such image.</exception>
    public Task<ImageInspection> GetImage(string reference, CancellationToken ct = default) => Get(InspectImage(reference), ImageInspection.From, ct);

    /// <summary>Gives an image a further name (Engine API, <c>POST /images/{name}/tag</c>).</summary>
    /// <param name="source">A name or id.</param>
    /// <param name="repository">The new name without a tag, as in <c>registry/app</c>.</param>
    /// <param name="tag">The new name's tag.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="ImageNotFoundException">The engine holds no such image.</exception>
    public Task TagImage(string source, string repository, string tag, CancellationToken ct = default) => Send(
        EngineCall.Post(
            $"/images/{EngineCall.ImageParts(source)}/tag?repo={Uri.EscapeDataString(repository)}&tag={Uri.EscapeDataString(tag)}", $"tag image {source} as {repository}:{tag}"),
        ct);

    /// <summary>Takes a name from an image, and the image itself with its last name (Engine API, <c>DELETE /images/{name}</c>).</summary>
    /// <param name="reference">A name or id.</param>
    /// <param name="force">Also when a stopped container uses it.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="ImageNotFoundException">The engine holds no such image.</exception>
    /// <exception cref="EngineConflictException">A container uses it.</exception>
    public Task RemoveImage(string reference, bool force = false, CancellationToken ct = default) => Send(
        EngineCall.Delete($"/images/{EngineCall.ImageParts(reference)}?force={Flag(force)}", $"remove image {reference}"), ct);

    /// <summary>Loads images from a tar as <c>docker save</c> writes it (Engine API, <c>POST /images/load</c>).</summary>
    /// <param name="tar">The tar; read to its end, not closed.</param>
    /// <param name="ct">Ends the request.</param>
    /// <returns>The names, or ids where there is no name, of what was loaded.</returns>
    /// <exception cref="EngineServerException">The engine does not understand the tar; it says so inside a stream.</exception>
    public async Task<IReadOnlyList<string>> LoadImage(Stream tar, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(tar);
        var call = EngineCall.Post("/images/load?quiet=1", "load an image") with { Content = Upload(tar) };
        var loaded = new List<string>();
        using var deadline = new Deadline(Options.UploadTimeout, ct);
        await foreach (var line in Lines(call, deadline))
        {
            // "Loaded image: name" or "Loaded image ID: sha256:…"
            var said = line.Text("stream").Trim();
            if (said.StartsWith("Loaded image", StringComparison.Ordinal))
            {
                loaded.Add(said[(said.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
            }
        }

        return loaded;
    }

    private static EngineCall InspectImage(string reference) => EngineCall.Get($"/images/{EngineCall.ImageParts(reference)}/json", $"inspect image {reference}");

    private static string Flag(bool value) => value ? "1" : "0";

    /// <summary>A stream of lines to its end: the engine answers 200 first and reports failures inside.</summary>
    private async IAsyncEnumerable<JsonObject> Lines(EngineCall call, Deadline deadline)
    {
        using var answer = await Open(call, deadline);
        var lines = new JsonLines(await answer.Content.ReadAsStreamAsync(deadline.Token), Options.MaxLineBytes);
        while (await _transport.NextLine(call, lines, deadline) is { } line)
        {
            if (line["errorDetail"] is not null || line["error"] is not null)
            {
                throw Refusals.From(Endpoint, call, null, line["errorDetail"].Text("message") is { Length: > 0 } detail ? detail : line.Text("error"));
            }

            yield return line;
        }
    }
}
