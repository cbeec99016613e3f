using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace DeployHub.EngineSimulator.Images;

/// <summary>What a registry says of an image.</summary>
internal sealed record Found(string Digest, string ImageId, JsonObject Config);

/// <summary>
/// Asks a registry for an image's manifest and configuration, over plain HTTP. Images of the host <c>simulated.test</c> need none: each tag of each repository is there, with a digest
/// that follows from its name.
/// </summary>
internal static class Registries
{
    private const string Simulated = "simulated.test/";
    private const string Schema2 = "application/vnd.docker.distribution.manifest.v2+json";
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });

    public static async Task<Found> Find(string repository, string tagOrDigest, string? auth, CancellationToken ct)
    {
        if (repository.StartsWith(Simulated, StringComparison.Ordinal))
        {
            var digest = tagOrDigest.StartsWith("sha256:", StringComparison.Ordinal) ? tagOrDigest : Sha256(Encoding.UTF8.GetBytes($"{repository}:{tagOrDigest}"));
            return new(digest, Sha256(Encoding.UTF8.GetBytes(digest)), new JsonObject { ["Cmd"] = new JsonArray("/bin/service") });
        }

        if (repository.Split('/', 2) is not [var host, var name] || !host.Contains(':', StringComparison.Ordinal))
        {
            throw new Refusal(404, $"pull access denied for {repository}, repository does not exist or may require 'docker login'");
        }

        var at = $"http://{host}/v2/{name}";
        var (manifest, found) = await Get($"{at}/manifests/{tagOrDigest}", $"{repository}:{tagOrDigest}", auth, ct);
        var configDigest = (string)JsonNode.Parse(manifest)!["config"]!["digest"]!;
        var (config, _) = await Get($"{at}/blobs/{configDigest}", configDigest, auth, ct);
        return new(found ?? Sha256(manifest), configDigest, JsonNode.Parse(config)!["config"]?.DeepClone().AsObject() ?? []);
    }

    private static async Task<(byte[] Body, string? Digest)> Get(string address, string what, string? auth, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.ParseAdd(Schema2);
        if (auth is not null)
        {
            var login = JsonNode.Parse(Base64Url.DecodeFromChars(auth.TrimEnd('=')))!;
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login["username"]}:{login["password"]}")));
        }

        try
        {
            using var answer = await Http.SendAsync(request, ct);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => (await answer.Content.ReadAsByteArrayAsync(ct), answer.Headers.TryGetValues("Docker-Content-Digest", out var digest) ? digest.First() : null),
                HttpStatusCode.Unauthorized when auth is null => throw new Refusal(500, $"Get \"{address}\": no basic auth credentials"),
                HttpStatusCode.Unauthorized => throw new Refusal(500, $"Get \"{address}\": unauthorized: authentication required"),
                HttpStatusCode.NotFound => throw new Refusal(404, $"manifest for {what} not found: manifest unknown: manifest unknown"),
                var status => throw new Refusal(500, $"received unexpected HTTP status: {(int)status}"),
            };
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException)
        {
            throw new Refusal(500, $"Get \"{address}\": dial tcp: connect: connection refused");
        }
    }

    private static string Sha256(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
}
