using DeployHub.Contracts.ConfigSync;
using DeployHub.Intake;
using MassTransit;

namespace DeployHub.Api.ConfigSync;

/// <summary>What hosts hold, as far as workers answered; by server and path.</summary>
internal sealed class HostContents
{
    private readonly Dictionary<(Guid ServerId, string Path), HostFile> _files = [];

    public void Add(Guid serverId, IEnumerable<HostFile> files)
    {
        foreach (var file in files)
        {
            _files[(serverId, file.Path)] = file;
        }
    }

    /// <summary>What is there, or that nobody said so in time.</summary>
    public HostFile At(Guid serverId, string path) => _files.GetValueOrDefault((serverId, path)) ?? new HostFile(
        path, false, null, null, null, null, null, new SyncError(SyncErrorCodes.EngineUnreachable, "No worker answered for this server in time."));
}

/// <summary>Asks workers what hosts hold: the Api itself talks to no engine.</summary>
internal sealed class HostFiles(IServiceProvider services)
{
    // A config file is up to 1 MiB, and what a broker takes in one message is bounded.
    private const int PathsWithContent = 8;
    private const int PathsWithoutContent = 200;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>All servers at once. Refused when no worker answered at all.</summary>
    public async Task<Result<HostContents>> Read(IEnumerable<(Guid ServerId, string Path)> wanted, bool hashesOnly, CancellationToken ct)
    {
        var byServer = wanted.Distinct().GroupBy(x => x.ServerId, x => x.Path).ToList();
        var contents = new HostContents();
        if (byServer.Count == 0)
        {
            return contents;
        }

        if (services.GetService<IRequestClient<ReadHostFiles>>() is not { } workers)
        {
            return Refusal.Unavailable("This server is not connected to any worker, so no host can be read.");
        }

        var answers = await Task.WhenAll(byServer.Select(async paths => (paths.Key, Files: await ReadServer(workers, paths.Key, [.. paths], hashesOnly, ct))));
        foreach (var (serverId, files) in answers)
        {
            contents.Add(serverId, files ?? []);
        }

        return answers.All(answer => answer.Files is null) ? Refusal.Unavailable("No worker answered in time, so no host could be read.") : contents;
    }

    // Null when the first question got no answer: there is no point in asking on.
    private static async Task<List<HostFile>?> ReadServer(
        IRequestClient<ReadHostFiles> workers, Guid serverId, List<string> paths, bool hashesOnly, CancellationToken ct)
    {
        List<HostFile>? files = null;
        foreach (var chunk in paths.Chunk(hashesOnly ? PathsWithoutContent : PathsWithContent))
        {
            if (await Ask(workers, new ReadHostFiles(serverId, [.. chunk], hashesOnly), ct) is not { } answer)
            {
                break;
            }

            (files ??= []).AddRange(answer.Files);
        }

        return files;
    }

    private static async Task<HostFilesRead?> Ask(IRequestClient<ReadHostFiles> workers, ReadHostFiles question, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Deadline);
        try
        {
            return (await workers.GetResponse<HostFilesRead>(question, deadline.Token, RequestTimeout.After(ms: (int)Deadline.TotalMilliseconds))).Message;
        }
        catch (RequestException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }
}
