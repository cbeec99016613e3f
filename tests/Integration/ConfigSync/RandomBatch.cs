using DeployHub.Integration.Hub;
using DeployHub.Servers;
using FsCheck;
using FsCheck.Fluent;

namespace DeployHub.Integration.ConfigSync;

/// <summary>Where a target lies.</summary>
public enum Place
{
    Plain,
    Deep,
    MissingFolder,
    FileForFolder,
    ReadOnly,
    FullDisk,
    Outside,
}

/// <summary>What stands at a target before.</summary>
public enum Former
{
    Nothing,
    Other,
    Same,
    SameBytes,
    Folder,
}

/// <summary>A target that was thrown with the dice. Modes are octal; sizes are bytes.</summary>
public sealed record RandomTarget(Place Place, Former Former, int Size, string Mode, string Owner, string FormerMode, string FormerOwner)
{
    /// <summary>Something stands there before.</summary>
    public bool HasFormer => Former != Former.Nothing && Place is not (Place.MissingFolder or Place.FileForFolder or Place.Outside);

    /// <summary>The host holds what is wanted already.</summary>
    public bool IsRight => HasFormer && !ExceedsDisk && (Former == Former.Same || (Former == Former.SameBytes && (Mode, Owner) == (FormerMode, FormerOwner)));

    /// <summary>The disk at its place has no room for it.</summary>
    public bool ExceedsDisk => Place is Place.FullDisk or Place.ReadOnly && Size > DiskBytes;

    /// <summary>It can be neither written nor right.</summary>
    public bool MustFail => !IsRight && (Place is Place.MissingFolder or Place.FileForFolder or Place.Outside or Place.ReadOnly || Former == Former.Folder || ExceedsDisk);

    /// <summary>Whether there is room depends on what else is written there at that moment.</summary>
    public bool MayFail => MustFail || (!IsRight && Place == Place.FullDisk);

    /// <summary>The size of the disk that is too small for the largest file, and large enough for all others.</summary>
    public const int DiskBytes = 256 << 10;

    public override string ToString() => $"{Place}/{Former} {Size} bytes {Mode} {Owner} (before: {FormerMode} {FormerOwner})";
}

/// <summary>What happens in the middle.</summary>
public enum Trouble
{
    None,

    /// <summary>One call, or its answer, is lost.</summary>
    CutOnce,

    /// <summary>From one call on nothing comes through until another worker is there.</summary>
    WorkerLost,
}

/// <summary>A batch that was thrown with the dice: operations with the targets of one or two services each, and one trouble.</summary>
public sealed record RandomBatch(bool Rollback, RandomTarget[][] Operations, Trouble Trouble, string Call, int Nth, Fate Fate)
{
    // Each kind of call that a batch makes.
    private static readonly string[] Calls =
        ["GET /info", "POST /containers/create", "GET /archive", "HEAD /archive", "PUT /archive", "POST /exec", "POST /exec/ /start", "GET /exec/ /json", "POST /containers/ /start", "DELETE /containers/"];

    private static readonly Gen<RandomTarget> Targets =
        from place in Gen.Frequency((10, Gen.Constant(Place.Plain)), (4, Gen.Constant(Place.Deep)), (3, Gen.Elements(Enum.GetValues<Place>())))
        from former in Gen.Frequency((8, Gen.Elements(Former.Nothing, Former.Other, Former.Same, Former.SameBytes)), (1, Gen.Constant(Former.Folder)))
        from size in Gen.Elements(0, 1, 700, 4000, 300_000)
        from mode in Gen.Elements("644", "600", "755", "0", "440")
        from owner in Gen.Elements("0:0", "7:8", "3000000:5")
        from formerMode in Gen.Elements("644", "600", "4755", "0", "1777")
        from formerOwner in Gen.Elements("0:0", "9:10", "3000001:0")
        select new RandomTarget(place, former, size, mode, owner, formerMode, formerOwner);

    private static readonly Gen<RandomBatch> Batches =
        from rollback in Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false)))
        from files in Gen.Choose(1, 6)
        from operations in Gen.ArrayOf(from services in Gen.Choose(1, 2) from targets in Gen.ArrayOf(Targets, services) select targets, files)
        from trouble in Gen.Elements(Enum.GetValues<Trouble>())
        from call in Gen.Elements(Calls)
        from nth in Gen.Choose(1, 4)
        from fate in Gen.Elements(Fate.LostBefore, Fate.LostAfter)
        select new RandomBatch(rollback, operations, trouble, call, nth, fate);

    /// <summary>Tries a smaller one where one breaks the rule: without the trouble, without one of the files.</summary>
    public static Arbitrary<RandomBatch> Arbitrary => Arb.From(Batches, batch =>
        (batch.Trouble == Trouble.None ? [] : new[] { batch with { Trouble = Trouble.None } })
        .Concat(batch.Operations.Length == 1 ? [] : batch.Operations.Select(left => batch with { Operations = [.. batch.Operations.Where(x => x != left)] })));

    /// <summary>Is this the kind of call that the trouble comes with?</summary>
    public bool IsHit(string line) => Call.Split(' ').All(part => line.Contains(part, StringComparison.Ordinal)) && line.StartsWith(Call.Split(' ')[0], StringComparison.Ordinal);

    public override string ToString() =>
        $"{(Rollback ? "with" : "without")} rollback; {(Trouble == Trouble.None ? "no trouble" : $"{Trouble} at call {Nth} of «{Call}», {Fate}")}\n"
        + string.Join('\n', Operations.Select((targets, i) => $"  [{i}] {string.Join(" | ", targets.AsEnumerable())}"));
}
