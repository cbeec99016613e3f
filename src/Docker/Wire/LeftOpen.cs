namespace DeployHub.Docker;

/// <summary>Lends a caller's stream to a request, which closes its content when it ends.</summary>
internal sealed class LeftOpen(Stream lent) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => lent.CanSeek;

    public override bool CanWrite => false;

    public override long Length => lent.Length;

    public override long Position
    {
        get => lent.Position;
        set => lent.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => lent.Read(buffer, offset, count);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => lent.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        lent.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => lent.Seek(offset, origin);

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
