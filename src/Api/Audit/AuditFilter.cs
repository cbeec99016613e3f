using System.Globalization;
using DeployHub.Api.OpenApi;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Tokens;
using DeployHub.Intake;

namespace DeployHub.Api.Audit;

/// <summary>Which entries of the audit log are asked for: all that is given must be true of them.</summary>
internal sealed record AuditFilter(string? Actor, string? Action, AuditResult? Result, Guid? EnvironmentId, Guid? TargetId, DateTime? From, DateTime? To)
{
    private const string TimeRule = "must be a time, as in 2026-01-31T10:00:00Z.";
    private static readonly string[] Times = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd"];

    /// <summary>For a list that is one environment's already.</summary>
    public static readonly object[] ParametersOfEnvironment =
    [
        new DescribedParameter("actor", InHeader: false, "The name of a token, or of an account that needs none."),
        new DescribedParameter("action", InHeader: false, "As in service.update."),
        new DescribedParameter("result", InHeader: false, "done or refused."),
        new DescribedParameter("target", InHeader: false, "The id of what it was about."),
        new DescribedParameter("from", InHeader: false, "Not before this time."),
        new DescribedParameter("to", InHeader: false, "Before this time."),
    ];

    public static readonly object[] Parameters =
        [.. ParametersOfEnvironment, new DescribedParameter("environment", InHeader: false, "The id of the environment that it lies in.")];

    public static Result<AuditFilter> Read(HttpContext http, Guid? environmentId)
    {
        var query = http.Request.Query;
        string? Text(string name) => query[name].ToString() is { Length: > 0 } text ? text : null;
        if (Text("result") is { } word && WireWords.Find<AuditResult>(word) is null)
        {
            return Refusal.Invalid("result", "must be «done» or «refused».");
        }

        foreach (var name in new[] { "environment", "target" })
        {
            if (Text(name) is { } id && !Guid.TryParse(id, out _))
            {
                return Refusal.Invalid(name, "must be an id (a UUID).");
            }
        }

        foreach (var name in new[] { "from", "to" })
        {
            if (Text(name) is { } time && TimeOf(time) is null)
            {
                return Refusal.Invalid(name, TimeRule);
            }
        }

        return new AuditFilter(
            Text("actor"), Text("action"), Text("result") is { } result ? WireWords.Find<AuditResult>(result) : null, environmentId ?? IdOf(Text("environment")),
            IdOf(Text("target")), TimeOf(Text("from")), TimeOf(Text("to")));
    }

    public IQueryable<AuditEntry> Apply(IQueryable<AuditEntry> entries)
    {
        entries = Actor is null ? entries : entries.Where(x => x.Actor == Actor);
        entries = Action is null ? entries : entries.Where(x => x.Action == Action);
        entries = Result is null ? entries : entries.Where(x => x.Result == Result);
        entries = EnvironmentId is null ? entries : entries.Where(x => x.EnvironmentId == EnvironmentId);
        entries = TargetId is null ? entries : entries.Where(x => x.TargetId == TargetId);
        entries = From is null ? entries : entries.Where(x => x.At >= From);
        return To is null ? entries : entries.Where(x => x.At < To);
    }

    private static Guid? IdOf(string? text) => Guid.TryParse(text, out var id) ? id : null;

    private static DateTime? TimeOf(string? text) => DateTime.TryParseExact(
        text, Times, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
