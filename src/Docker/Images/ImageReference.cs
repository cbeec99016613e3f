using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace DeployHub.Docker;

/// <summary>An image's name, as in <c>127.0.0.1:5000/shop/api:v3@sha256:…</c> (the grammar of distribution/reference).</summary>
public sealed partial record ImageReference
{
    private const string DefaultRegistry = "docker.io";

    private ImageReference(string repository, string? tag, string? digest) => (Repository, Tag, Digest) = (repository, tag, digest);

    /// <summary>The name without tag and digest, the registry's host included when it was given.</summary>
    public string Repository { get; }

    /// <summary>The tag, or null.</summary>
    public string? Tag { get; }

    /// <summary>The manifest's digest, as in <c>sha256:</c> and 64 hexadecimal digits, or null.</summary>
    public string? Digest { get; }

    /// <summary>The registry's host with its port, or <c>docker.io</c> when the name holds none.</summary>
    public string RegistryHost => HostOf(Repository) ?? DefaultRegistry;

    /// <summary>The same repository at a digest, without a tag.</summary>
    /// <param name="digest">As in <c>sha256:…</c>.</param>
    /// <exception cref="FormatException">It is no digest.</exception>
    public ImageReference WithDigest(string digest) => Parse($"{Repository}@{digest}");

    /// <summary>Reads a name.</summary>
    /// <param name="text">The name.</param>
    /// <exception cref="FormatException">It is no image's name.</exception>
    public static ImageReference Parse(string text) => TryParse(text, out var reference) ? reference : throw new FormatException($"'{text}' is not the name of an image.");

    /// <summary>Reads a name; false when it is none.</summary>
    /// <param name="text">The name.</param>
    /// <param name="reference">What it says, or null.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ImageReference? reference)
    {
        reference = null;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var at = text.IndexOf('@', StringComparison.Ordinal);
        var digest = at < 0 ? null : text[(at + 1)..];
        var name = at < 0 ? text : text[..at];

        // Only a colon after the last slash begins a tag: one before it belongs to the registry's port.
        var colon = name.IndexOf(':', name.LastIndexOf('/') + 1);
        var tag = colon < 0 ? null : name[(colon + 1)..];
        var repository = colon < 0 ? name : name[..colon];

        if (!IsRepository(repository) || (tag is not null && !TagForm().IsMatch(tag)) || (digest is not null && !DigestForm().IsMatch(digest)))
        {
            return false;
        }

        reference = new ImageReference(repository, tag, digest);
        return true;
    }

    /// <summary>The name as it was given.</summary>
    public override string ToString() => Repository + (Tag is null ? "" : ":" + Tag) + (Digest is null ? "" : "@" + Digest);

    private static bool IsRepository(string repository)
    {
        var host = HostOf(repository);
        var path = host is null ? repository : repository[(host.Length + 1)..];
        // Engines take 64 hexadecimal digits for an image's id.
        return repository.Length <= 255 && (host is null || HostForm().IsMatch(host)) && PathForm().IsMatch(path) && !IdForm().IsMatch(repository);
    }

    // The first part is a host only when it cannot be part of a path: 'library/app' is on docker.io, 'localhost/app' is not.
    private static string? HostOf(string repository)
    {
        var slash = repository.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : repository[..slash];
        return first == "localhost" || first.AsSpan().IndexOfAny('.', ':') >= 0 || first.Any(char.IsAsciiLetterUpper) ? first : null;
    }

    [GeneratedRegex(@"^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?\z", RegexOptions.NonBacktracking)]
    private static partial Regex HostForm();

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex PathForm();

    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}\z")]
    private static partial Regex TagForm();

    [GeneratedRegex(@"^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})\z")]
    private static partial Regex DigestForm();

    [GeneratedRegex(@"^[0-9a-f]{64}\z")]
    private static partial Regex IdForm();
}
