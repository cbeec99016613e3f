using DeployHub.Servers;

namespace DeployHub.Demo;

/// <summary>The Docker Engine that the demo deploys to: the machine's own where one answers, else a private one.</summary>
internal sealed class DemoEngine : IAsyncDisposable
{
    private const string DefaultSocket = "unix:///var/run/docker.sock";
    private readonly DockerEngine? _private;
    private readonly Owner _owner;

    // DeployHub's helper image stays on an engine for the next batch. Those that were there before the demo are not the demo's to remove.
    private string[] _formerHelperImages = [];

    private DemoEngine(string endpoint, DockerEngine? own, Owner owner) => (Endpoint, _private, _owner) = (endpoint, own, owner);

    /// <summary>What DeployHub is told, and what <c>DOCKER_HOST</c> takes.</summary>
    public string Endpoint { get; }

    public bool IsPrivate => _private is not null;

    public static async Task<DemoEngine> Find(Owner owner, Screen screen)
    {
        var named = Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host ? host : DefaultSocket;
        if (!IsLocal(named))
        {
            screen.Note($"DOCKER_HOST is {named}: that engine could not reach a registry on this machine, so it is left alone.");
        }
        else if (await Answers(named))
        {
            var engine = new DemoEngine(named, own: null, owner);
            await engine.SweepOrphans();
            engine._formerHelperImages = await engine.HelperImages();
            return engine;
        }

        var own = await DockerEngine.Start("demo");
        return new DemoEngine(own.Uri.OriginalString, own, owner);
    }

    /// <summary>Runs the docker client against it and returns its output.</summary>
    public Task<string> Docker(params string[] args) => Programs.Run("docker", ["-H", Endpoint, .. args]);

    public async Task<string[]> DockerLines(params string[] args) =>
        (await Docker(args)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The names of all containers that were made from this demo's images, running or not.</summary>
    public async Task<string[]> Containers() =>
        [.. (await DockerLines("ps", "-a", "--filter", $"label={_owner.Label}", "--format", "{{.Names}}")).Order(StringComparer.Ordinal)];

    /// <summary>Removes every file, container, volume and image of this demo. Says what could not be removed.</summary>
    public async Task<string[]> Clear()
    {
        try
        {
            var folders = await HostFolder.Remove(this, _owner);
            if (IsPrivate)
            {
                return folders;
            }

            await Remove(_owner.Label);
            await RemoveHelperImages();
            return [.. folders, .. await Containers(), .. await Volumes(_owner.Label), .. await DockerLines("image", "ls", "-q", "--filter", $"label={_owner.Label}")];
        }
        catch (ServerFailedException e)
        {
            return [e.Message];
        }
    }

    public ValueTask DisposeAsync() => _private?.DisposeAsync() ?? ValueTask.CompletedTask;

    // A demo that was killed could not clear up after itself.
    private async Task SweepOrphans()
    {
        string[] listing = ["--filter", $"label={Owner.Key}", "--format"];
        var labels = (await DockerLines(["ps", "-a", .. listing, $"{{{{.Label \"{Owner.Key}\"}}}}"])).ToHashSet();
        var images = (await DockerLines(["image", "ls", "-q", "--filter", $"label={Owner.Key}"])).Distinct().ToArray();
        if (images.Length > 0)
        {
            labels.UnionWith(await DockerLines(["image", "inspect", "--format", $"{{{{index .Config.Labels \"{Owner.Key}\"}}}}", .. images]));
        }

        labels.UnionWith(await DockerLines(["volume", "ls", .. listing, $"{{{{.Label \"{Owner.Key}\"}}}}"]));
        foreach (var label in labels.Where(Owner.IsGone))
        {
            await Remove($"{Owner.Key}={label}");
        }
    }

    private async Task Remove(string label)
    {
        var containers = await DockerLines("ps", "-aq", "--filter", $"label={label}");
        if (containers.Length > 0)
        {
            await Docker(["rm", "-f", "-v", .. containers]);
        }

        var volumes = await Volumes(label);
        if (volumes.Length > 0)
        {
            await Docker(["volume", "rm", .. volumes]);
        }

        var images = (await DockerLines("image", "ls", "-q", "--no-trunc", "--filter", $"label={label}")).Distinct().ToArray();
        if (images.Length > 0)
        {
            await Docker(["image", "rm", "-f", .. images]);
        }
    }

    private Task<string[]> Volumes(string label) => DockerLines("volume", "ls", "-q", "--filter", $"label={label}");

    private Task<string[]> HelperImages() => DockerLines("image", "ls", "-q", "--no-trunc", "deployhub/helper");

    private async Task RemoveHelperImages()
    {
        foreach (var image in (await HelperImages()).Except(_formerHelperImages))
        {
            // One that somebody else uses by now is theirs.
            if (await DockerLines("ps", "-aq", "--filter", $"ancestor={image}") is [])
            {
                await Docker("image", "rm", image);
            }
        }
    }

    // The demo's registry listens on 127.0.0.1.
    private static bool IsLocal(string endpoint) => Uri.TryCreate(endpoint, UriKind.Absolute, out var address)
        && (address.Scheme == "unix" || (address.Scheme == "tcp" && address.IsLoopback && address.Port > 0));

    private static async Task<bool> Answers(string endpoint)
    {
        try
        {
            return (await Programs.Run("docker", ["-H", endpoint, "version", "--format", "{{.Server.Version}}"])).Length > 0;
        }
        catch (ServerFailedException)
        {
            return false;
        }
    }
}
