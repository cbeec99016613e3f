using System.Net;
using System.Net.Sockets;
using System.Text;
using DeployHub.Servers;

namespace DeployHub.Integration.Hub;

/// <summary>A line to a real server on which chosen requests, or the answers to them, stand still until a test lets them go or cuts them.</summary>
public sealed class HeldLine : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<Task<Stream>> _server;
    private readonly Lock _lock = new();
    private TaskCompletionSource<bool>? _goesOn;
    private int _held;

    private HeldLine(Func<Task<Stream>> server)
    {
        _server = server;
        _listener.Start();
        _ = Accept();
    }

    /// <summary><c>127.0.0.1:port</c>.</summary>
    public string Host => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>How many requests stand still.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Requests whose first line holds this stand still; null: none.</summary>
    public string? Hold { get; set; }

    /// <summary>
    /// The server has the request, and it is its answer that stands still, and is lost with its connection when it is let go: of it, at most so
    /// many bytes come through. Null: the request stands still.
    /// </summary>
    public int? AnswerBytes { get; set; }

    public static HeldLine To(DockerEngine engine) => new(async () =>
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(engine.Uri.AbsolutePath));
        return new NetworkStream(socket, ownsSocket: true);
    });

    public static HeldLine To(Registry registry) => new(async () =>
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, registry.Port);
        return new NetworkStream(socket, ownsSocket: true);
    });

    /// <summary>Waits until something stands still.</summary>
    public Task Holds(int count = 1) => Eventually.True(() => Held >= count, TimeSpan.FromSeconds(60), what: $"{count} requests with «{Hold}» to stand still");

    /// <summary>Lets what stands still, and all that follows, pass.</summary>
    public void Release() => End(goesOn: true);

    /// <summary>Ends the connections on which something stands still; all that follows passes.</summary>
    public void Cut() => End(goesOn: false);

    public void Dispose()
    {
        Cut();
        _listener.Dispose();
    }

    private void End(bool goesOn)
    {
        Hold = null;
        lock (_lock)
        {
            _goesOn?.TrySetResult(goesOn);
            _goesOn = null;
        }
    }

    private async Task<bool> Stand()
    {
        Task<bool> goesOn;
        lock (_lock)
        {
            goesOn = (_goesOn ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        Interlocked.Increment(ref _held);
        try
        {
            return await goesOn;
        }
        finally
        {
            Interlocked.Decrement(ref _held);
        }
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
            // The test has ended.
        }
    }

    private async Task Serve(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var near = client.GetStream();
                await using var far = await _server();
                var holdAnswer = false;
                await await Task.WhenAny(
                    Copy(near, far, async chunk =>
                    {
                        if (Hold is not { } text || !FirstLine(chunk.Span).Contains(text, StringComparison.Ordinal))
                        {
                            return true;
                        }

                        holdAnswer = AnswerBytes is not null;
                        return holdAnswer || await Stand();
                    }),
                    Copy(far, near, async chunk =>
                    {
                        if (!holdAnswer)
                        {
                            return true;
                        }

                        await near.WriteAsync(chunk[..Math.Min(AnswerBytes ?? 0, chunk.Length)]);
                        await Stand();
                        return false;
                    }));
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                // One of the two is gone, as it is meant to be here; the other one sees its connection end.
            }
        }
    }

    private static async Task Copy(Stream from, Stream to, Func<Memory<byte>, Task<bool>> passes)
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer)) > 0 && await passes(buffer.AsMemory(0, read)))
        {
            await to.WriteAsync(buffer.AsMemory(0, read));
        }
    }

    private static string FirstLine(ReadOnlySpan<byte> chunk)
    {
        var line = Encoding.ASCII.GetString(chunk[..Math.Min(chunk.Length, 300)]).Split('\r')[0];
        return line.Contains(" HTTP/1.", StringComparison.Ordinal) ? line : "";
    }
}
