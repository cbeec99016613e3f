using System.Globalization;
using System.Text;
using DiffPlex;
using DiffPlex.Model;

namespace DeployHub.Domain.ConfigFiles;

/// <summary>
/// A unified diff that shows no secret: compared are the true lines, shown the masked ones, so that a changed secret is seen to change
/// without being seen.
/// </summary>
public static class MaskedDiff
{
    private const int Context = 3;
    private const int MostLines = 20_000;
    private const string NoNewline = "\\ No newline at end of file\n";

    /// <summary>The diff from what is there to what is wanted; empty when they are the same; null when they are too long to compare.</summary>
    /// <param name="path">Stands in the header.</param>
    /// <param name="before">What the host holds; null when it holds nothing.</param>
    /// <param name="after">What is wanted.</param>
    /// <param name="mask">The secrets.</param>
    public static string? Unified(string path, string? before, string after, SecretMask mask)
    {
        if (before == after)
        {
            return "";
        }

        var (old, wanted) = (mask.Lines(before ?? ""), mask.Lines(after));
        if (old.Count + wanted.Count > MostLines)
        {
            return null;
        }

        // The end of the text tells lines apart too: without it a missing last newline would be no difference.
        var oldKeys = Keys(old, before ?? "");
        var newKeys = Keys(wanted, after);
        var blocks = new Differ().CreateCustomDiffs(
            string.Join('\n', oldKeys), string.Join('\n', newKeys), ignoreWhiteSpace: false, text => text.Length == 0 ? [] : text.Split('\n')).DiffBlocks;
        var text = new StringBuilder();
        text.Append(before is null ? "--- /dev/null\n" : $"--- host:{path}\n").Append(CultureInfo.InvariantCulture, $"+++ wanted:{path}\n");
        var shownOld = HideFormerSecrets(old, wanted, blocks);
        for (var i = 0; i < blocks.Count;)
        {
            // Blocks whose contexts touch are one hunk.
            var last = i;
            while (last + 1 < blocks.Count && blocks[last + 1].DeleteStartA - (blocks[last].DeleteStartA + blocks[last].DeleteCountA) <= 2 * Context)
            {
                last++;
            }

            AppendHunk(text, new Sides(shownOld, wanted.ConvertAll(line => line.Shown), EndsOpen(before ?? ""), EndsOpen(after)), blocks, i, last);
            i = last + 1;
        }

        return text.ToString();
    }

    private static bool EndsOpen(string text) => text.Length > 0 && !text.EndsWith('\n');

    private static IEnumerable<string> Keys(List<MaskedLine> lines, string text) =>
        lines.Select((line, i) => i == lines.Count - 1 && EndsOpen(text) ? line.Raw + "\0" : line.Raw + "\u0001");

    // The host may hold the former value of a secret, which nobody knows any more: what stands where a secret is to stand is hidden too.
    private static List<string> HideFormerSecrets(List<MaskedLine> old, List<MaskedLine> wanted, IList<DiffBlock> blocks)
    {
        var shown = old.ConvertAll(line => line.Shown);
        var patterns = wanted.Where(line => line.HoldsSecret).Select(line => line.Shown).Distinct(StringComparer.Ordinal).ToList();
        foreach (var block in blocks)
        {
            // Where each secret's place is found again, the other lines are what they are; else any of them may hold the former value.
            var removed = shown.GetRange(block.DeleteStartA, block.DeleteCountA);
            var isPlaceLost = wanted.GetRange(block.InsertStartB, block.InsertCountB).Any(line => line.HoldsSecret && !removed.Exists(was => Fits(was, line.Shown)));
            for (var i = block.DeleteStartA; i < block.DeleteStartA + block.DeleteCountA; i++)
            {
                if (patterns.Find(pattern => Fits(shown[i], pattern)) is { } pattern)
                {
                    shown[i] = pattern;
                }
                else if (isPlaceLost)
                {
                    shown[i] = SecretMask.Hidden;
                }
            }
        }

        return shown;
    }

    // The line begins as the pattern does before its first secret, and there is something to tell it by.
    private static bool Fits(string line, string pattern)
    {
        var start = pattern[..pattern.IndexOf(SecretMask.Hidden, StringComparison.Ordinal)];
        return !string.IsNullOrWhiteSpace(start) && line.StartsWith(start, StringComparison.Ordinal);
    }

    private static void AppendHunk(StringBuilder text, Sides sides, IList<DiffBlock> blocks, int first, int last)
    {
        var (before, after) = (blocks[first], blocks[last]);
        var startA = Math.Max(0, before.DeleteStartA - Context);
        var startB = before.InsertStartB - (before.DeleteStartA - startA);
        var endA = Math.Min(sides.Old.Count, after.DeleteStartA + after.DeleteCountA + Context);
        var endB = after.InsertStartB + after.InsertCountB + (endA - after.DeleteStartA - after.DeleteCountA);
        text.Append(CultureInfo.InvariantCulture, $"@@ -{Range(startA, endA)} +{Range(startB, endB)} @@\n");
        var at = startA;
        for (var i = first; i <= last; i++)
        {
            var block = blocks[i];
            for (; at < block.DeleteStartA; at++)
            {
                Append(text, ' ', sides.Old, at, sides.OldEndsOpen);
            }

            for (; at < block.DeleteStartA + block.DeleteCountA; at++)
            {
                Append(text, '-', sides.Old, at, sides.OldEndsOpen);
            }

            for (var b = block.InsertStartB; b < block.InsertStartB + block.InsertCountB; b++)
            {
                Append(text, '+', sides.New, b, sides.NewEndsOpen);
            }
        }

        for (; at < endA; at++)
        {
            Append(text, ' ', sides.Old, at, sides.OldEndsOpen);
        }
    }

    private static void Append(StringBuilder text, char sign, List<string> lines, int at, bool endsOpen)
    {
        text.Append(sign).Append(lines[at]).Append('\n');
        if (endsOpen && at == lines.Count - 1)
        {
            text.Append(NoNewline);
        }
    }

    // As diff -u counts: from 1, and an empty range is told by the line before it.
    private static string Range(int start, int end) => (end - start) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"{start},0"),
        1 => string.Create(CultureInfo.InvariantCulture, $"{start + 1}"),
        var count => string.Create(CultureInfo.InvariantCulture, $"{start + 1},{count}"),
    };

    private sealed record Sides(List<string> Old, List<string> New, bool OldEndsOpen, bool NewEndsOpen);
}
