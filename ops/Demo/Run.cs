using System.Diagnostics;
using DeployHub.Servers;

namespace DeployHub.Demo;

/// <summary>Starts everything, has the story told, and clears everything away, whatever happens in between.</summary>
internal sealed class Run(Options options, StopSignals stop)
{
    private readonly Screen _screen = new();
    private readonly Owner _owner = Owner.Self();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private DemoEngine? _engine;
    private Registry? _registry;
    private DemoHub? _hub;
    private Story? _story;
    private FileStory? _files;

    /// <summary>Runs the demo; gives its exit code.</summary>
    public static async Task<int> Demo(Options options, StopSignals stop)
    {
        var run = new Run(options, stop);
        var ok = false;
        var left = new List<string>();
        try
        {
            ok = await run.Play();
        }
        catch (Exception) when (stop.Token.IsCancellationRequested)
        {
            run._screen.Note("Interrupted.");
        }
        finally
        {
            left = await run.ClearAway();
        }

        left.ForEach(x => run._screen.Error($"Left over: {x}"));
        var interrupted = options.Keep && ok ? null : stop.ExitCode;
        return interrupted ?? (ok && left.Count == 0 ? 0 : 1);
    }

    private async Task<bool> Play()
    {
        var proofs = new Proofs(_screen);
        var ok = false;
        try
        {
            await Start();
            await Tell(proofs);
            ok = proofs.Hold;
            _screen.Line("");
            _screen.Show(ClosingTable.Of(_story!.Rows, _screen.IsWide));
            _screen.Show(ClosingTable.Of(_files!.Rows, _screen.IsWide));
            Conclude(proofs);
        }
        catch (Exception e) when (e is DemoFailedException or ServerFailedException or HttpRequestException or TimeoutException)
        {
            // SIGTERM ends the servers too, and their silence may be noticed before the signal is.
            await Task.WhenAny(stop.Came(), Task.Delay(TimeSpan.FromSeconds(1)));
            stop.Token.ThrowIfCancellationRequested();
            ok = false;
            _screen.Error(e.Message);
            _screen.Error(_hub?.Log() ?? "");
        }
        finally
        {
            if (options.JsonFile is { } file)
            {
                ClosingTable.Write(file, options, _engine, _story?.Rows ?? [], _files?.Rows ?? [], proofs, ok, _watch.Elapsed);
            }
        }

        if (options.Keep && ok)
        {
            await Stay();
        }

        return ok;
    }

    private async Task Start()
    {
        _screen.Title($"DeployHub demo, {options.Shape}");
        var (engine, registry, hub) = (DemoEngine.Find(_owner, _screen), Registry.Start(), DemoHub.Start(options.Distributed, stop.Token));
        _engine = await engine.WaitAsync(stop.Token);
        _screen.Fact("engine", _engine.IsPrivate
            ? $"a private one, since none answers here; look at it with: DOCKER_HOST={_engine.Endpoint} docker ps"
            : $"the one that runs here, {_engine.Endpoint}; look at it with: DOCKER_HOST={_engine.Endpoint} docker ps");
        _registry = await registry.WaitAsync(stop.Token);
        _screen.Fact("registry", $"a private one at {_registry.Host}, for images that are made from scratch");
        _hub = await hub;
        _screen.Fact("DeployHub", $"{_hub.Address}, {_hub.Description}");
    }

    private async Task Tell(Proofs proofs)
    {
        using var api = new HubApi(_hub!.Address, _hub.Token);
        _story = new Story(_engine!, _registry!, api, _owner, _screen, proofs);
        _files = new FileStory(_engine!, api, _owner, _screen, proofs);
        await _files.Tell(await _story.Tell(stop.Token), stop.Token);
    }

    private void Conclude(Proofs proofs)
    {
        if (proofs.Hold)
        {
            _screen.Title($"All {proofs.All.Count} claims were found true on the engine and its host, in {_watch.Elapsed.TotalSeconds:0} s.");
            return;
        }

        _screen.Error("Not all of it is true:");
        foreach (var proof in proofs.All.Where(x => !x.True))
        {
            _screen.Error($"  {proof.Claim} Seen: {proof.Seen}");
        }
    }

    private async Task Stay()
    {
        _screen.Line("");
        _screen.Title("It stays as it is until Ctrl-C (or SIGTERM), and then everything of it is removed.");
        _screen.Fact("API", $"{_hub!.Address} (description: {_hub.Address}openapi.json, page: {_hub.Address}docs)");
        _screen.Fact("token", _hub.Token);
        foreach (var name in Shop.Services)
        {
            _screen.Fact(name, _story!.Address(name).ToString());
        }

        _screen.Fact("files", _files!.Folder);
        _screen.Fact("containers", $"DOCKER_HOST={_engine!.Endpoint} docker ps");
        _screen.Fact("stop", $"kill {Environment.ProcessId}");
        await stop.Came();
    }

    // DeployHub first, so that nothing new is made; then what it made; then what it stood on.
    private async Task<List<string>> ClearAway()
    {
        var left = new List<string>();
        await Try(async () => await (_hub?.DisposeAsync() ?? ValueTask.CompletedTask));
        await Try(async () => left.AddRange(_engine is null ? [] : await _engine.Clear()));
        await Try(async () => await (_registry?.DisposeAsync() ?? ValueTask.CompletedTask));
        await Try(async () => await (_engine?.DisposeAsync() ?? ValueTask.CompletedTask));
        return left;

        async Task Try(Func<Task> act)
        {
            try
            {
                await act();
            }
            catch (Exception e) when (e is ServerFailedException or IOException or TimeoutException or UnauthorizedAccessException)
            {
                left.Add(e.Message);
            }
        }
    }
}
