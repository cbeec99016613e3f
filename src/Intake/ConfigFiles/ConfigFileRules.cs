using System.Text;
using DeployHub.Domain.ConfigFiles;

namespace DeployHub.Intake.ConfigFiles;

/// <summary>What config files may be called and hold.</summary>
internal static class ConfigFileRules
{
    private const int LongestFilename = 255;
    private const int LongestDescription = 2000;
    private const int LongestLanguage = 50;

    public static Refusal? CheckFilename(string filename) =>
        filename is "" or "." or ".." || filename.Contains('/', StringComparison.Ordinal) || filename.Any(char.IsControl)
            || Encoding.UTF8.GetByteCount(filename) > LongestFilename
                ? Refusal.Invalid("filename", $"must be the name of a file: 1 to {LongestFilename} bytes without «/».", "Where it goes is said by its attachments.")
                : null;

    public static Refusal? CheckNotes(string? description, string? language) =>
        description is { Length: > LongestDescription } ? Refusal.Invalid("description", $"must not be longer than {LongestDescription} characters.")
        : language is { Length: 0 or > LongestLanguage } ? Refusal.Invalid("language", $"must be 1 to {LongestLanguage} characters.")
        : null;

    /// <summary>The bytes that are meant: of exactly one of the two.</summary>
    public static Result<FileContent> Read(string? content, string? contentBase64)
    {
        if (content is null == contentBase64 is null)
        {
            return Refusal.Invalid(
                "content", content is null ? "or «contentBase64» must be given." : "and «contentBase64» exclude each other.",
                "«content» is text, kept byte for byte in UTF-8; «contentBase64» is for what is no text.");
        }

        if (content is not null)
        {
            return Sized(new FileContent(Encoding.UTF8.GetBytes(content), IsBinary: false), "content");
        }

        var bytes = new byte[contentBase64!.Length / 4 * 3 + 3];
        return Convert.TryFromBase64String(contentBase64, bytes, out var count)
            ? Sized(new FileContent(bytes[..count], IsBinary: true), "contentBase64")
            : Refusal.Invalid("contentBase64", "must be base64, with padding.");
    }

    private static Result<FileContent> Sized(FileContent content, string field) => content.Bytes.Length <= ConfigFile.LargestBytes
        ? content
        : Refusal.Invalid(field, $"must not be larger than 1 MiB; it is {content.Bytes.Length} bytes.");
}

/// <summary>The bytes of a config file.</summary>
internal sealed record FileContent(byte[] Bytes, bool IsBinary);
