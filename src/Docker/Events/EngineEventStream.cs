using System.Runtime.CompilerServices;

namespace DeployHub.Docker;

/// <summary>An engine's events from the moment it was opened, for one reader. Dispose it to end the request.</summary>
public sealed class EngineEventStream : IAsyncDisposable
{
    private readonly Transport _transport;
    private readonly EngineCall _call;
    private readonly HttpResponseMessage _answer;
    private readonly JsonLines _lines;

    internal EngineEventStream(Transport transport, EngineCall call, HttpResponseMessage answer, Stream body)
    {
        _transport = transport;
        _call = call;
        _answer = answer;
        _lines = new JsonLines(body, transport.Options.MaxLineBytes);
    }

    /// <summary>
    /// The events as they come. Ends when the engine ends the stream in good order (it shuts down). Events are a hint to look sooner, not the truth: between two streams some are missed, so inspect
    /// after each opening.
    /// </summary>
    /// <param name="ct">Ends the reading and the request.</param>
    /// <exception cref="EngineResponseLostException">The stream broke off.</exception>
    public async IAsyncEnumerable<EngineEvent> ReadAll([EnumeratorCancellation] CancellationToken ct = default)
    {
        using var deadline = new Deadline(Timeout.InfiniteTimeSpan, ct);
        while (await _transport.NextLine(_call, _lines, deadline) is { } line)
        {
            yield return _transport.Understand(_call, () => EngineEvent.From(line));
        }
    }

    /// <summary>Ends the request.</summary>
    public ValueTask DisposeAsync()
    {
        _answer.Dispose();
        return ValueTask.CompletedTask;
    }
}
