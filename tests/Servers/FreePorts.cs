using System.Net;
using System.Net.Sockets;

namespace DeployHub.Servers;

/// <summary>Loopback ports for servers, taken below the kernel's ephemeral range so that no outgoing connection and no
/// port that an engine publishes by itself lands on them between the choice and the bind.</summary>
public static class FreePorts
{
    private const int Lowest = 20_000;
    private const int Highest = 32_000;
    private static readonly HashSet<int> Given = [];

    /// <summary>A free TCP port on 127.0.0.1 that this process has not given out before.</summary>
    public static int Next()
    {
        lock (Given)
        {
            for (var attempt = 0; attempt < 1000; attempt++)
            {
                var port = Random.Shared.Next(Lowest, Highest);
                if (!Given.Contains(port) && IsFree(port))
                {
                    Given.Add(port);
                    return port;
                }
            }
        }

        throw new ServerFailedException($"No free port between {Lowest} and {Highest}.");
    }

    private static bool IsFree(int port)
    {
        // Any address: a server that listens on all of them would take the port as well.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
