namespace DeployHub.Docker;

public sealed partial class EngineClient
{
    /// <summary>
    /// Pulls an image and returns when the engine holds it (Engine API, <c>POST /images/create</c>). Ends with an error after <see cref="EngineClientOptions.PullIdleTimeout"/> without progress.
    /// </summary>
    /// <param name="reference">A name with a tag or a digest; the digest counts when it has both. Without either an engine would pull every tag.</param>
    /// <param name="credentials">For the registry, or null.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="ct">Ends the request. A download that hangs in the registry goes on inside the engine (20.10), and a later pull of the same layer joins it.</param>
    /// <exception cref="ArgumentException">The reference is no image's name, or has neither tag nor digest.</exception>
    /// <exception cref="ImageNotFoundException">The registry has no such repository, tag or digest.</exception>
    /// <exception cref="RegistryUnauthorizedException">The registry wants (other) credentials. Docker Hub says the same of a repository that does not exist.</exception>
    /// <exception cref="RegistryUnreachableException">The engine cannot reach the registry.</exception>
    public async Task Pull(string reference, RegistryCredentials? credentials, IProgress<PullProgress>? progress = null, CancellationToken ct = default)
    {
        var image = Fixed(reference);
        var call = EngineCall.Post(
            $"/images/create?fromImage={Uri.EscapeDataString(image.Repository)}&tag={Uri.EscapeDataString(image.Digest ?? image.Tag!)}", $"pull image {image}") with
        {
            Registry = true,
            Image = reference,
            Credentials = credentials,
        };
        using var deadline = new Deadline(Options.PullIdleTimeout, Options.PullTimeout, ct);
        await foreach (var line in Lines(call, deadline))
        {
            deadline.Progressed();
            progress?.Report(_transport.Understand(call, () => PullProgress.From(line)));
        }
    }

    /// <summary>Asks the registry, through the engine and without pulling, for the digest of an image's manifest (Engine API, <c>GET /distribution/{name}/json</c>).</summary>
    /// <param name="reference">A name with a tag or a digest.</param>
    /// <param name="credentials">For the registry, or null.</param>
    /// <param name="ct">Ends the request.</param>
    /// <returns><c>sha256:…</c>, of the index when the tag names one.</returns>
    /// <exception cref="ArgumentException">The reference is no image's name, or has neither tag nor digest.</exception>
    /// <exception cref="ImageNotFoundException">The registry has no such repository, tag or digest.</exception>
    /// <exception cref="RegistryUnauthorizedException">The registry wants (other) credentials.</exception>
    /// <exception cref="RegistryUnreachableException">The engine cannot reach the registry.</exception>
    public Task<string> ResolveDigest(string reference, RegistryCredentials? credentials, CancellationToken ct = default)
    {
        var image = Fixed(reference);
        var name = image.Digest is null ? image.ToString() : $"{image.Repository}@{image.Digest}";
        var call = EngineCall.Get($"/distribution/{EngineCall.ImageParts(name)}/json", $"resolve the digest of image {image}") with
        {
            Registry = true,
            Image = reference,
            Credentials = credentials,
        };
        return Get(call, json => json["Descriptor"].Text("digest") is { Length: > 0 } digest ? digest : throw new FormatException("it holds no digest"), ct);
    }

    private static ImageReference Fixed(string reference) =>
        !ImageReference.TryParse(reference, out var image) ? throw new ArgumentException($"'{reference}' is not the name of an image.", nameof(reference))
        : image.Tag is null && image.Digest is null ? throw new ArgumentException($"'{reference}' needs a tag or a digest.", nameof(reference))
        : image;
}
