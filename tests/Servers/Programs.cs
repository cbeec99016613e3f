using System.Diagnostics;

namespace DeployHub.Servers;

/// <summary>Finds and runs the programs that <c>ops/install</c> brings.</summary>
public static class Programs
{
    private static readonly string[] SystemFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>The PATH for children: the caller's, then the system's folders (a CI user's PATH may lack sbin).</summary>
    public static string SearchPath { get; } = string.Join(':', Folders());

    /// <summary>The full path of a program.</summary>
    /// <exception cref="ServerFailedException">It is not installed.</exception>
    public static string Find(string name) =>
        name.Contains('/', StringComparison.Ordinal)
            ? name
            : Folders().Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
              ?? throw new ServerFailedException($"The program '{name}' is not installed: run ops/install.");

    /// <summary>Runs a program to its end and returns what it wrote to standard output, without the last line break.</summary>
    /// <exception cref="ServerFailedException">It ended with another code than 0, or not in time (a minute where nothing else is said).</exception>
    public static async Task<string> Run(
        string name,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        ReadOnlyMemory<byte> input = default,
        TimeSpan? within = null)
    {
        var ended = await RunToEnd(name, arguments, environment, input, within);
        return ended.Code == 0
            ? ended.Output
            : throw new ServerFailedException($"{name} {string.Join(' ', arguments)} ended with {ended.Code}: {ended.Errors} {ended.Output.Trim()}");
    }

    /// <summary>Runs a program to its end, whatever its exit code is.</summary>
    /// <exception cref="ServerFailedException">It did not end in time (a minute where nothing else is said).</exception>
    public static async Task<Ended> RunToEnd(
        string name,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        ReadOnlyMemory<byte> input = default,
        TimeSpan? within = null,
        string? folder = null)
    {
        var start = new ProcessStartInfo(Find(name), arguments)
        {
            WorkingDirectory = folder ?? "",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = SearchPath;
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(within ?? TimeSpan.FromMinutes(1));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await Feed(process, input, deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return new Ended(process.ExitCode, (await output).TrimEnd(), (await errors).Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new ServerFailedException($"{Line(start)} did not end in time.");
        }
    }

    private static async Task Feed(Process process, ReadOnlyMemory<byte> input, CancellationToken ct)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, ct);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading its input: its exit code says why.
        }
    }

    private static string Line(ProcessStartInfo start) => $"{start.FileName} {string.Join(' ', start.ArgumentList)}";

    private static IEnumerable<string> Folders() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Union(SystemFolders);
}

/// <summary>A program that has ended.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="Output">What it wrote to standard output, without the last line break.</param>
/// <param name="Errors">What it wrote to standard error, without white space around it.</param>
public sealed record Ended(int Code, string Output, string Errors);
