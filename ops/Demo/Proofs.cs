namespace DeployHub.Demo;

/// <summary>One claim, and whether it was found to be true.</summary>
internal sealed record Proof(string Claim, bool True, string? Seen);

/// <summary>All claims of a run. The demo succeeds only if every one of them is true.</summary>
internal sealed class Proofs(Screen screen)
{
    private readonly List<Proof> _all = [];

    public IReadOnlyList<Proof> All => _all;

    public bool Hold => _all.TrueForAll(x => x.True);

    /// <summary>Records a claim; what was seen instead is told at once when it does not hold.</summary>
    public void Check(string claim, bool holds, string seen)
    {
        _all.Add(new Proof(claim, holds, holds ? null : seen));
        if (!holds)
        {
            screen.NotProven($"{claim} Seen: {seen}");
        }
    }

    public void Equal(string claim, string expected, string seen) => Check(claim, expected == seen, $"«{seen}» instead of «{expected}»");

    /// <summary>The sentence about an act; it is only said when all of the act's claims hold.</summary>
    public void Conclude(int before, string sentence)
    {
        if (_all.Skip(before).All(x => x.True))
        {
            screen.Proven(sentence);
        }
    }
}
