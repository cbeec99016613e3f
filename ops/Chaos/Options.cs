using System.Globalization;

namespace DeployHub.Chaos;

/// <summary>What the command line asks for.</summary>
/// <param name="Plans">How many deploys: 1 to 10,000.</param>
/// <param name="Seed">Decides what is asked for and who is killed when.</param>
/// <param name="Standalone">One process instead of an Api and two Workers.</param>
/// <param name="JsonFile">Where the table goes too, if anywhere.</param>
internal sealed record Options(int Plans, int Seed, bool Standalone, string? JsonFile)
{
    private const int MostPlans = 10_000;

    /// <summary>Null with a <paramref name="problem"/> when the arguments are not understood.</summary>
    public static Options? Parse(string[] args, out string? problem)
    {
        var options = new Options(200, Random.Shared.Next(1_000_000), false, null);
        problem = null;
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--standalone":
                    options = options with { Standalone = true };
                    break;
                case "--plans" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var plans) && plans is > 0 and <= MostPlans:
                    (options, i) = (options with { Plans = plans }, i + 1);
                    break;
                case "--seed" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed):
                    (options, i) = (options with { Seed = seed }, i + 1);
                    break;
                case "--json" when value.Length > 0:
                    (options, i) = (options with { JsonFile = value }, i + 1);
                    break;
                default:
                    problem = $"«{args[i]}» is not understood, or lacks a fitting value";
                    return null;
            }
        }

        return options;
    }
}
