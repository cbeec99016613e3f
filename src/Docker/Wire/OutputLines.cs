using System.Text;

namespace DeployHub.Docker;

/// <summary>Cuts an output into lines, however its bytes come. What is invalid in UTF-8 is replaced.</summary>
/// <param name="maxCharacters">How long a line may be; the rest of a longer one is left out.</param>
internal sealed class OutputLines(int maxCharacters)
{
    // No character of a .NET string takes more than three bytes.
    private readonly byte[] _line = new byte[(maxCharacters + 1) * 3];
    private int _length;
    private bool _begun;

    /// <summary>The lines that these bytes end.</summary>
    public List<string> Write(ReadOnlySpan<byte> bytes)
    {
        var ended = new List<string>();
        while (bytes.IndexOf((byte)'\n') is >= 0 and var newline)
        {
            Keep(bytes[..newline]);
            ended.Add(Take());
            bytes = bytes[(newline + 1)..];
        }

        Keep(bytes);
        return ended;
    }

    /// <summary>The last line where no newline ended it, else null.</summary>
    public string? Rest() => _begun ? Take() : null;

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var kept = bytes[..Math.Min(bytes.Length, _line.Length - _length)];
        kept.CopyTo(_line.AsSpan(_length));
        _length += kept.Length;
        _begun |= bytes.Length > 0;
    }

    private string Take()
    {
        var text = Encoding.UTF8.GetString(_line, 0, _length).TrimEnd('\r');
        (_length, _begun) = (0, false);
        var end = Math.Min(text.Length, maxCharacters);
        return text[..(end > 0 && end < text.Length && char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)];
    }
}
