using System.Security.Cryptography;
using System.Text.Json.Nodes;
using DeployHub.EngineSimulator.Containers;
using DeployHub.EngineSimulator.Http;

namespace DeployHub.EngineSimulator.Images;

/// <summary>The calls about images.</summary>
internal sealed class ImageStore(Engine engine)
{
    private readonly List<Image> _images = [];

    public Task Answer(Call call) => (call.Method, call.Path) switch
    {
        ("POST", [_, "create"]) => Pull(call),
        ("POST", [_, "load"]) => Load(call),
        ("GET", ["distribution", .. var name, "json"]) => Resolve(call, string.Join('/', name)),
        ("GET", [_, .. var name, "json"]) => call.Json(200, Get(string.Join('/', name)).Inspection()),
        ("POST", [_, .. var name, "tag"]) => Tag(call, string.Join('/', name)),
        ("DELETE", [_, .. var name]) => Remove(call, string.Join('/', name)),
        _ => throw new Refusal(404, "page not found"),
    };

    /// <summary>By name, by name and digest, or by id. The gate is held, or is not needed.</summary>
    public Image? Find(string reference)
    {
        lock (engine.Gate)
        {
            // A name may carry tag and digest; the digest counts.
            var digest = reference.IndexOf('@', StringComparison.Ordinal);
            var name = digest < 0 ? WithTag(reference) : Repository(reference[..digest]) + reference[digest..];
            return _images.FirstOrDefault(image => image.Id == reference || image.Tags.Contains(name) || image.Digests.Contains(name));
        }
    }

    private Image Get(string reference) => Find(reference) ?? throw new Refusal(404, $"No such image: {reference}");

    private async Task Pull(Call call)
    {
        var (repository, tag) = (call.Query("fromImage")!, call.Query("tag")!);
        var byDigest = tag.StartsWith("sha256:", StringComparison.Ordinal);
        var found = await Registries.Find(repository, tag, call.RegistryAuth, call.Aborted);
        lock (engine.Gate)
        {
            var image = Keep(new Image(found.ImageId, found.Config, new Dictionary<string, FileEntry>()));
            image.Digests.Add($"{repository}@{found.Digest}");
            if (!byDigest)
            {
                Name(image, $"{repository}:{tag}");
            }

            engine.Events.Add("image", "pull", $"{repository}:{tag}", []);
        }

        call.Head(200, "application/json");
        await call.SendLine(new JsonObject { ["status"] = $"Pulling from {repository}", ["id"] = tag });
        await call.SendLine(new JsonObject { ["status"] = $"Digest: {found.Digest}" });
        await call.SendLine(new JsonObject { ["status"] = $"Status: Downloaded newer image for {repository}{(byDigest ? '@' : ':')}{tag}" });
    }

    private static async Task Resolve(Call call, string reference)
    {
        var (repository, tag) = reference.Split('@') is [var name, var digest] ? (Repository(name), digest) : (Repository(reference), WithTag(reference)[(Repository(reference).Length + 1)..]);
        var found = await Registries.Find(repository, tag, call.RegistryAuth, call.Aborted);
        await call.Json(200, new JsonObject { ["Descriptor"] = new JsonObject { ["digest"] = found.Digest } });
    }

    private async Task Load(Call call)
    {
        var files = new Dictionary<string, byte[]>();
        await FileTree.Unpack(call.Input, "", (path, entry) => files[path] = entry.Content ?? [], call.Aborted);
        if (!files.TryGetValue("/manifest.json", out var manifest))
        {
            throw new Refusal(500, "invalid archive: does not contain a manifest.json");
        }

        call.Head(200, "application/json");
        foreach (var item in JsonNode.Parse(manifest)!.AsArray())
        {
            var config = files[FileTree.Clean((string)item!["Config"]!)];
            var content = new Dictionary<string, FileEntry>();
            foreach (var layer in Container.Texts(item["Layers"]))
            {
                await FileTree.Unpack(new MemoryStream(files[FileTree.Clean(layer)]), "", (path, entry) => content[path] = entry, call.Aborted);
            }

            var id = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(config))}";
            lock (engine.Gate)
            {
                var image = Keep(new Image(id, JsonNode.Parse(config)!["config"]?.DeepClone().AsObject() ?? [], content));
                foreach (var tag in Container.Texts(item["RepoTags"]))
                {
                    Name(image, tag);
                }
            }

            await call.SendLine(new JsonObject { ["stream"] = Container.Texts(item["RepoTags"]) is [var name, ..] ? $"Loaded image: {name}\n" : $"Loaded image ID: {id}\n" });
        }
    }

    private Task Tag(Call call, string reference)
    {
        lock (engine.Gate)
        {
            Name(Get(reference), $"{call.Query("repo")}:{call.Query("tag")}");
        }

        return call.Status(201);
    }

    private Task Remove(Call call, string reference)
    {
        lock (engine.Gate)
        {
            var image = Get(reference);
            var name = reference.Contains('@', StringComparison.Ordinal) || reference == image.Id ? reference : WithTag(reference);
            if (image.Tags.Count + image.Digests.Count > 1 && reference != image.Id)
            {
                image.Tags.Remove(name);
                image.Digests.Remove(name);
            }
            else if (engine.Containers.All.FirstOrDefault(container => container.Image == image && (container.Running || !call.Flag("force"))) is { } user)
            {
                throw new Refusal(409, $"conflict: unable to remove repository reference \"{reference}\" (must force) - container {user.Id[..12]} is using its referenced image {image.Id[7..19]}");
            }
            else
            {
                _images.Remove(image);
            }
        }

        return call.Json(200, new JsonArray());
    }

    private Image Keep(Image image)
    {
        if (_images.FirstOrDefault(other => other.Id == image.Id) is { } known)
        {
            return known;
        }

        _images.Add(image);
        return image;
    }

    // A name points at one image.
    private void Name(Image image, string name)
    {
        _images.ForEach(other => other.Tags.Remove(name));
        image.Tags.Add(name);
    }

    private static string Repository(string reference) =>
        reference.IndexOf(':', reference.LastIndexOf('/') + 1) is >= 0 and var colon ? reference[..colon] : reference;

    private static string WithTag(string reference) => Repository(reference) == reference ? $"{reference}:latest" : reference;
}
