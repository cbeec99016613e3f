using System.Globalization;

namespace DeployHub.Servers;

/// <summary>A tiny image from scratch around the machine's static busybox. Two images of the same content have the same id.</summary>
public sealed record TestImage
{
    private const string Shell = "/bin/busybox";

    /// <summary>The text of /www/index.html, by which versions are told apart.</summary>
    public required string Text { get; init; }

    /// <summary>The image's CMD; empty: none.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The signal that ends it. SIGKILL unless told: busybox as process 1 ignores SIGTERM and would wait out the grace.</summary>
    public string StopSignal { get; init; } = "SIGKILL";

    /// <summary>The HEALTHCHECK, or null.</summary>
    public HealthCheck? Health { get; init; }

    /// <summary>The ENV entries, <c>NAME=value</c>.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>The labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The TCP port that is exposed and served on, or null.</summary>
    public int? Port { get; init; }

    /// <summary>False for an image that holds no program at all.</summary>
    public bool HasProgram { get; init; } = true;

    /// <summary>Serves <paramref name="text"/> at <c>/</c> on port 8080 until it is stopped.</summary>
    public static TestImage Serving(string text) =>
        new() { Text = text, Port = 8080, Command = [Shell, "httpd", "-f", "-p", "8080", "-h", "/www"] };

    /// <summary>Prints a line and ends with <paramref name="code"/>, at once or after a time; with a restart policy it is a crash loop.</summary>
    public static TestImage Exiting(int code, string logLine = "giving up", TimeSpan? after = null) =>
        new()
        {
            Text = logLine,
            Command = [Shell, "sh", "-c", string.Create(CultureInfo.InvariantCulture, $"echo \"$0\"; {Shell} sleep {(after ?? TimeSpan.Zero).TotalSeconds}; exit {code}"), logLine],
        };

    /// <summary>Holds a text and no program: no CMD, no ENTRYPOINT. It can be created, never started.</summary>
    public static TestImage WithoutProgram(string text) => new() { Text = text, HasProgram = false };

    /// <summary>The same with a health check that asks its own port.</summary>
    public TestImage Healthy(TimeSpan? interval = null) =>
        this with { Health = new HealthCheck([Shell, "wget", "-q", "-O", "/dev/null", $"http://127.0.0.1:{Port}/"], interval ?? TimeSpan.FromSeconds(1)) };

    /// <summary>The same with a health check that prints "not well" and fails.</summary>
    public TestImage Unhealthy(TimeSpan? interval = null) =>
        this with { Health = new HealthCheck([Shell, "sh", "-c", "echo not well; exit 1"], interval ?? TimeSpan.FromSeconds(1), Retries: 1) };
}

/// <summary>A HEALTHCHECK: the program to run, how often, for how long at most, and how many failures in a row count.</summary>
public sealed record HealthCheck(IReadOnlyList<string> Command, TimeSpan Interval, TimeSpan? Timeout = null, int Retries = 3);

/// <summary>An image as a registry or an engine holds it.</summary>
/// <param name="Name">The name without a tag: <c>127.0.0.1:5000/shop/api</c>.</param>
/// <param name="Tags">Its tags.</param>
/// <param name="Digest">The digest of its manifest; empty for an image that was only loaded.</param>
/// <param name="ImageId">The engine's image id, <c>sha256:…</c>.</param>
public sealed record StoredImage(string Name, IReadOnlyList<string> Tags, string Digest, string ImageId)
{
    /// <summary>The name with the first tag.</summary>
    public string Reference => $"{Name}:{Tags[0]}";

    /// <summary>The name with the digest.</summary>
    public string ByDigest => $"{Name}@{Digest}";
}
