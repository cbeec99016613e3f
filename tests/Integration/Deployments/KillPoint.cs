using System.Text.RegularExpressions;
using DeployHub.Integration.Hub;

namespace DeployHub.Integration.Deployments;

/// <summary>What a step is at when its worker is killed.</summary>
public enum KilledAct
{
    /// <summary>The engine and the image are looked at before anything is touched.</summary>
    Prepare,

    /// <summary>The new container takes the former one's place.</summary>
    Deploy,

    /// <summary>The former container of a verified step is removed.</summary>
    Finalize,

    /// <summary>The former container, which still stands there, comes back.</summary>
    Restore,

    /// <summary>The former container was removed long ago, and is made again.</summary>
    Recreate,
}

/// <summary>Between which two things the worker is killed, where a call to the engine alone does not say it.</summary>
public enum KillMoment
{
    /// <summary>At the call.</summary>
    Call,

    /// <summary>The command was delivered, and the claim is not made.</summary>
    Claim,

    /// <summary>The gate was passed, and the result is not stored.</summary>
    Verdict,

    /// <summary>The result is committed, and its report has not left.</summary>
    Stored,

    /// <summary>The broker has the report; nobody has read it, and the sender does not know that it has.</summary>
    Published,
}

/// <summary>A named point of a step at which its worker is killed.</summary>
/// <param name="Name">The last thing that happened.</param>
/// <param name="Call">The call to the engine at which it stands: a pattern of the first line. <c>{old}</c> is the former container's id, <c>{name}</c> the service's container name.</param>
/// <param name="After">A call that must have been made before.</param>
/// <param name="How">Before the engine has the call, or before the worker has its answer.</param>
/// <param name="Moment">Where it goes on to from that call.</param>
public sealed record KillPoint(string Name, KilledAct Act, string Call, string? After = null, Fate How = Fate.Held, KillMoment Moment = KillMoment.Call)
{
    private const string Look = "^GET .*/containers/[0-9a-f]{64}/json";
    private const string Start = "^POST .*/start ";
    private const string Stop = "^POST .*/stop";
    private const string Create = "^POST .*/containers/create";
    private const string Remove = "^DELETE .*/containers/";

    public static KillPoint[] Deploy { get; } =
    [
        At("begun", KilledAct.Prepare, "^GET .*/info"),
        At("command received", KilledAct.Deploy, Create, moment: KillMoment.Claim),
        At("lease taken", KilledAct.Deploy, "^GET .*/images/"),
        At("about to pull", KilledAct.Deploy, "^POST .*/images/create"),
        At("pulled", KilledAct.Deploy, "^GET .*/images/", after: "^POST .*/images/create"),
        Done("created, and nothing recorded", KilledAct.Deploy, Create),
        At("created and recorded", KilledAct.Deploy, "^POST .*/{old}/update"),
        At("old one's restart policy taken", KilledAct.Deploy, Stop),
        Done("old one stopped", KilledAct.Deploy, Stop),
        Done("old one renamed", KilledAct.Deploy, "/rename.name={name}.old-"),
        Done("new one renamed", KilledAct.Deploy, "/rename.name={name} "),
        Done("started", KilledAct.Deploy, Start),
        At("at the gate", KilledAct.Deploy, Look, Start),
        At("healthy", KilledAct.Deploy, Look, Start, KillMoment.Verdict),
        At("result stored", KilledAct.Deploy, Look, Start, KillMoment.Stored),
        At("result published", KilledAct.Deploy, Look, Start, KillMoment.Published),
    ];

    public static KillPoint[] Finalize { get; } =
    [
        At("command received", KilledAct.Finalize, Remove, moment: KillMoment.Claim),
        At("lease taken", KilledAct.Finalize, "^GET .*/containers/{old}/json", Start),
        At("about to remove the old one", KilledAct.Finalize, Remove),
        Done("old one removed", KilledAct.Finalize, Remove),
        At("result stored", KilledAct.Finalize, Remove, moment: KillMoment.Stored),
        At("result published", KilledAct.Finalize, Remove, moment: KillMoment.Published),
    ];

    public static KillPoint[] Rollback { get; } =
    [
        At("command received", KilledAct.Restore, Remove, moment: KillMoment.Claim),
        At("lease taken", KilledAct.Restore, "^"),
        At("new one's restart policy taken", KilledAct.Restore, Stop),
        Done("new one stopped", KilledAct.Restore, Stop),
        Done("new one renamed", KilledAct.Restore, "/rename.name={name}.failed-"),
        Done("old one renamed", KilledAct.Restore, "/rename.name={name} "),
        Done("old one's restart policy back", KilledAct.Restore, "^POST .*/{old}/update"),
        Done("started", KilledAct.Restore, Start),
        At("at the gate", KilledAct.Restore, Look, Start),
        At("healthy", KilledAct.Restore, Remove),
        Done("new one removed", KilledAct.Restore, Remove),
        At("result stored", KilledAct.Restore, Remove, moment: KillMoment.Stored),
        At("result published", KilledAct.Restore, Remove, moment: KillMoment.Published),
        At("lease taken", KilledAct.Recreate, "^"),
        Done("old one made again, and nobody knows", KilledAct.Recreate, Create),
        Done("new one stopped", KilledAct.Recreate, Stop),
        Done("new one renamed", KilledAct.Recreate, "/rename.name={name}.failed-"),
        Done("the one made again renamed", KilledAct.Recreate, "/rename.name={name} "),
        Done("started", KilledAct.Recreate, Start),
        At("healthy", KilledAct.Recreate, Remove),
        Done("new one removed", KilledAct.Recreate, Remove),
    ];

    /// <summary>The points that the embedded shape has too: there a message is never outside of the process.</summary>
    public static KillPoint[] Embedded { get; } = [.. Deploy.Concat(Finalize).Concat(Rollback).Where(x => x.Moment == KillMoment.Call)];

    /// <summary>Names that a theory can show.</summary>
    public string Title => $"{Act}: {Name}";

    public static TheoryData<string> Titles(IEnumerable<KillPoint> points) => [.. points.Select(x => x.Title)];

    /// <summary>Whether the call is the one to stand at.</summary>
    public bool Is(string line, IEnumerable<string> before, string old, string name)
    {
        bool Matches(string text, string pattern) =>
            Regex.IsMatch(text, pattern.Replace("{old}", old, StringComparison.Ordinal).Replace("{name}", name, StringComparison.Ordinal));
        return Matches(line, Call) && (After is null || before.Any(x => Matches(x, After)));
    }

    private static KillPoint At(string name, KilledAct act, string call, string? after = null, KillMoment moment = KillMoment.Call) =>
        new(name, act, call, after, Fate.Held, moment);

    private static KillPoint Done(string name, KilledAct act, string call) => new(name, act, call, How: Fate.HeldAfter);
}
