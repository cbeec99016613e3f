using System.Globalization;

namespace DeployHub.EngineSimulator.Containers;

/// <summary>
/// What a program would do: what it prints, how long it sleeps, and how it ends. A line of shell is understood as far as its parts are <c>echo</c>, <c>sleep</c>, <c>exit</c>,
/// <c>true</c>, <c>id -u</c>, <c>trap '' TERM</c> and a loop without an end; every other program runs until it is stopped.
/// </summary>
/// <param name="Acts">In this order.</param>
/// <param name="ExitCode">Null: it runs until it is stopped.</param>
/// <param name="IgnoresTerm">Only SIGKILL ends it.</param>
internal sealed record Script(IReadOnlyList<Act> Acts, int? ExitCode, bool IgnoresTerm)
{
    private static readonly Script Endless = new([], null, false);

    public static Script Of(IReadOnlyList<string> command, string user = "") => command switch
    {
        ["/bin/sh", "-c", var line, ..] => Parse(line, user),
        ["/bin/busybox", "sh", "-c", var line, ..] => Parse(line, user),
        ["/bin/busybox", "sleep", var seconds] => new([new Act(Seconds(seconds), "", false)], 0, false),
        _ => Endless,
    };

    private static Script Parse(string line, string user)
    {
        var (acts, ignores) = (new List<Act>(), false);
        foreach (var part in line.Split(';').Select(part => part.Trim().Replace("/bin/busybox ", "", StringComparison.Ordinal)).Where(part => part.Length > 0))
        {
            switch (part.Split(' '))
            {
                case ["exit", var code]:
                    return new(acts, int.Parse(code, CultureInfo.InvariantCulture), ignores);
                case ["false"]:
                    return new(acts, 1, ignores);
                case ["true"]:
                    break;
                case ["sleep", var seconds]:
                    acts.Add(new Act(Seconds(seconds), "", false));
                    break;
                case ["echo", .. var words]:
                    var toError = words is [.., ">&2"];
                    acts.Add(new Act(TimeSpan.Zero, string.Join(' ', toError ? words[..^1] : words) + "\n", toError));
                    break;
                case ["id", "-u"]:
                    acts.Add(new Act(TimeSpan.Zero, (user.Length == 0 ? "0" : user) + "\n", false));
                    break;
                case ["trap", "''", "TERM"]:
                    ignores = true;
                    break;
                case ["while", ":"]:
                    return new(acts, null, ignores);
                default:
                    throw new Refusal(500, $"the simulated engine does not understand «{part}» (see its README)");
            }
        }

        return new(acts, 0, ignores);
    }

    private static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture));
}

/// <summary>A pause, then a piece of output (empty for none).</summary>
internal sealed record Act(TimeSpan Pause, string Text, bool ToError);
