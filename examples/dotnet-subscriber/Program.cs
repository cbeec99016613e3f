using DeployHub.Contracts.Deployments;
using MassTransit;

// Follows the plans of a DeployHub: one line an event, in order, each once.
//   dotnet run -- amqp://user:password@host:5672/ QUEUE [--once]
// QUEUE is this program's own durable queue: what happens while the program is away waits there. --once ends it with the first plan that ends.
var plans = new Plans();
var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
{
    rabbit.Host(new Uri(args[0]));
    rabbit.ReceiveEndpoint(args[1], queue =>
    {
        // One at a time, so that lines come in the order of the queue.
        queue.ConcurrentMessageLimit = 1;
        queue.Handler<DeploymentStarted>(x => plans.Take(x.Message.Plan, "started", $"{x.Message.TotalSteps} steps"));
        queue.Handler<ServiceDeployed>(x => plans.Take(x.Message.Plan, "deployed", Of(x.Message.Step)));
        queue.Handler<ServiceDeployFailed>(x => plans.Take(x.Message.Plan, "failed", $"{Of(x.Message.Step)}: {x.Message.Error.Code}"));
        queue.Handler<ServiceRolledBack>(x => plans.Take(x.Message.Plan, "rolled back", Of(x.Message.Step)));
        queue.Handler<ServiceRollbackFailed>(x => plans.Take(x.Message.Plan, "not rolled back", $"{Of(x.Message.Step)}: {x.Message.Error.Message}"));
        queue.Handler<DeploymentCompleted>(x => plans.Take(x.Message.Plan, "completed", ends: true));
        queue.Handler<DeploymentFailed>(x => plans.Take(x.Message.Plan, "failed", x.Message.Error.Message, ends: true));
        queue.Handler<DeploymentRolledBack>(x => plans.Take(x.Message.Plan, "rolled back", x.Message.Error?.Message, ends: true));
        queue.Handler<DeploymentPartiallyRolledBack>(x => plans.Take(x.Message.Plan, "rolled back in part", x.Message.Error?.Message, ends: true));
        queue.Handler<DeploymentCancelled>(x => plans.Take(x.Message.Plan, "cancelled", $"by {x.Message.CancelledBy}", ends: true));
        queue.Handler<DeploymentSuperseded>(x => plans.Take(x.Message.Plan, "superseded", $"by {x.Message.SupersededBy}", ends: true));
    });
});

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};
await bus.StartAsync(stop.Token);
try
{
    await (args.Contains("--once") ? plans.FirstEnd : Task.Delay(Timeout.Infinite, stop.Token)).WaitAsync(stop.Token);
}
catch (OperationCanceledException)
{
    // Ctrl-C: what was not acknowledged waits in the queue.
}

await bus.StopAsync();

static string Of(StepEventFacts step) => $"{step.ServiceName} on {step.ServerName}";

/// <summary>Puts the events of each plan in order, and drops those that come again: delivery is at least once, and order is not kept on the way.</summary>
internal sealed class Plans
{
    private readonly Dictionary<Guid, int> _last = [];
    private readonly Dictionary<(Guid Plan, int Sequence), (string Line, bool Ends)> _early = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task FirstEnd => _ended.Task;

    public Task Take(PlanEventFacts plan, string what, string? detail = null, bool ends = false)
    {
        // A program that came to the plan late begins with what it sees first.
        var last = _last.TryGetValue(plan.PlanId, out var known) ? known : plan.Sequence - 1;
        if (plan.Sequence > last)
        {
            _early[(plan.PlanId, plan.Sequence)] = ($"{plan.PlanId} #{plan.Sequence} {plan.ImageName}:{plan.ImageTag} {what}{(detail is null ? "" : $": {detail}")}", ends);
        }

        while (_early.Remove((plan.PlanId, last + 1), out var next))
        {
            last++;
            Console.WriteLine(next.Line);
            if (next.Ends)
            {
                _ended.TrySetResult();
            }
        }

        _last[plan.PlanId] = last;
        return Task.CompletedTask;
    }
}
