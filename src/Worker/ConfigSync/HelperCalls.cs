using System.Collections.Concurrent;
using System.Globalization;
using DeployHub.Docker;

namespace DeployHub.Worker.ConfigSync;

/// <summary>
/// What the targets of one batch have a helper do. Each target has its own rows, lease and verdict; only the calls are shared: files for one
/// folder in one archive, exchanges in one run of the shell that gives a line for each.
/// </summary>
internal sealed class HelperCalls(EngineClient engine, string containerId)
{
    // In the folder itself, so that no link which somebody makes meanwhile leads elsewhere. What a path holds is told in one line:
    // hash, mode, owner. Nothing is changed unless the target still is what was seen, and the temporary file what was sent.
    private const string ExchangeScript = """
        set -f
        seen() {
          if [ -L "./$1" ]; then echo link
          elif [ -f "./$1" ]; then sum=$(sha256sum < "./$1") && echo "${sum%% *} $(stat -c %a:%u:%g "./$1")"
          elif [ -e "./$1" ]; then echo other
          else echo absent; fi
        }
        exchange() (
          cd -- "$1" 2>/dev/null || exit 10
          [ "$(pwd -P)" = "$1" ] || exit 11
          [ "$(seen "$2")" = "$4" ] || exit 12
          if [ "$5" = absent ]; then rm -f "./$3" && rm -f "./$2" || exit 14
          else
            [ "$(seen "$3")" = "$5" ] || exit 13
            mv -f -T "./$3" "./$2" || exit 14
          fi
          seen "$2"
        )
        while [ $# -ge 5 ]; do
          said=$(exchange "$1" "$2" "$3" "$4" "$5" 2>&1)
          echo $? $said
          shift 5
        done
        """;

    private readonly ConcurrentDictionary<string, Together<PutFile, bool>> _puts = new(StringComparer.Ordinal);
    private readonly Together<ExchangeFile, Said> _exchanges = new((files, ct) => Exchange(engine, containerId, files, ct), _ => 0);

    public bool IsIdle => _exchanges.IsIdle && _puts.Values.All(x => x.IsIdle);

    /// <summary>Puts a file into a folder, as the helper sees it, under a name.</summary>
    public Task Put(string folder, string name, FileState file, CancellationToken ct) =>
        _puts.GetOrAdd(folder, _ => new Together<PutFile, bool>((files, token) => Put(folder, files, token), x => x.File.Bytes.Length)).Send(new PutFile(name, file), ct);

    /// <summary>Runs one exchange; gives its exit code and what it said, in one line.</summary>
    public Task<Said> Exchange(ExchangeFile file, CancellationToken ct) => _exchanges.Send(file, ct);

    private async Task<IReadOnlyList<bool>> Put(string folder, IReadOnlyList<PutFile> files, CancellationToken ct)
    {
        using var tar = FileState.Tar(files.Select(x => (x.Name, x.File)));
        await engine.PutArchive(containerId, folder, tar, ct);
        return [.. files.Select(_ => true)];
    }

    private static async Task<IReadOnlyList<Said>> Exchange(EngineClient engine, string containerId, IReadOnlyList<ExchangeFile> files, CancellationToken ct)
    {
        var arguments = files.SelectMany(x => new[] { x.Folder, x.Name, x.Temporary, x.Before, x.After });
        var ran = await engine.Exec(containerId, ["/bin/busybox", "sh", "-c", ExchangeScript, "deployhub", .. arguments], ct: ct);

        // What has no whole line was not done, or not to its end.
        var lines = ran.Output.Split('\n')[..^1];
        return [.. files.Select((_, i) => i < lines.Length && Said.Parse(lines[i]) is { } said ? said : new Said(ran.ExitCode == 0 ? 1 : ran.ExitCode, ran.Output.Trim()))];
    }

    private sealed record PutFile(string Name, FileState File);
}

/// <summary>What an exchange needs: a folder as the helper sees it, two names in it, and what is there and shall be, each in one line.</summary>
internal sealed record ExchangeFile(string Folder, string Name, string Temporary, string Before, string After);

/// <summary>How the shell ended with one file.</summary>
internal sealed record Said(int ExitCode, string Text)
{
    /// <summary>A line of the script: the code, and what was said if anything was.</summary>
    public static Said? Parse(string line)
    {
        var end = line.IndexOf(' ', StringComparison.Ordinal) is >= 0 and var space ? space : line.Length;
        return int.TryParse(line.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? new Said(code, line[end..].Trim()) : null;
    }
}
