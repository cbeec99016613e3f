using System.Net.Sockets;
using DeployHub.Domain.Services;

namespace DeployHub.Worker.Health;

/// <summary>One probe of a service from the worker.</summary>
public sealed class Probes(IHttpClientFactory clients)
{
    /// <summary>The name of the HTTP client that probes use: it follows no redirect and keeps no connection.</summary>
    public const string ClientName = "probe";

    /// <summary>Null when healthy, else what was seen.</summary>
    /// <param name="probe">What to ask.</param>
    /// <param name="serverHost">Where, unless the probe names a host.</param>
    /// <param name="ct">Ends the probe.</param>
    public async Task<string?> Ask(ProbeSpec probe, string serverHost, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(TimeSpan.FromSeconds(probe.TimeoutSeconds));
        var host = probe.Host ?? serverHost;
        try
        {
            return probe.Type == "tcp" ? await Connect(host, probe.Port, deadline.Token) : await Get(host, probe, deadline.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"no answer from {host}:{probe.Port} within {probe.TimeoutSeconds} s";
        }
        catch (Exception e) when (e is SocketException or HttpRequestException)
        {
            return $"{host}:{probe.Port}: {e.Message}";
        }
    }

    private static async Task<string?> Connect(string host, int port, CancellationToken ct)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host, port, ct);
        return null;
    }

    private async Task<string?> Get(string host, ProbeSpec probe, CancellationToken ct)
    {
        using var client = clients.CreateClient(ClientName);
        var address = new UriBuilder("http", host, probe.Port) { Path = "/" }.Uri;
        using var answer = await client.GetAsync(new Uri(address, probe.Path ?? "/"), HttpCompletionOption.ResponseHeadersRead, ct);
        return (int)answer.StatusCode is >= 200 and < 400 ? null : $"{address}: HTTP {(int)answer.StatusCode}";
    }
}
