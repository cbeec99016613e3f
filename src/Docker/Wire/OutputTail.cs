using System.Text;

namespace DeployHub.Docker;

/// <summary>Keeps the last bytes of an output of any length.</summary>
internal sealed class OutputTail
{
    private readonly byte[] _ring;
    private long _written;

    public OutputTail(int maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBytes);
        _ring = new byte[maxBytes];
    }

    /// <summary>Whether the beginning is missing.</summary>
    public bool Truncated => _written > _ring.Length;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _written += bytes.Length;
        var kept = bytes.Length > _ring.Length ? bytes[^_ring.Length..] : bytes;
        var at = (int)((_written - kept.Length) % _ring.Length);
        var first = Math.Min(kept.Length, _ring.Length - at);
        kept[..first].CopyTo(_ring.AsSpan(at));
        kept[first..].CopyTo(_ring);
    }

    /// <summary>What was kept, as UTF-8; a character that was cut at the beginning is left out.</summary>
    public override string ToString()
    {
        if (!Truncated)
        {
            return Encoding.UTF8.GetString(_ring, 0, (int)_written);
        }

        var at = (int)(_written % _ring.Length);
        byte[] ordered = [.. _ring.AsSpan(at), .. _ring.AsSpan(0, at)];
        var start = 0;
        while (start < Math.Min(3, ordered.Length) && (ordered[start] & 0xC0) == 0x80)
        {
            start++;
        }

        return Encoding.UTF8.GetString(ordered, start, ordered.Length - start);
    }
}
