using System.Collections.Concurrent;
using DeployHub.Docker;

namespace DeployHub.Worker.Engines;

/// <summary>One client and one circuit an endpoint, so that connections and what is known of it are kept. Bounded by the servers that are registered.</summary>
public sealed class EngineClients(ILogger<EngineClients> log) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<(EngineClient Client, EngineCircuit Circuit)>> _engines = new();

    /// <summary>The client of an engine; it connects when it is first used.</summary>
    /// <param name="endpoint">As the server's row has it; checked when the server was registered.</param>
    public EngineClient For(string endpoint) => Of(endpoint).Client;

    /// <summary>What is known of whether the engine answers.</summary>
    /// <param name="endpoint">As the server's row has it.</param>
    public EngineCircuit Circuit(string endpoint) => Of(endpoint).Circuit;

    public void Dispose()
    {
        foreach (var engine in _engines.Values.Where(engine => engine.IsValueCreated))
        {
            engine.Value.Client.Dispose();
        }
    }

    private (EngineClient Client, EngineCircuit Circuit) Of(string endpoint) => _engines.GetOrAdd(
        endpoint,
        text => new(() =>
        {
            var client = new EngineClient(EngineEndpoint.Parse(text));
            return (client, new EngineCircuit(client, log));
        })).Value;
}

/// <summary>
/// Whether an engine answers. A ping decides it, not the work: one that stands before a container's start or a large pull would keep the
/// circuit undecided for minutes.
/// </summary>
public sealed class EngineCircuit(EngineClient engine, ILogger log)
{
    /// <summary>A live engine answers a ping in milliseconds, also under load.</summary>
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(5);

    private readonly Circuit _circuit = new($"Docker engine {engine.Endpoint}", EngineFaults.MayPass, log);

    /// <summary>Returns when there is no reason to expect that the engine does not answer; it is asked only when there is a doubt.</summary>
    /// <param name="doubt">The caller has just had no answer from it.</param>
    /// <param name="ct">Ends the asking.</param>
    /// <exception cref="EngineException">It does not answer, or is known not to.</exception>
    public async Task Check(bool doubt, CancellationToken ct)
    {
        if (_circuit.IsClosed && !doubt)
        {
            return;
        }

        await _circuit.Try(
            async token =>
            {
                await engine.Ping(PingLimit, token);
                return true;
            },
            sentence => new EngineUnreachableException(sentence),
            ct);
    }
}
