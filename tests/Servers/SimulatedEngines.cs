using System.Globalization;
using System.Net.Http.Json;

namespace DeployHub.Servers;

/// <summary>Simulated Docker Engines in a process of their own, each behind a unix socket (tests/EngineSimulator).</summary>
public sealed class SimulatedEngines : IAsyncDisposable
{
    private readonly AppProcess _process;
    private readonly HttpClient _control;

    private SimulatedEngines(AppProcess process, Uri control, int count)
    {
        (_process, _control) = (process, new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = control });
        Endpoints = [.. Enumerable.Range(1, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"unix://{process.Folder.Path}/engine-{i}.sock"))];
    }

    /// <summary>Each engine's address, <c>unix:///…/engine-1.sock</c>.</summary>
    public IReadOnlyList<string> Endpoints { get; }

    /// <summary>The process's id.</summary>
    public int Pid => _process.Pid;

    /// <summary>Starts them and waits until they answer.</summary>
    public static async Task<SimulatedEngines> Start(int count)
    {
        var port = FreePorts.Next();
        var control = new Uri($"http://127.0.0.1:{port}");
        string[] arguments = [".", count.ToString(CultureInfo.InvariantCulture), port.ToString(CultureInfo.InvariantCulture)];
        var process = await AppProcess.Start(Path.Combine(AppContext.BaseDirectory, "DeployHub.EngineSimulator.dll"), arguments, ready: new Uri(control, "/ready"));
        return new SimulatedEngines(process, control, count);
    }

    /// <summary>Makes them slow or wrong, all of them, until the next time.</summary>
    /// <param name="latencyMs">Before each call.</param>
    /// <param name="faults">As the simulator's README has them.</param>
    public async Task Fail(int latencyMs, params object[] faults)
    {
        using var answer = await _control.PutAsJsonAsync(new Uri("/faults", UriKind.Relative), new { latencyMs, faults });
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>SIGKILL, and awaits the end.</summary>
    public Task Kill() => _process.Kill();

    /// <summary>Ends them and removes their sockets.</summary>
    public ValueTask DisposeAsync()
    {
        _control.Dispose();
        return _process.DisposeAsync();
    }
}
