using System.Globalization;

namespace DeployHub.Bench;

/// <summary>What the command line asks for.</summary>
/// <param name="Command">What is measured; see <see cref="Benches"/>.</param>
/// <param name="Check">End with 1 when a bound is missed.</param>
/// <param name="Quick">Fewer sizes and rounds.</param>
/// <param name="JsonFile">Where the rows go.</param>
internal sealed record Options(string Command, bool Check, bool Quick, string JsonFile)
{
    /// <summary>Null with a <paramref name="problem"/> when the arguments are not understood.</summary>
    public static Options? Parse(string[] args, out string? problem)
    {
        problem = null;
        if (args is not [var command, .. var rest] || !Benches.Names.Contains(command))
        {
            problem = $"the sub-command must be one of {string.Join(", ", Benches.Names)}";
            return null;
        }

        var stamp = DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var options = new Options(command, false, false, Path.Combine("bench", "results", $"{command}-{stamp}.json"));
        for (var i = 0; i < rest.Length; i++)
        {
            switch (rest[i])
            {
                case "--check":
                    options = options with { Check = true };
                    break;
                case "--quick":
                    options = options with { Quick = true };
                    break;
                case "--json" when i + 1 < rest.Length:
                    options = options with { JsonFile = rest[++i] };
                    break;
                default:
                    problem = $"unknown argument «{rest[i]}»";
                    return null;
            }
        }

        return options;
    }
}
