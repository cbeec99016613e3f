using System.Net.Sockets;

namespace DeployHub.Docker;

/// <summary>Makes a connection to an engine, in time or not at all.</summary>
internal static class Connections
{
    public static async Task<Stream> Open(EngineEndpoint endpoint, TimeSpan timeout, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(timeout);
        var socket = endpoint.Transport == EngineTransport.Unix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (endpoint.Transport == EngineTransport.Unix)
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(endpoint.Host), limit.Token);
            }
            else
            {
                KeepAlive(socket);
                await socket.ConnectAsync(endpoint.Host, endpoint.Port, limit.Token);
            }

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            socket.Dispose();
            throw new SocketException((int)SocketError.TimedOut);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A stream of events may be silent for days: only the kernel's probes tell that the host behind it is gone (after about a minute).
    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }
}
