using System.Collections.Concurrent;
using DeployHub.Docker;

namespace DeployHub.Worker.Engines;

/// <summary>One client an endpoint, so that connections are kept. Bounded by the servers that are registered.</summary>
public sealed class EngineClients : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<EngineClient>> _clients = new();

    /// <summary>The client of an engine; it connects when it is first used.</summary>
    /// <param name="endpoint">As the server's row has it; checked when the server was registered.</param>
    public EngineClient For(string endpoint) =>
        _clients.GetOrAdd(endpoint, text => new Lazy<EngineClient>(() => new EngineClient(EngineEndpoint.Parse(text)))).Value;

    public void Dispose()
    {
        foreach (var client in _clients.Values.Where(client => client.IsValueCreated))
        {
            client.Value.Dispose();
        }
    }
}
