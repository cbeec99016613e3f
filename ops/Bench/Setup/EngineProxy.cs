using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace DeployHub.Bench.Setup;

/// <summary>A socket in front of an engine's that passes everything on, tells when the next byte comes in, and notes each call.</summary>
internal sealed partial class EngineProxy : IAsyncDisposable
{
    private const int LongestLine = 2048;
    private readonly CancellationTokenSource _ended = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _engine;
    private readonly Task _accepting;
    private readonly ConcurrentQueue<string> _calls = new();
    private TaskCompletionSource<long>? _awaited;

    public EngineProxy(string path, string engine)
    {
        (Path, _engine) = (path, engine);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _accepting = Accept();
    }

    public string Path { get; }

    /// <summary>Method and path of each call so far.</summary>
    public IReadOnlyCollection<string> Calls => _calls;

    /// <summary>The timestamp of the next byte from a client.</summary>
    public Task<long> NextByte()
    {
        var awaited = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _awaited, awaited)?.TrySetCanceled();
        return awaited.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _ended.Dispose();
    }

    private async Task Accept()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(Forward(await _listener.AcceptAsync(_ended.Token)));
                open.RemoveAll(connection => connection.IsCompleted);
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task Forward(Socket accepted)
    {
        try
        {
            await using var client = new NetworkStream(accepted, ownsSocket: true);
            await using var engine = await UnixSocket.Connect(_engine, _ended.Token);
            await Task.WhenAny(Copy(client, engine, noted: true), Copy(engine, client, noted: false));
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // One side has gone; the other sees its connection end.
        }
    }

    private async Task Copy(NetworkStream from, NetworkStream to, bool noted)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReadAsync(buffer, _ended.Token) is > 0 and var count)
        {
            if (noted)
            {
                Interlocked.Exchange(ref _awaited, null)?.TrySetResult(Stopwatch.GetTimestamp());
                Note(buffer.AsSpan(0, count));
            }

            await to.WriteAsync(buffer.AsMemory(0, count), _ended.Token);
        }
    }

    // A client writes the head of a request in one piece, and the next one only when the answer has come.
    private void Note(ReadOnlySpan<byte> bytes)
    {
        if (RequestLine().Match(Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, LongestLine)])) is { Success: true } line)
        {
            _calls.Enqueue(line.Groups[1].Value);
        }
    }

    [GeneratedRegex("^([A-Z]+ /[^ \r\n]*) HTTP/1\\.1\r\n")]
    private static partial Regex RequestLine();
}
