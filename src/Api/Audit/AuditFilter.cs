using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Domain.Tokens;
using DeployHub.Intake;

namespace DeployHub.Api.Audit;

/// <summary>Which entries of the audit log are asked for: all that is given must be true of them.</summary>
internal sealed record AuditFilter(string? OfActor, string? OfAction, AuditResult? OfResult, Guid? OfEnvironment, Guid? OfTarget, DateTime? NotBefore, DateTime? Before)
{
    private static readonly DescribedParameter Actor = DescribedParameter.Text("actor", "The name of a token, or of an account that needs none.", "ci");
    private static readonly DescribedParameter Action = DescribedParameter.Text("action", "Noun and verb.", "service.update");
    private static readonly DescribedParameter Result = DescribedParameter.Word<AuditResult>("result", "What became of it.");
    private static readonly DescribedParameter Environment = DescribedParameter.Id("environment", "The environment that it lies in.");
    private static readonly DescribedParameter Target = DescribedParameter.Id("target", "What it was about.");
    private static readonly DescribedParameter From = DescribedParameter.Time("from", "Only entries of this time or later.");
    private static readonly DescribedParameter To = DescribedParameter.Time("to", "Only entries before this time.");

    /// <summary>For a list that is one environment's already.</summary>
    public static readonly DescribedParameter[] ParametersOfEnvironment = [Actor, Action, Result, Target, From, To];

    public static readonly DescribedParameter[] Parameters = [.. ParametersOfEnvironment, Environment];

    public static Result<AuditFilter> Read(HttpContext http, Guid? environmentId)
    {
        var filters = new Filters(http);
        var read = new AuditFilter(
            filters.Text(Actor.Name), filters.Text(Action.Name), filters.Word<AuditResult>(Result.Name), environmentId ?? filters.Id(Environment.Name), filters.Id(Target.Name),
            filters.Time(From.Name), filters.Time(To.Name));
        return filters.Refusal is { } refusal ? refusal : read;
    }

    public IQueryable<AuditEntry> Apply(IQueryable<AuditEntry> entries)
    {
        entries = OfActor is null ? entries : entries.Where(x => x.Actor == OfActor);
        entries = OfAction is null ? entries : entries.Where(x => x.Action == OfAction);
        entries = OfResult is null ? entries : entries.Where(x => x.Result == OfResult);
        entries = OfEnvironment is null ? entries : entries.Where(x => x.EnvironmentId == OfEnvironment);
        entries = OfTarget is null ? entries : entries.Where(x => x.TargetId == OfTarget);
        entries = NotBefore is null ? entries : entries.Where(x => x.At >= NotBefore);
        return Before is null ? entries : entries.Where(x => x.At < Before);
    }
}
