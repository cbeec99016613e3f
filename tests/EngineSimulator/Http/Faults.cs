using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace DeployHub.EngineSimulator.Http;

/// <summary>What the engines are slow or wrong at, as the control port set it last. The same for all engines of the process.</summary>
internal sealed class Faults
{
    private readonly Lock _gate = new();
    private FaultPlan _plan = new(0, []);

    public void Set(FaultPlan plan)
    {
        lock (_gate)
        {
            _plan = plan;
        }
    }

    /// <summary>Waits out the latency and meets the first fault that is left for the call. Null: answer it. False: end the connection and do nothing. True: do it, then end the connection.</summary>
    public async Task<bool?> Meet(Call call, HttpContext context)
    {
        if (_plan.LatencyMs > 0)
        {
            await Task.Delay(_plan.LatencyMs, context.RequestAborted);
        }

        switch (Take(call.Line))
        {
            case null:
                return null;
            case { Kind: FaultKind.Refuse } refuse:
                throw new Refusal(refuse.Status, refuse.Message);
            case { Kind: FaultKind.Hang }:
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                return false;
            case { Kind: FaultKind.Slow } slow:
                await Task.Delay(slow.DelayMs, context.RequestAborted);
                return null;
            case { Kind: FaultKind.Drop }:
                return false;
            default:
                // What the engine answers is never seen.
                context.Response.Body = Stream.Null;
                return true;
        }
    }

    private Fault? Take(string line)
    {
        lock (_gate)
        {
            var fault = _plan.Faults.FirstOrDefault(fault => fault.Times > 0 && Regex.IsMatch(line, fault.Call, RegexOptions.NonBacktracking));
            if (fault is not null)
            {
                fault.Times--;
            }

            return fault;
        }
    }
}

/// <summary>The body of <c>PUT /faults</c>.</summary>
/// <param name="LatencyMs">Before each call.</param>
/// <param name="Faults">The first one that fits a call is met.</param>
internal sealed record FaultPlan(int LatencyMs, Fault[] Faults);

/// <summary>One fault.</summary>
/// <param name="Call">A regular expression over method and path, as in <c>^POST /containers/.*/start$</c>.</param>
/// <param name="Kind">What happens.</param>
internal sealed record Fault(string Call, FaultKind Kind)
{
    /// <summary>How many calls meet it.</summary>
    public int Times { get; set; } = 1;

    /// <summary>With <see cref="FaultKind.Refuse"/>.</summary>
    public int Status { get; init; } = 500;

    /// <summary>With <see cref="FaultKind.Refuse"/>.</summary>
    public string Message { get; init; } = "simulated";

    /// <summary>With <see cref="FaultKind.Slow"/>.</summary>
    public int DelayMs { get; init; }
}

internal enum FaultKind
{
    /// <summary>Answers with a status and a message.</summary>
    Refuse,

    /// <summary>Never answers.</summary>
    Hang,

    /// <summary>Answers late.</summary>
    Slow,

    /// <summary>Ends the connection and does nothing.</summary>
    Drop,

    /// <summary>Does it, and ends the connection without an answer.</summary>
    Lose,
}
