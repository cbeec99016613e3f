using System.Net;
using System.Net.Sockets;

namespace DeployHub.Integration.Hub;

/// <summary>Stands between a hub and its broker, and can hold up what passes, each way by itself.</summary>
public sealed class BrokerProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Uri _broker;
    private CancellationTokenSource _lines = new();
    private Task _sending = Task.CompletedTask;
    private Task _answering = Task.CompletedTask;

    public BrokerProxy(Uri broker)
    {
        _broker = broker;
        _listener.Start();
        _ = Accept();
    }

    /// <summary>The broker's address, by way of this.</summary>
    public Uri Uri => new UriBuilder(_broker) { Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri;

    /// <summary>From now on nothing that the hub sends reaches the broker.</summary>
    public void HoldSending() => _sending = new TaskCompletionSource().Task;

    /// <summary>From now on nothing of the broker reaches the hub: no message, and no word that one was taken in.</summary>
    public void HoldAnswers() => _answering = new TaskCompletionSource().Task;

    /// <summary>Ends all connections with what is held in them; new ones pass.</summary>
    public void Drop()
    {
        (_sending, _answering) = (Task.CompletedTask, Task.CompletedTask);
        using var ended = Interlocked.Exchange(ref _lines, new());
        ended.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _lines.CancelAsync();
        _lines.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                _ = Serve(await _listener.AcceptTcpClientAsync(), _lines.Token);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // Disposed.
        }
    }

    private async Task Serve(TcpClient hub, CancellationToken line)
    {
        using (hub)
        using (var broker = new TcpClient())
        {
            try
            {
                await broker.ConnectAsync(_broker.Host, _broker.Port, line);
                await using var near = hub.GetStream();
                await using var far = broker.GetStream();
                await await Task.WhenAny(Pump(near, far, () => _sending, line), Pump(far, near, () => _answering, line));
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // One side went away, or was dropped: the other one's connection ends with it.
            }
        }
    }

    private static async Task Pump(NetworkStream from, NetworkStream to, Func<Task> held, CancellationToken line)
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, line)) > 0)
        {
            await held().WaitAsync(line);
            await to.WriteAsync(buffer.AsMemory(0, read), line);
        }
    }
}
