using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace DeployHub.Servers;

/// <summary>An image registry of its own (the reference implementation), with deletion on and, if asked for, a password.</summary>
public sealed class Registry : IAsyncDisposable
{
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(5);
    private ServerProcess? _process;

    private Registry(ServerFolder folder, int port, string? user, string? password)
    {
        (Folder, Port, User, Password) = (folder, port, user, password);
        Http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://{Host}/") };
        if (user is not null)
        {
            Http.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        }
    }

    /// <summary>Where it keeps everything.</summary>
    public ServerFolder Folder { get; }

    /// <summary>The first part of its images' names: <c>127.0.0.1:port</c>. Engines take it as insecure without being told.</summary>
    public string Host => $"127.0.0.1:{Port}";

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The user it wants, or null.</summary>
    public string? User { get; }

    /// <summary>The user's password, or null.</summary>
    public string? Password { get; }

    /// <summary>A client of its HTTP API that already carries the credentials.</summary>
    public HttpClient Http { get; }

    /// <summary>Starts a registry and waits until it answers; with a user it wants basic authentication.</summary>
    public static async Task<Registry> Start(string? user = null, string? password = null)
    {
        var folder = ServerFolder.Create();
        try
        {
            var registry = new Registry(folder, FreePorts.Next(), user, password);
            if (user is not null)
            {
                await File.WriteAllTextAsync(folder.In("htpasswd"), await Programs.Run("htpasswd", ["-Bbn", user, password ?? ""]));
            }

            await File.WriteAllTextAsync(folder.In("registry.yml"), registry.Configuration());
            await registry.StartAgain();
            return registry;
        }
        catch
        {
            folder.Remove();
            throw;
        }
    }

    /// <summary>SIGTERM, and awaits the end.</summary>
    public Task Stop() => _process!.End(Posix.Terminate, StopDeadline);

    /// <summary>SIGKILL, and awaits the end.</summary>
    public Task Kill() => _process!.End(Posix.KillNow, StopDeadline);

    /// <summary>Starts it again on the same port and storage.</summary>
    public async Task StartAgain()
    {
        _process?.Dispose();
        _process = await ServerProcess.Start(Folder, "docker-registry", ["serve", Folder.In("registry.yml")]);
        await _process.Ready("docker-registry", Answers);
    }

    /// <summary>Deletes a manifest, so that a pull by its digest or tags is refused.</summary>
    public async Task Delete(string repository, string digest)
    {
        using var answer = await Http.DeleteAsync(new Uri($"v2/{repository}/manifests/{digest}", UriKind.Relative));
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Ends it and removes its files.</summary>
    public ValueTask DisposeAsync()
    {
        Folder.Remove();
        _process?.Dispose();
        Http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<bool> Answers()
    {
        using var answer = await Http.GetAsync(new Uri("v2/", UriKind.Relative));
        return answer.StatusCode == HttpStatusCode.OK;
    }

    private string Configuration()
    {
        var authentication = User is null ? "" : $"""
            auth:
              htpasswd:
                realm: deployhub
                path: {Folder.In("htpasswd")}
            """;
        return $"""
            version: 0.1
            log:
              level: warn
              accesslog:
                disabled: true
            storage:
              filesystem:
                rootdirectory: {Folder.In("storage")}
              delete:
                enabled: true
            http:
              addr: {Host}
              secret: deployhub
            {authentication}

            """;
    }
}
