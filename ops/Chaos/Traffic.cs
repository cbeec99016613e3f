using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace DeployHub.Chaos;

/// <summary>What was asked for, and what became of it.</summary>
internal abstract class Request
{
    /// <summary>The id that the API gave when it accepted; null when it refused.</summary>
    public string? Id { get; set; }

    /// <summary>The refusal, if it was one.</summary>
    public Answer? Refused { get; set; }

    /// <summary>As it was last seen.</summary>
    public JsonNode? Last { get; set; }

    public string Status => (string?)Last?["status"] ?? "unknown";

    public abstract string Path { get; }

    public abstract bool HasEnded { get; }
}

/// <summary>A deploy.</summary>
internal sealed class Deploy(App app, string tag, bool autoRollback) : Request
{
    private static readonly string[] Ends = ["completed", "failed", "rolled_back", "partially_rolled_back", "cancelled", "superseded"];

    public App App => app;

    public string Tag => tag;

    public bool AutoRollback => autoRollback;

    /// <summary>A cancel of it was accepted.</summary>
    public bool CancelAccepted { get; set; }

    public override string Path => $"/api/deployment-plans/{Id}";

    public override bool HasEnded => Ends.Contains(Status);
}

/// <summary>A batch of config files.</summary>
internal sealed class Batch(IReadOnlyList<ConfigFile> files) : Request
{
    private static readonly string[] Ends = ["ok", "failed", "rolled_back", "partial", "cancelled"];

    public IReadOnlyList<ConfigFile> Files => files;

    public override string Path => $"/api/sync/batch/{Id}";

    public override bool HasEnded => Ends.Contains(Status);
}

/// <summary>Submits good and bad deploys, cancels some of them, and submits batches; a few at a time, so that some meet.</summary>
internal sealed class Traffic(Stack stack, Town town, Options options) : IDisposable
{
    /// <summary>A batch for every this many deploys.</summary>
    public const int DeploysPerBatch = 5;

    private const int AtOnce = 12;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private readonly Random _random = new(options.Seed);
    private readonly SemaphoreSlim _room = new(AtOnce);
    private readonly ConcurrentBag<Request> _requests = [];

    public IReadOnlyCollection<Request> Requests => _requests;

    public IEnumerable<Deploy> Deploys => _requests.OfType<Deploy>();

    public IEnumerable<Batch> Batches => _requests.OfType<Batch>();

    /// <summary>Submits everything and waits for all ends, at the longest until <paramref name="deadline"/>.</summary>
    /// <param name="turn">Waits until the deploy of that number may be submitted.</param>
    /// <param name="deadline">Ends the waiting, not the requests.</param>
    public async Task Run(Func<int, Task> turn, CancellationToken deadline)
    {
        var under = new List<Task>();
        for (var i = 0; i < options.Plans && !deadline.IsCancellationRequested; i++)
        {
            await turn(i);
            under.Add(await Begin(NextDeploy(), deadline));
            if (i % DeploysPerBatch == 0)
            {
                under.Add(await Begin(NextBatch(), deadline));
            }
        }

        await Task.WhenAll(under);
    }

    /// <summary>Reads all deploys once more: what could not be cleaned up is told after the end.</summary>
    public async Task Refresh()
    {
        foreach (var deploy in Deploys.Where(x => x.HasEnded))
        {
            deploy.Last = (await stack.Api.Get(deploy.Path)).Body?["plan"];
        }
    }

    public void Dispose() => _room.Dispose();

    private async Task<Task> Begin(Func<Task<Request>> submit, CancellationToken deadline)
    {
        await _room.WaitAsync(CancellationToken.None);
        return InRoom();

        async Task InRoom()
        {
            try
            {
                await Watch(await submit(), deadline);
            }
            finally
            {
                _room.Release();
            }
        }
    }

    private async Task Watch(Request request, CancellationToken deadline)
    {
        _requests.Add(request);
        while (request.Id is not null)
        {
            var answer = await stack.Api.Get(request.Path);
            request.Last = answer.Status == 404 ? null : answer.Body!["plan"] ?? answer.Body;
            if (request.HasEnded || answer.Status == 404 || deadline.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(LookEvery, CancellationToken.None);
        }
    }

    // All of the chance is drawn here, in one order, so that a seed asks for the same things each time.
    private Func<Task<Request>> NextDeploy()
    {
        var (app, roll, good) = (town.Apps[_random.Next(town.Apps.Count)], _random.Next(100), Town.Good[_random.Next(Town.Good.Length)]);
        var (tag, autoRollback) = roll switch
        {
            < 62 => (good, true),
            < 74 => (Town.Sick, true),
            < 82 => (Town.Exits, true),
            < 90 => (Town.Sick, false),
            < 95 => (Town.Missing, true),
            _ => (Town.Exits, false),
        };
        bool? cancelRollback = roll < 14 ? _random.Next(2) == 0 : null;
        var pause = TimeSpan.FromMilliseconds(_random.Next(4000));
        var body = new { imageTag = tag, autoRollback, maxParallel = _random.Next(1, 4) };
        return async () =>
        {
            var deploy = new Deploy(app, tag, autoRollback);
            await Submit(deploy, $"/api/container-images/{app.ImageId}/deploy", body, answer => (string)answer["plan"]!["id"]!);
            if (cancelRollback is { } rollback && deploy.Id is not null)
            {
                await Task.Delay(pause);
                deploy.CancelAccepted = (await stack.Api.Post($"{deploy.Path}/cancel", new { rollback })).Accepted;
            }

            return deploy;
        };
    }

    private Func<Task<Request>> NextBatch()
    {
        var number = _requests.Count;
        var fails = _random.Next(3) == 0;
        var files = town.Files.Where(x => x.CanBeWritten).OrderBy(_ => _random.Next()).Take(3).Concat(town.Files.Where(x => fails && !x.CanBeWritten)).ToList();
        return async () =>
        {
            var batch = new Batch(files);
            foreach (var file in files)
            {
                await stack.Api.Patch($"/api/config-files/{file.Id}", new { content = $"{number} {Guid.NewGuid()}" });
            }

            var body = new { operations = files.Select(file => new { type = "config-file-sync", configFileId = file.Id }) };
            await Submit(batch, "/api/sync/batch", body, answer => (string)answer["batchId"]!);
            return batch;
        };
    }

    private async Task Submit(Request request, string path, object body, Func<JsonNode, string> id)
    {
        var answer = await stack.Api.Post(path, body, Guid.NewGuid().ToString());
        request.Id = answer.Accepted ? id(answer.Body!) : null;
        request.Refused = answer.Accepted ? null : answer;
    }
}
