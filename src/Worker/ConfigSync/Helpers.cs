using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;
using DeployHub.Domain.Servers;
using DeployHub.Worker.Engines;

namespace DeployHub.Worker.ConfigSync;

/// <summary>A helper container and what it sees of its host.</summary>
/// <param name="Engine">Its engine.</param>
/// <param name="ServerName">For errors.</param>
/// <param name="ContainerId">Its id.</param>
/// <param name="Running">It runs, so programs can be run in it; otherwise it serves to read and to put files.</param>
/// <param name="Folders">The writable folders that exist on the host.</param>
/// <param name="Calls">Shared with the other targets of the batch.</param>
internal sealed record Helper(EngineClient Engine, string ServerName, string ContainerId, bool Running, IReadOnlyList<string> Folders, HelperCalls Calls)
{
    private const string Root = "/host";

    /// <summary>Where the helper sees a path of the host.</summary>
    public static string Inside(string path) => path == "/" ? Root : Root + path;

    /// <summary>The path of the host behind one that the helper sees.</summary>
    public static string Outside(string path) => path.StartsWith(Root + "/", StringComparison.Ordinal) ? path[Root.Length..] : path;
}

/// <summary>
/// The one container a server and batch through which files reach the host. It is found or made again by its name, so that a worker that
/// takes over goes on with it. Nothing but the folders that may be written is bound: whatever a path leads to, nothing else can be reached.
/// </summary>
public sealed class Helpers(HelperImage image)
{
    /// <summary>The label that every helper carries, with the id of the batch that it is for.</summary>
    public const string Label = "deployhub.batch";

    // On those that only read: until when, in seconds since 1970, whoever asked may wait for the answer.
    private const string UntilLabel = "deployhub.until";
    private const int MostTries = 8;
    private const int MostIdle = 100;
    private static readonly TimeSpan LongestReading = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, HelperCalls> _calls = new(StringComparer.Ordinal);

    /// <summary>The helper of a batch on a server; made, and started where it has to run.</summary>
    internal async Task<Helper> Ensure(EngineClient engine, Server server, Guid batchId, bool running, CancellationToken ct)
    {
        var name = $"deployhub-sync-{batchId.ToString("n")[^12..]}-{server.Id.ToString("n")[^12..]}";
        for (var left = MostTries; ; left--)
        {
            try
            {
                var found = await engine.FindContainer(name, ct);
                if (found is { State.IsDead: true })
                {
                    await engine.RemoveContainer(found.Id, force: true, removeVolumes: false, ct);
                    found = null;
                }

                found ??= await Make(engine, server, name, LabelsOf(batchId), ct);
                if (running && !found.State.Running)
                {
                    await Starting.Start(engine, found.Id, removeVolumes: false, ct);
                }

                return new Helper(engine, server.Name, found.Id, running || found.State.Running, Bound(found), CallsOf(engine, found.Id));
            }
            catch (EngineException e) when (e is EngineConflictException or EngineNotFoundException && left > 1)
            {
                // Another target of the batch makes it, or somebody removed it, at this very moment: look again.
                await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
            }
        }
    }

    /// <summary>A helper for reading alone, never started. The caller removes it.</summary>
    internal async Task<Helper> ForReading(EngineClient engine, Server server, Guid questionId, CancellationToken ct)
    {
        await RemoveForgotten(engine, ct);
        var labels = LabelsOf(questionId);
        labels[UntilLabel] = (DateTimeOffset.UtcNow + LongestReading).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var made = await Make(engine, server, $"deployhub-read-{questionId.ToString("n")[^12..]}", labels, ct);
        return new Helper(engine, server.Name, made.Id, Running: false, Bound(made), new HelperCalls(engine, made.Id));
    }

    /// <summary>Removes every helper of a batch on an engine.</summary>
    public static Task Remove(EngineClient engine, Guid batchId, CancellationToken ct) => Remove(engine, $"{Label}={batchId}", _ => true, ct);

    // A worker that was killed as it read could not remove its helper; the next question to the engine does.
    private static Task RemoveForgotten(EngineClient engine, CancellationToken ct) => Remove(
        engine, UntilLabel, helper => long.TryParse(helper.Labels[UntilLabel], CultureInfo.InvariantCulture, out var until) && until < DateTimeOffset.UtcNow.ToUnixTimeSeconds(), ct);

    private static async Task Remove(EngineClient engine, string label, Func<ContainerSummary, bool> which, CancellationToken ct)
    {
        var filter = new Dictionary<string, string[]> { ["label"] = [label] };
        foreach (var helper in (await engine.ListContainers(filter, all: true, ct)).Where(which))
        {
            try
            {
                await engine.RemoveContainer(helper.Id, force: true, removeVolumes: false, ct);
            }
            catch (EngineException e) when (e is EngineNotFoundException or EngineConflictException)
            {
                // Gone already, or going.
            }
        }
    }

    // Helpers come and go with their batches. Calls that are shared less than they could be do no harm.
    private HelperCalls CallsOf(EngineClient engine, string containerId)
    {
        if (_calls.Count > MostIdle)
        {
            foreach (var (id, calls) in _calls.Where(x => x.Key != containerId && x.Value.IsIdle))
            {
                _calls.TryRemove(KeyValuePair.Create(id, calls));
            }
        }

        return _calls.GetOrAdd(containerId, id => new HelperCalls(engine, id));
    }

    // A folder that does not exist on the host is refused with its name, one at a time: what is left does exist.
    private async Task<ContainerInspection> Make(EngineClient engine, Server server, string name, JsonObject labels, CancellationToken ct)
    {
        var imageName = await image.Ensure(engine, ct);
        var folders = (server.WritableFolders ?? [.. Server.DefaultWritableFolders]).Select(HostPath.Trimmed).Distinct().ToList();
        while (true)
        {
            try
            {
                return await engine.GetContainer(await engine.CreateContainer(name, Body(imageName, labels, folders), ct), ct);
            }
            catch (EngineBadRequestException e) when (Missing(e, folders) is { } missing)
            {
                folders.Remove(missing);
            }
        }
    }

    private static string? Missing(EngineBadRequestException refused, List<string> folders) =>
        refused.Message.Contains("bind source path does not exist", StringComparison.Ordinal)
            ? folders.OrderByDescending(x => x.Length).FirstOrDefault(folder => refused.Message.Contains($"does not exist: {folder}", StringComparison.Ordinal))
            : null;

    private static JsonObject LabelsOf(Guid batchId) => new() { [Label] = batchId.ToString() };

    private static JsonObject Body(string image, JsonObject labels, List<string> folders) => new()
    {
        ["Image"] = image,
        ["Labels"] = labels.DeepClone(),
        ["User"] = "0:0",
        ["StopSignal"] = "SIGKILL",
        ["HostConfig"] = new JsonObject
        {
            ["Init"] = true,
            ["NetworkMode"] = "none",
            ["AutoRemove"] = false,
            ["RestartPolicy"] = new JsonObject { ["Name"] = "no" },
            ["Mounts"] = new JsonArray([.. folders.Select(folder => new JsonObject { ["Type"] = "bind", ["Source"] = folder, ["Target"] = Helper.Inside(folder) })]),
        },
    };

    private static List<string> Bound(ContainerInspection helper) =>
        [.. (helper.Raw["HostConfig"]?["Mounts"] as JsonArray ?? []).Select(mount => mount!["Source"]!.GetValue<string>())];
}
