using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace DeployHub.Docker;

/// <summary>
/// A container's output as the engine sends it: without a terminal in frames, each with a header of eight bytes (stream 0-3, three zeros, length big-endian), with a terminal raw
/// (Engine API, ContainerAttach, "Stream format").
/// </summary>
internal static class OutputFrames
{
    private const int HeaderBytes = 8;
    private const byte StandardOutput = 1;
    private const byte SystemError = 3;

    /// <summary>Reads raw output to its end.</summary>
    public static Task CopyRaw(Stream stream, OutputTail output, CancellationToken ct) => Copy(ReadRaw(stream, ct), output);

    /// <summary>Reads framed output to its end, as <see cref="ReadFramed"/> does.</summary>
    public static Task CopyFramed(Stream stream, OutputTail output, CancellationToken ct) => Copy(ReadFramed(stream, ct), output);

    /// <summary>Raw output, piece by piece; each is good until the next is asked for.</summary>
    public static async IAsyncEnumerable<(byte Stream, ReadOnlyMemory<byte> Bytes)> ReadRaw(Stream stream, [EnumeratorCancellation] CancellationToken ct)
    {
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, ct) is > 0 and var read)
        {
            yield return (StandardOutput, buffer.AsMemory(0, read));
        }
    }

    /// <summary>Framed output, piece by piece; standard output and error come in the order in which the engine sent them. Each piece is good until the next is asked for.</summary>
    /// <exception cref="EndOfStreamException">The stream ended inside a frame.</exception>
    /// <exception cref="EngineProtocolException">What came is not framed.</exception>
    /// <exception cref="EngineServerException">The engine put an error of its own into the stream.</exception>
    public static async IAsyncEnumerable<(byte Stream, ReadOnlyMemory<byte> Bytes)> ReadFramed(Stream stream, [EnumeratorCancellation] CancellationToken ct)
    {
        var header = new byte[HeaderBytes];
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false, ct) is > 0 and var got)
        {
            if (got < HeaderBytes)
            {
                throw new EndOfStreamException("The output ended inside a frame.");
            }

            if (header[0] > SystemError || header[1] != 0 || header[2] != 0 || header[3] != 0)
            {
                throw new EngineProtocolException("The engine's output is not in frames: the container seems to have a terminal.");
            }

            var failure = header[0] == SystemError ? new OutputTail(4096) : null;
            for (var left = (long)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)); left > 0;)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), ct);
                if (read == 0)
                {
                    throw new EndOfStreamException("The output ended inside a frame.");
                }

                left -= read;
                if (failure is null)
                {
                    yield return (header[0], buffer.AsMemory(0, read));
                }
                else
                {
                    failure.Write(buffer.AsSpan(0, read));
                }
            }

            if (failure is not null)
            {
                throw new EngineServerException($"The Docker engine failed while it sent a container's output: {failure}");
            }
        }
    }

    private static async Task Copy(IAsyncEnumerable<(byte Stream, ReadOnlyMemory<byte> Bytes)> pieces, OutputTail output)
    {
        await foreach (var (_, bytes) in pieces)
        {
            output.Write(bytes.Span);
        }
    }
}
