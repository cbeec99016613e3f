using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>A stream of JSON objects, one a line (pull progress, events).</summary>
internal sealed class JsonLines(Stream stream, int maxLineBytes)
{
    private byte[] _buffer = new byte[Math.Min(16 * 1024, maxLineBytes)];
    private int _start;
    private int _end;

    /// <summary>The next object, or null at the end of the stream.</summary>
    /// <exception cref="EngineProtocolException">A line is too long.</exception>
    /// <exception cref="JsonException">A line is not a JSON object.</exception>
    public async ValueTask<JsonObject?> Next(CancellationToken ct)
    {
        while (true)
        {
            var newline = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = _buffer.AsMemory(_start, newline);
                _start += newline + 1;
                if (Parse(line) is { } item)
                {
                    return item;
                }

                continue;
            }

            if (await Fill(ct) == 0)
            {
                var rest = _buffer.AsMemory(_start, _end - _start);
                _start = _end;
                return Parse(rest);
            }
        }
    }

    private static JsonObject? Parse(ReadOnlyMemory<byte> line) =>
        line.Span.Trim(" \r\t"u8).IsEmpty ? null : JsonNode.Parse(line.Span) as JsonObject ?? throw new JsonException("A line is not a JSON object.");

    private async ValueTask<int> Fill(CancellationToken ct)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= maxLineBytes)
            {
                throw new EngineProtocolException($"The engine sent a line of more than {maxLineBytes} bytes.");
            }

            Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, maxLineBytes));
        }

        var read = await stream.ReadAsync(_buffer.AsMemory(_end), ct);
        _end += read;
        return read;
    }
}
