using System.Text;

namespace DeployHub.Domain.ConfigFiles;

/// <summary>Hides the values of secrets wherever they occur in a text.</summary>
public sealed class SecretMask(IEnumerable<string> secrets)
{
    public const string Hidden = "•••";

    private readonly string[] _secrets = [.. secrets.Where(secret => secret.Length > 0).Distinct(StringComparer.Ordinal)];

    /// <summary>The text's lines, as they are and as they may be shown. A secret of several lines is hidden on each of them.</summary>
    public List<MaskedLine> Lines(string text)
    {
        var hidden = Find(text);
        var lines = new List<MaskedLine>();
        for (var start = 0; start < text.Length;)
        {
            var newline = text.IndexOf('\n', start);
            var end = newline < 0 ? text.Length : newline;
            lines.Add(Show(text, start, end, hidden));
            start = end + 1;
        }

        return lines;
    }

    private static MaskedLine Show(string text, int start, int end, List<(int Start, int End)> hidden)
    {
        // Ranges do not overlap and are in order, so their ends are too.
        var first = hidden.FindIndex(range => range.End > start);
        if (first < 0 || hidden[first].Start >= end)
        {
            return new MaskedLine(text[start..end], text[start..end], false);
        }

        var shown = new StringBuilder();
        var at = start;
        foreach (var range in hidden.Skip(first).TakeWhile(range => range.Start < end))
        {
            shown.Append(text, at, Math.Max(range.Start, start) - at).Append(Hidden);
            at = Math.Min(range.End, end);
        }

        shown.Append(text, at, end - at);
        return new MaskedLine(text[start..end], shown.ToString(), true);
    }

    private List<(int Start, int End)> Find(string text)
    {
        var found = new List<(int Start, int End)>();
        foreach (var secret in _secrets)
        {
            // One step at a time: occurrences of one secret may overlap, and all of them are hidden.
            for (var at = text.IndexOf(secret, StringComparison.Ordinal); at >= 0; at = text.IndexOf(secret, at + 1, StringComparison.Ordinal))
            {
                found.Add((at, at + secret.Length));
                if (at + 1 >= text.Length)
                {
                    break;
                }
            }
        }

        found.Sort();
        var merged = new List<(int Start, int End)>(found.Count);
        foreach (var range in found)
        {
            if (merged.Count > 0 && range.Start < merged[^1].End)
            {
                merged[^1] = (merged[^1].Start, Math.Max(merged[^1].End, range.End));
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }
}

/// <summary>A line without its newline.</summary>
/// <param name="Raw">As it is.</param>
/// <param name="Shown">With secrets hidden.</param>
/// <param name="HoldsSecret">Something in it is hidden.</param>
public readonly record struct MaskedLine(string Raw, string Shown, bool HoldsSecret);
