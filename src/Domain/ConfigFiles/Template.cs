using System.Text;
using System.Text.RegularExpressions;

namespace DeployHub.Domain.ConfigFiles;

/// <summary>
/// Text with places for values: <c>${NAME}</c> is replaced, <c>$${NAME}</c> stands for <c>${NAME}</c> itself, and every other <c>$</c> is
/// what it is. What a value brings in is not looked at again.
/// </summary>
public static partial class Template
{
    /// <summary>The largest text that a template may become: values can make a small one very large.</summary>
    public const int LargestBytes = 4 * ConfigFile.LargestBytes;

    /// <summary>Replaces every name, or says which ones have no value, each once, in the order in which they stand.</summary>
    public static Rendering Render(byte[] template, IReadOnlyDictionary<string, string> values)
    {
        // Bytes that are not UTF-8 have no text in them that could be meant; they come through a restored or older row at most.
        if (!IsText(template, out var text))
        {
            return new Rendering(template, [], TooLarge: false);
        }

        var places = Places().Matches(text);
        var missing = places.Where(x => !IsEscaped(x)).Select(NameIn).Where(name => !values.ContainsKey(name)).Distinct(StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
        {
            return new Rendering(null, missing, TooLarge: false);
        }

        if (places.Count == 0)
        {
            return new Rendering(template, [], TooLarge: false);
        }

        var made = new StringBuilder(text.Length);
        var at = 0;
        foreach (Match place in places)
        {
            made.Append(text, at, place.Index - at);
            _ = IsEscaped(place) ? made.Append(place.ValueSpan[1..]) : made.Append(values[NameIn(place)]);
            at = place.Index + place.Length;
            if (made.Length > LargestBytes)
            {
                return new Rendering(null, [], TooLarge: true);
            }
        }

        made.Append(text, at, text.Length - at);
        var bytes = Encoding.UTF8.GetBytes(made.ToString());
        return bytes.Length > LargestBytes ? new Rendering(null, [], TooLarge: true) : new Rendering(bytes, [], TooLarge: false);
    }

    /// <summary>True when the bytes are UTF-8 to the letter, so that text and bytes can be turned into each other without a loss.</summary>
    public static bool IsText(byte[] bytes, out string text)
    {
        try
        {
            text = Strict.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = "";
            return false;
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static bool IsEscaped(Match place) => place.Groups[1].Length > 0;

    private static string NameIn(Match place) => place.Groups[2].Value;

    [GeneratedRegex(@"\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Places();
}

/// <summary>What became of a template: its bytes, or why there are none.</summary>
/// <param name="Bytes">What is written; null when something is missing or it grew too large.</param>
/// <param name="Missing">The names that have no value.</param>
/// <param name="TooLarge">It would be larger than <see cref="Template.LargestBytes"/>.</param>
public sealed record Rendering(byte[]? Bytes, IReadOnlyList<string> Missing, bool TooLarge);
