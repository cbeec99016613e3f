using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace DeployHub.Docker;

public sealed partial class EngineClient
{
    /// <summary>What stands at a path in a container, running or not; null when there is nothing (Engine API, <c>HEAD /containers/{id}/archive</c>).</summary>
    /// <param name="id">The container's id.</param>
    /// <param name="path">The path.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    public async Task<PathStat?> FindPath(string id, string path, CancellationToken ct = default)
    {
        var call = Archive(HttpMethod.Head, id, path, $"look at {path} in container {id}");
        using var deadline = new Deadline(Options.CallTimeout, ct);
        try
        {
            using var answer = await Open(call, deadline);
            return _transport.Understand(call, () => PathStat.From(
                JsonNode.Parse(Convert.FromBase64String(string.Concat(answer.Headers.GetValues("X-Docker-Container-Path-Stat")))) ?? throw new FormatException("it is null")));
        }
        catch (EngineNotFoundException)
        {
            // A HEAD has no text: whether the path or the container is missing, only the container tells.
            await GetContainer(id, ct);
            return null;
        }
    }

    /// <summary>A file or folder of a container as a tar (Engine API, <c>GET /containers/{id}/archive</c>). The caller disposes it.</summary>
    /// <param name="id">The container's id.</param>
    /// <param name="path">The path.</param>
    /// <param name="ct">Ends the request up to the answer's beginning; afterwards each read has its own token and the call timeout.</param>
    /// <returns>A stream that only goes forward. It throws typed errors, an <see cref="EngineProtocolException"/> beyond <see cref="EngineClientOptions.MaxArchiveBytes"/>.</returns>
    /// <exception cref="EngineNotFoundException">There is no such container or path.</exception>
    public async Task<Stream> GetArchive(string id, string path, CancellationToken ct = default)
    {
        var call = Archive(HttpMethod.Get, id, path, $"read {path} in container {id}");
        using var deadline = new Deadline(Options.CallTimeout, ct);
        var answer = await Open(call, deadline);
        return new ArchiveStream(_transport, call, answer, answer.Content.ReadAsStream(CancellationToken.None));
    }

    /// <summary>Unpacks a tar into a folder of a container, running or not (Engine API, <c>PUT /containers/{id}/archive</c>). It is not atomic.</summary>
    /// <param name="id">The container's id.</param>
    /// <param name="path">A folder that exists.</param>
    /// <param name="tar">The tar; read to its end, not closed.</param>
    /// <param name="ct">Ends the request; what was unpacked stays.</param>
    /// <exception cref="EngineNotFoundException">There is no such container or folder.</exception>
    /// <exception cref="EngineBadRequestException">A file would replace a folder.</exception>
    /// <exception cref="EngineServerException">The path is no folder, or cannot be written, as with a read-only mount.</exception>
    public Task PutArchive(string id, string path, Stream tar, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(tar);
        return Send(
            Archive(HttpMethod.Put, id, path, $"write {path} in container {id}", "&noOverwriteDirNonDir=true") with { Content = Upload(tar), Limit = Options.UploadTimeout }, ct);
    }

    private static EngineCall Archive(HttpMethod method, string id, string path, string what, string more = "")
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(method, $"/containers/{EngineCall.Part(id)}/archive?path={Uri.EscapeDataString(path)}{more}", what);
    }

    private static StreamContent Upload(Stream tar) => new(new LeftOpen(tar)) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-tar") } };
}
