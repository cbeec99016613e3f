using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Integration.Packaging;

/// <summary>
/// The images that <c>ops/images</c> builds, run as docker-compose.yml runs them. Nothing can be relied on to be pulled, so the base images
/// are made here, from this machine's own .NET and busybox, under the names that the Dockerfiles give.
/// </summary>
public sealed class ContainerImageTests
{
    private const string DotnetBase = "mcr.microsoft.com/dotnet/aspnet:10.0";
    private const string BusyboxBase = "busybox:1.37-musl";
    private static readonly TimeSpan ToBuild = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan ToBeHealthy = TimeSpan.FromMinutes(2);

    private static string Root { get; } = FindRoot();

    [Fact]
    public async Task Api_and_Worker_become_healthy_as_users_without_rights_on_read_only_file_systems()
    {
        await using var engine = await DockerEngine.Start("images");
        var broker = RabbitMq.Start();
        await using var database = await Postgres.Start();
        await using var rabbit = await broker;
        await ImportBases(engine);
        await Programs.Run(Path.Combine(Root, "ops/images"), ["--tag", "test"], new Dictionary<string, string> { ["DOCKER_HOST"] = engine.Uri.OriginalString }, within: ToBuild);
        var token = "dhub_" + RandomNumberGenerator.GetHexString(40, lowercase: true);
        var secrets = await Secrets(engine, await database.CreateDatabase("deployhub"), rabbit.Uri, token);

        var (api, worker) = (FreePorts.Next(), FreePorts.Next());
        await Run(engine, "api", api, secrets);
        await Run(engine, "worker", worker, secrets);

        await Healthy(engine, "api");
        await Healthy(engine, "worker");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var environments = await http.GetStringAsync(new Uri($"http://127.0.0.1:{api}/api/environments"), TestContext.Current.CancellationToken);
        Assert.Empty(JsonNode.Parse(environments)!["environments"]!.AsArray());
        Assert.Equal("1654:1654", (await engine.Docker("inspect", "-f", "{{.Config.User}}", "api")).Trim());

        // Told to stop, a worker ends by itself, and in time.
        await engine.Docker("stop", "-t", "30", "worker");
        Assert.Equal("0", (await engine.Docker("inspect", "-f", "{{.State.ExitCode}}", "worker")).Trim());
    }

    [Fact]
    public async Task The_compose_file_is_understood_and_gives_nobody_more_than_it_needs()
    {
        var config = await Programs.Run("docker-compose", ["-f", Path.Combine(Root, "docker-compose.yml"), "config"]);

        Assert.Equal(4, Count(config, "read_only: true"));
        Assert.Equal(4, Count(config, "no-new-privileges:true"));
        Assert.Equal(1, Count(config, "docker.sock:/var/run/docker.sock"));
        Assert.Equal(1, Count(config, "source: admin-token"));
        Assert.DoesNotContain("password=", config, StringComparison.OrdinalIgnoreCase);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static Task Run(DockerEngine engine, string program, int port, string secrets) => engine.Docker(
        [
            "run", "-d", "--name", program, "--network", "host", "--read-only", "--tmpfs", "/tmp:size=64m,mode=1777", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges:true", "-v", $"{secrets}:/run/secrets:ro", "-e", $"ASPNETCORE_HTTP_PORTS={port}",
            .. new[] { "POSTGRES", "RABBITMQ", "MASTER_KEY", "ADMIN_TOKEN" }.SelectMany(name => new[] { "-e", $"DEPLOYHUB_{name}_FILE=/run/secrets/{name}" }),
            $"deployhub-{program}:test",
        ]);

    private static async Task Healthy(DockerEngine engine, string container)
    {
        try
        {
            await Eventually.Equal("healthy", async () => (await engine.Docker("inspect", "-f", "{{.State.Health.Status}}", container)).Trim(), ToBeHealthy);
        }
        catch (TimeoutException late)
        {
            var seen = await engine.Docker("inspect", "-f", "{{json .State}}", container);
            throw new TimeoutException($"{late.Message}{Environment.NewLine}{seen}{Environment.NewLine}{await engine.Docker("logs", "--tail", "50", container)}", late);
        }
    }

    private static async Task<string> Secrets(DockerEngine engine, string postgres, Uri rabbit, string token)
    {
        // In the engine's own folder, so that they go with it.
        var folder = Directory.CreateDirectory(Path.Combine(engine.Folder.Path, "secrets")).FullName;
        foreach (var (name, text) in new[]
        {
            ("POSTGRES", postgres), ("RABBITMQ", rabbit.ToString()), ("ADMIN_TOKEN", token),
            ("MASTER_KEY", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))),
        })
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), text + "\n");
        }

        return folder;
    }

    private static async Task ImportBases(DockerEngine engine)
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        var libraries = (await Programs.Run("sh", ["-c", $"ldd {Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libcoreclr.so")} {dotnet}/dotnet | grep -o '/[^ ]*\\.so[^ ]*' | sort -u"]))
            .Split('\n').Append(await Library("libssl.so.3")).Append(await Library("libcrypto.so.3")).Append(await Library("libz.so.1")).Where(File.Exists).Distinct();
        string[] parts = [$"{dotnet}/dotnet", $"{dotnet}/host", $"{dotnet}/shared", .. libraries];
        await Import(engine, DotnetBase, parts, $"ENV PATH={dotnet}:/bin DOTNET_ROOT={dotnet} DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1");
        await Import(engine, BusyboxBase, ["/bin/busybox"], "CMD [\"/bin/busybox\", \"sh\"]");
    }

    private static async Task<string> Library(string name) =>
        (await Programs.Run("sh", ["-c", $"ldconfig -p | sed -n 's/.*{name} .*=> //p' | head -n 1"])).Trim();

    private static async Task Import(DockerEngine engine, string image, IEnumerable<string> paths, string change)
    {
        var archive = Path.Combine(engine.Folder.Path, "base.tar");
        await Programs.Run("tar", ["-chf", archive, "-C", "/", .. paths.Select(path => path.TrimStart('/'))], within: ToBuild);
        await engine.Docker("import", "--change", change, archive, image);
        File.Delete(archive);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DeployHub.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The solution's folder is not above the tests'.");
        }

        return folder.FullName;
    }
}
