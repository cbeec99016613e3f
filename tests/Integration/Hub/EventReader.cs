using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace DeployHub.Integration.Hub;

/// <summary>An event of a stream. A comment has the name <c>:</c>.</summary>
public sealed record StreamEvent(string Name, long? Id, string Text)
{
    public JsonNode Data => JsonNode.Parse(Text)!;
}

/// <summary>Reads a stream as a client with curl does: event by event, each within a deadline.</summary>
public sealed class EventReader : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private HttpResponseMessage? _answer;
    private StreamReader? _lines;

    private EventReader()
    {
    }

    public int Status => (int)_answer!.StatusCode;

    public HttpResponseMessage Answer => _answer!;

    /// <summary>The id of the last event that was read.</summary>
    public long? At { get; private set; }

    /// <param name="api">Where, and who asks.</param>
    /// <param name="path">What.</param>
    /// <param name="from">Last-Event-ID.</param>
    public static async Task<EventReader> Open(ApiClient api, string path, long? from = null)
    {
        var reader = new EventReader { At = from };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api.Address, path));
        request.Headers.Authorization = api.Token is null ? null : new AuthenticationHeaderValue("Bearer", api.Token);
        if (from is { } number)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", number.ToString(CultureInfo.InvariantCulture));
        }

        using var deadline = new CancellationTokenSource(Patience);
        reader._answer = await reader._http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        reader._lines = new StreamReader(await reader._answer.Content.ReadAsStreamAsync(deadline.Token));
        return reader;
    }

    /// <summary>The next event, or comment; null at the end of the stream.</summary>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    public async Task<StreamEvent?> Next()
    {
        using var deadline = new CancellationTokenSource(Patience);
        var (name, id, data) = ("message", (long?)null, (string?)null);
        try
        {
            while (await _lines!.ReadLineAsync(deadline.Token) is { } line)
            {
                if (line.Length == 0 && data is not null)
                {
                    At = id ?? At;
                    return new StreamEvent(name, id, data);
                }

                var colon = line.IndexOf(':', StringComparison.Ordinal);
                var value = colon < 0 ? "" : line[(colon + 1)..].Trim();
                switch (colon < 0 ? line : line[..colon])
                {
                    case "" when line.Length > 0: return new StreamEvent(":", null, value);
                    case "event": name = value; break;
                    case "id": id = long.Parse(value, CultureInfo.InvariantCulture); break;
                    case "data": data = value; break;
                }
            }

            return null;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"No event came for {Patience.TotalSeconds} s after number {At}.");
        }
    }

    /// <summary>The next event that is no comment.</summary>
    public async Task<StreamEvent?> NextEvent()
    {
        while (true)
        {
            var seen = await Next();
            if (seen is not { Name: ":" })
            {
                return seen;
            }
        }
    }

    /// <summary>Every event up to the end of the stream.</summary>
    public async Task<List<StreamEvent>> Rest()
    {
        var all = new List<StreamEvent>();
        while (await NextEvent() is { } seen)
        {
            all.Add(seen);
        }

        return all;
    }

    public void Dispose()
    {
        _lines?.Dispose();
        _answer?.Dispose();
        _http.Dispose();
    }
}
