using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using DeployHub.Docker;

namespace DeployHub.Tests.Docker;

/// <summary>A listener that behaves as no healthy engine does: breaks off, falls silent, floods. Healthy behaviour is tested with a real one.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    private const string Version = """{"ApiVersion":"1.41","MinAPIVersion":"1.12"}""";
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"fake-{Guid.NewGuid():N}.sock");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly Func<Connection, Task> _behaviour;
    private readonly Task _accepting;

    /// <param name="behaviour">What happens on a request.</param>
    /// <param name="version">The answer to the negotiation; null leaves that to the behaviour.</param>
    public FakeEngine(Func<Connection, Task> behaviour, string? version = Version)
    {
        _behaviour = behaviour;
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        _listener.Listen();
        _accepting = Accept(version);
    }

    /// <summary>First lines of all requests, in their order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Done when the client has closed a connection in mid-answer.</summary>
    public TaskCompletionSource ClientLeft { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EngineClient Client(EngineClientOptions? options = null) => new(EngineEndpoint.Parse($"unix://{_path}"), options);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        File.Delete(_path);
        _end.Dispose();
    }

    private async Task Accept(string? version)
    {
        var served = new List<Task>();
        try
        {
            while (true)
            {
                served.Add(Serve(await _listener.AcceptAsync(_end.Token), version));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(served);
        }
    }

    private async Task Serve(Socket socket, string? version)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        var connection = new Connection(this, stream, _end.Token);
        try
        {
            while (await connection.ReadHead() is { } head)
            {
                Requests.Enqueue(head);
                await (version is not null && head.StartsWith("GET /version ", StringComparison.Ordinal) ? connection.Answer(version) : _behaviour(connection));
                if (connection.Closed)
                {
                    return;
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException)
        {
            ClientLeft.TrySetResult();
        }
    }

    internal sealed class Connection(FakeEngine engine, NetworkStream stream, CancellationToken ct)
    {
        public bool Closed { get; private set; }

        public Task Answer(string body, int status = 200) => Write($"HTTP/1.1 {status} Status\r\nContent-Length: {body.Length}\r\n\r\n{body}");

        public Task Headers() => Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");

        public Task Chunk(string text) => Write($"{text.Length:x}\r\n{text}\r\n");

        public void Close() => Closed = true;

        /// <summary>Says nothing more until the client leaves.</summary>
        public async Task Silence()
        {
            while (await stream.ReadAsync(new byte[1024], ct) > 0)
            {
            }

            engine.ClientLeft.TrySetResult();
            Closed = true;
        }

        public async Task<string?> ReadHead()
        {
            var head = new StringBuilder();
            var one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await stream.ReadAsync(one, ct) == 0)
                {
                    return null;
                }

                head.Append((char)one[0]);
            }

            return head.ToString();
        }

        private async Task Write(string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
    }
}
