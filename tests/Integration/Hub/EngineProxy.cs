using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DeployHub.Integration.Hub;

/// <summary>What happens to a call on its way to the engine.</summary>
public enum Fate
{
    Pass,

    /// <summary>It never reaches the engine.</summary>
    LostBefore,

    /// <summary>The engine does it, and its answer is lost.</summary>
    LostAfter,

    /// <summary>It stands before the engine until <see cref="EngineProxy.Release"/> lets it pass or <see cref="EngineProxy.Drop"/> ends it.</summary>
    Held,

    /// <summary>The engine does it, and its answer stands before the worker in the same way.</summary>
    HeldAfter,

    /// <summary>Held in the middle of what it carries: the engine has the first half of the first part of it.</summary>
    HeldInside,
}

/// <summary>Stands between a worker and an engine, and can hold up a call at a place that a test chooses.</summary>
public sealed class EngineProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource _holding = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _socket;

    public EngineProxy(Uri engine)
    {
        _socket = engine.AbsolutePath;
        _listener.Start();
        _ = Accept();
    }

    public string Endpoint => $"tcp://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Decides on each call by its first line, on one at a time.</summary>
    public Func<string, Fate> Decide { get; set; } = _ => Fate.Pass;

    /// <summary>The first line of every call so far.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>How many calls there were whose first line holds the text.</summary>
    public int Count(string text) => With(text).Count;

    /// <summary>The first lines that hold the text, in order.</summary>
    public List<string> With(string text)
    {
        lock (Calls)
        {
            return Calls.FindAll(x => x.Contains(text, StringComparison.Ordinal));
        }
    }

    /// <summary>Ends as soon as a call is held.</summary>
    public Task Holding => _holding.Task;

    /// <summary>Lets what is held pass.</summary>
    public void Release() => _goesOn.TrySetResult(true);

    /// <summary>Ends the connections that are held, as when the one who called is dead.</summary>
    public void Drop() => _goesOn.TrySetResult(false);

    public void Dispose()
    {
        Drop();
        _listener.Dispose();
    }

    private Task<bool> Hold()
    {
        _holding.TrySetResult();
        return _goesOn.Task;
    }

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
            try
            {
                await engine.ConnectAsync(new UnixDomainSocketEndPoint(_socket));
            }
            catch (SocketException)
            {
                // The engine is away: the caller's connection ends, as one to the engine itself would.
                return;
            }

            await using var near = client.GetStream();
            await using var far = new NetworkStream(engine);
            var fate = Fate.Pass;
            var back = Task.Run(async () =>
            {
                var buffer = new byte[64 * 1024];
                int read;
                while ((read = await far.ReadAsync(buffer)) > 0)
                {
                    if (fate == Fate.LostAfter || (fate == Fate.HeldAfter && !await Hold()))
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
                            fate = Decide(line);
                        }

                        if (fate == Fate.LostBefore || (fate == Fate.Held && !await Hold()))
                        {
                            return;
                        }
                    }
                    else if (fate == Fate.HeldInside)
                    {
                        fate = Fate.Pass;
                        await far.WriteAsync(buffer.AsMemory(0, read / 2));
                        if (!await Hold())
                        {
                            return;
                        }

                        await far.WriteAsync(buffer.AsMemory(read / 2, read - (read / 2)));
                        continue;
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
