using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DeployHub.Integration.ConfigSync;

/// <summary>What happens to a call on its way to the engine.</summary>
public enum Fate
{
    Pass,

    /// <summary>It never reaches the engine.</summary>
    LostBefore,

    /// <summary>The engine does it, and its answer is lost.</summary>
    LostAfter,
}

/// <summary>Stands between a worker and an engine, and can hold up a call at a place that a test chooses.</summary>
public sealed class EngineProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string _socket;

    public EngineProxy(Uri engine)
    {
        _socket = engine.AbsolutePath;
        _listener.Start();
        _ = Accept();
    }

    public string Endpoint => $"tcp://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Decides on each call by its first line.</summary>
    public Func<string, Fate> Decide { get; set; } = _ => Fate.Pass;

    /// <summary>How many calls there were whose first line holds the text.</summary>
    public List<string> Calls { get; } = [];

    public int Count(string text)
    {
        lock (Calls)
        {
            return Calls.Count(x => x.Contains(text, StringComparison.Ordinal));
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                _ = Serve(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
        }
    }

    private async Task Serve(TcpClient client)
    {
        using (client)
        using (var engine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await engine.ConnectAsync(new UnixDomainSocketEndPoint(_socket));
            await using var near = client.GetStream();
            await using var far = new NetworkStream(engine);
            var fate = Fate.Pass;
            var back = Task.Run(async () =>
            {
                var buffer = new byte[64 * 1024];
                int read;
                while ((read = await far.ReadAsync(buffer)) > 0)
                {
                    if (fate == Fate.LostAfter)
                    {
                        return;
                    }

                    await near.WriteAsync(buffer.AsMemory(0, read));
                }
            });
            var forth = Task.Run(async () =>
            {
                var buffer = new byte[64 * 1024];
                int read;
                while ((read = await near.ReadAsync(buffer)) > 0)
                {
                    var line = Encoding.ASCII.GetString(buffer, 0, Math.Min(read, 300)).Split('\r')[0];
                    if (line.Contains(" HTTP/1.1", StringComparison.Ordinal))
                    {
                        lock (Calls)
                        {
                            Calls.Add(line);
                        }

                        fate = Decide(line);
                        if (fate == Fate.LostBefore)
                        {
                            return;
                        }
                    }

                    await far.WriteAsync(buffer.AsMemory(0, read));
                }
            });
            try
            {
                await await Task.WhenAny(back, forth);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
            }
        }
    }
}
