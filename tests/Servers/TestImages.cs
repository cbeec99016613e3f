using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace DeployHub.Servers;

/// <summary>Puts test images where they are needed: into a registry through its HTTP API, or into an engine with <c>docker load</c>.
/// Neither builds anything, so both take milliseconds.</summary>
public static class TestImages
{
    private const string ManifestType = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>Pushes an image to a registry under one or more tags ("latest" when none is given).</summary>
    public static async Task<StoredImage> Push(this Registry registry, TestImage image, string repository, params string[] tags)
    {
        var content = ImageContent.Of(image);
        foreach (var blob in content.Layers.Select(layer => layer.Compressed).Append(content.Config))
        {
            await Upload(registry, repository, blob);
        }

        string[] all = tags is [] ? ["latest"] : tags;
        foreach (var tag in all)
        {
            using var body = new ByteArrayContent(content.Manifest.Bytes) { Headers = { ContentType = new MediaTypeHeaderValue(ManifestType) } };
            using var answer = await registry.Http.PutAsync(new Uri($"v2/{repository}/manifests/{tag}", UriKind.Relative), body);
            await Check(answer);
        }

        return new StoredImage($"{registry.Host}/{repository}", all, content.Manifest.Digest, content.Config.Digest);
    }

    /// <summary>Loads an image into an engine under one or more tags ("latest" when none is given).</summary>
    public static async Task<StoredImage> Load(this DockerEngine engine, TestImage image, string name, params string[] tags)
    {
        var content = ImageContent.Of(image);
        string[] all = tags is [] ? ["latest"] : tags;
        var archive = Tar.Of(
        [
            ("config.json", content.Config.Bytes, false),
            .. content.Layers.Select((layer, i) => ($"layer{i}.tar", layer.Plain.Bytes, false)),
            ("manifest.json", Json(new JsonArray(new JsonObject
            {
                ["Config"] = "config.json",
                ["RepoTags"] = new JsonArray([.. all.Select(tag => JsonValue.Create($"{name}:{tag}"))]),
                ["Layers"] = new JsonArray([.. content.Layers.Select((_, i) => JsonValue.Create($"layer{i}.tar"))]),
            })), false),
        ]);
        await Programs.Run("docker", ["--config", engine.Folder.Make("client"), "-H", engine.Uri.OriginalString, "load", "-q"], input: archive);
        return new StoredImage(name, all, "", content.Config.Digest);
    }

    internal static byte[] Json(JsonNode node) => System.Text.Encoding.UTF8.GetBytes(node.ToJsonString());

    private static async Task Upload(Registry registry, string repository, Blob blob)
    {
        using var known = await registry.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"v2/{repository}/blobs/{blob.Digest}"));
        if (known.IsSuccessStatusCode)
        {
            return;
        }

        using var session = await registry.Http.PostAsync(new Uri($"v2/{repository}/blobs/uploads/", UriKind.Relative), content: null);
        await Check(session);
        var place = new Uri(registry.Http.BaseAddress!, session.Headers.Location!);
        using var body = new ByteArrayContent(blob.Bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using var done = await registry.Http.PutAsync(new Uri($"{place}&digest={Uri.EscapeDataString(blob.Digest)}"), body);
        await Check(done);
    }

    private static async Task Check(HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new ServerFailedException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }
}
