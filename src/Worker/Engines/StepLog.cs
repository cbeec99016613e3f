using DeployHub.Persistence;
using DeployHub.Persistence.Streams;

namespace DeployHub.Worker.Engines;

/// <summary>Tells lines in the stream of a step's plan. They are committed by themselves, beside what the step does.</summary>
public sealed partial class StepLog(IServiceScopeFactory scopes, ILogger<StepLog> log)
{
    /// <summary>What cannot be told is let go: the step counts.</summary>
    /// <param name="facts">The step.</param>
    /// <param name="source"><c>pull</c>, <c>container</c>.</param>
    /// <param name="lines">What there is to say.</param>
    /// <param name="ct">Ends the telling.</param>
    public async Task Tell(StepFacts facts, string source, IReadOnlyList<string> lines, CancellationToken ct)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
            await db.InTransaction(
                () =>
                {
                    db.Tell(facts.Plan.Id, StreamKinds.Log, new StepLines(facts.Step.Id, source, lines));
                    return Task.CompletedTask;
                },
                ct);
        }
        catch (Exception e)
        {
            NotTold(source, facts.Step.Id, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Lines of the {Source} of step {StepId} were not told: {Reason}")]
    private partial void NotTold(string source, Guid stepId, string reason);
}

/// <summary>A <c>log</c> entry.</summary>
/// <param name="StepId">The step.</param>
/// <param name="Source"><c>pull</c>, <c>container</c>.</param>
/// <param name="Lines">What there is to say.</param>
internal sealed record StepLines(Guid StepId, string Source, IReadOnlyList<string> Lines);
