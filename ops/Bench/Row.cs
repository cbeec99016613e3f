namespace DeployHub.Bench;

/// <summary>One line of the table.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Unit"><c>s</c>, <c>ms</c>, <c>MB</c>, <c>kB</c>, <c>calls</c> or <c>/s</c>.</param>
/// <param name="Ours">The median of ours.</param>
/// <param name="Baseline">The median of what it is compared with; null when the bound is absolute.</param>
/// <param name="Ratio">Ours to the baseline; null when there is none.</param>
/// <param name="Bound">What the ratio, or without one the value, may be at most; null for information only.</param>
/// <param name="Samples">Every single measurement, in the order in which it was made.</param>
internal sealed record Row(string Name, string Unit, double Ours, double? Baseline, double? Ratio, double? Bound, IReadOnlyList<Sample> Samples)
{
    /// <summary>The bound is what it must be at least: for rates.</summary>
    public bool AtLeast { get; init; }

    public bool? Ok => Bound is not { } bound ? null : AtLeast ? (Ratio ?? Ours) >= bound : (Ratio ?? Ours) <= bound;

    /// <summary>Each round has its own ratio, so that what disturbs the machine for a while disturbs both sides of it.</summary>
    public static Row OfRounds(string name, IReadOnlyList<Sample> rounds, double? bound, string unit = "s") => new(
        name, unit, Median(rounds.Select(x => x.Ours)), Median(rounds.Select(x => x.Baseline!.Value)),
        Median(rounds.Select(x => x.Ours / x.Baseline!.Value)), bound, rounds);

    /// <summary>The same for how much is done in a second: the more the better.</summary>
    public static Row OfRates(string name, IReadOnlyList<Sample> rounds, double? bound) => OfRounds(name, rounds, bound, "/s") with { AtLeast = true };

    /// <summary>The ratio of the two medians: for many short samples.</summary>
    public static Row OfMedians(string name, IReadOnlyList<Sample> samples, double? bound)
    {
        var (ours, baseline) = (Median(samples.Select(x => x.Ours)), Median(samples.Select(x => x.Baseline!.Value)));
        return new Row(name, "ms", ours, baseline, ours / baseline, bound, samples);
    }

    public static Row OfValue(string name, string unit, double value, double? bound) => new(name, unit, value, null, null, bound, [new(value, null)]);

    /// <summary>Something that should have been measured and was not; it counts as missed.</summary>
    public static Row NotMeasured(string name, string why) => new($"{name}: not measured, {why}", "", 0, null, null, -1, []);

    public static double Median(IEnumerable<double> values) => Percentile(values, 0.5);

    /// <summary>With the value between two neighbours where it falls between them.</summary>
    public static double Percentile(IEnumerable<double> values, double part)
    {
        var sorted = values.Order().ToArray();
        var place = part * (sorted.Length - 1);
        var below = sorted[(int)place];
        return below + ((place - (int)place) * (sorted[(int)Math.Ceiling(place)] - below));
    }
}

internal sealed record Sample(double Ours, double? Baseline);
