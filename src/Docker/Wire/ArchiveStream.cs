namespace DeployHub.Docker;

/// <summary>The body of an archive: bounded in bytes, each read in time, and with typed errors.</summary>
internal sealed class ArchiveStream(Transport transport, EngineCall call, HttpResponseMessage answer, Stream body) : Stream
{
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var deadline = new Deadline(transport.Options.CallTimeout, cancellationToken);
        var read = await transport.Guard(call, deadline, () => body.ReadAsync(buffer, deadline.Token).AsTask());
        _read += read;
        return _read <= transport.Options.MaxArchiveBytes
            ? read
            : throw new EngineProtocolException($"Docker engine {transport.Endpoint}, asked to {call.What}, sent more than {transport.Options.MaxArchiveBytes} bytes.");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            answer.Dispose();
        }

        base.Dispose(disposing);
    }
}
