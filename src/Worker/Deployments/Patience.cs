using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Worker.Engines;
using Polly;
using Polly.Retry;

namespace DeployHub.Worker.Deployments;

/// <summary>An engine may be away for a while: try again with growing pauses, from what stands there, until the deadline.</summary>
internal static class Patience
{
    /// <summary>Null when it was done, else the error that it ended with.</summary>
    /// <param name="attempt">One try; told whether it is a further one.</param>
    /// <param name="deadline">Until when a fault that may pass is waited out, given when the first one came; asked anew after each try.</param>
    /// <param name="engine">Not tried while the engine is known not to answer.</param>
    /// <param name="server">For the error.</param>
    /// <param name="ct">Ends the waiting too.</param>
    /// <param name="before">Done before each try, also before one that does not come about because the engine is known not to answer; what it throws ends the waiting.</param>
    public static async Task<DeploymentError?> Run(
        Func<bool, Task<DeploymentError?>> attempt, Func<DateTime, DateTime> deadline, EngineCircuit engine, string server, CancellationToken ct, Func<Task>? before = null)
    {
        DateTime? firstFault = null;
        var retry = new ResiliencePipelineBuilder()
            .AddRetry(Pauses(e => EngineFaults.MayPass(e) && DateTime.UtcNow < deadline(firstFault ??= DateTime.UtcNow))).Build();
        var again = false;
        try
        {
            return await retry.ExecuteAsync(
                async _ =>
                {
                    await (before?.Invoke() ?? Task.CompletedTask);
                    await engine.Check(doubt: firstFault is not null, ct);
                    var further = again;
                    again = true;
                    return await attempt(further);
                },
                ct);
        }
        catch (EngineException e)
        {
            return EngineFaults.Explain(e, server);
        }
    }

    /// <summary>Tries again after what passes, with pauses that grow from 0.2 to 5 seconds and differ from each other.</summary>
    public static RetryStrategyOptions Pauses(Func<EngineException, bool> passes) => new()
    {
        ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is EngineException e && passes(e)),
        MaxRetryAttempts = int.MaxValue,
        BackoffType = DelayBackoffType.Exponential,
        Delay = TimeSpan.FromMilliseconds(200),
        MaxDelay = TimeSpan.FromSeconds(5),
        UseJitter = true,
    };
}

/// <summary>What is told when something failed that nobody foresaw.</summary>
internal static class Unforeseen
{
    public static DeploymentError Error(Exception problem) => new(
        DeploymentErrorCodes.Internal,
        $"DeployHub failed at this step for a reason it does not know ({problem.GetType().Name}). Its log has the details under the step's id.");
}
