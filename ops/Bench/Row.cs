namespace DeployHub.Bench;

/// <summary>One line of the table.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Unit"><c>s</c>, <c>ms</c>, <c>MB</c> or <c>calls</c>.</param>
/// <param name="Ours">The median of ours.</param>
/// <param name="Baseline">The median of what it is compared with; null when the bound is absolute.</param>
/// <param name="Ratio">Ours to the baseline; null when there is none.</param>
/// <param name="Bound">The most that the ratio, or without one the value, may be; null for information only.</param>
/// <param name="Samples">Every single measurement, in the order in which it was made.</param>
internal sealed record Row(string Name, string Unit, double Ours, double? Baseline, double? Ratio, double? Bound, IReadOnlyList<Sample> Samples)
{
    public bool? Ok => Bound is { } most ? (Ratio ?? Ours) <= most : null;

    /// <summary>Each round has its own ratio, so that what disturbs the machine for a while disturbs both sides of it.</summary>
    public static Row OfRounds(string name, IReadOnlyList<Sample> rounds, double? bound) => new(
        name, "s", Median(rounds.Select(x => x.Ours)), Median(rounds.Select(x => x.Baseline!.Value)),
        Median(rounds.Select(x => x.Ours / x.Baseline!.Value)), bound, rounds);

    /// <summary>The ratio of the two medians: for many short samples.</summary>
    public static Row OfMedians(string name, IReadOnlyList<Sample> samples, double bound)
    {
        var (ours, baseline) = (Median(samples.Select(x => x.Ours)), Median(samples.Select(x => x.Baseline!.Value)));
        return new Row(name, "ms", ours, baseline, ours / baseline, bound, samples);
    }

    public static Row OfValue(string name, string unit, double value, double? bound) => new(name, unit, value, null, null, bound, [new(value, null)]);

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

internal sealed record Sample(double Ours, double? Baseline);
