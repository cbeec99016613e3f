using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Chaos;

/// <summary>Listens to the engines: which containers were started for which step. A step for which two were started was done twice.</summary>
internal sealed class StepWatch : IAsyncDisposable
{
    private const string StepLabel = "deployhub.step";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentDictionary<(string Step, string Container), byte> _started = new();
    private readonly Task _listening;

    public StepWatch(IEnumerable<DockerEngine> engines) => _listening = Task.WhenAll(engines.Select(engine => Task.Run(() => Listen(engine))));

    public IEnumerable<string> DoneTwice => _started.Keys.GroupBy(x => x.Step).Where(x => x.Count() > 1).Select(x => x.Key);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _listening;
        _ended.Dispose();
    }

    private async Task Listen(DockerEngine engine)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, ct) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(engine.Uri.LocalPath), ct);
                    return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                using var events = new StreamReader(await http.GetStreamAsync(
                    new Uri("http://engine/events?filters=" + Uri.EscapeDataString("{\"type\":[\"container\"],\"event\":[\"start\"]}")), _ended.Token));
                while (await events.ReadLineAsync(_ended.Token) is { } line)
                {
                    Note(JsonNode.Parse(line)!);
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or JsonException)
            {
                // The engine was killed; it is listened to again as soon as it is back.
            }

            await Task.Delay(Pause, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Note(JsonNode message)
    {
        if ((string?)message["Actor"]?["Attributes"]?[StepLabel] is { } step)
        {
            _started[(step, (string)message["Actor"]!["ID"]!)] = 0;
        }
    }
}
