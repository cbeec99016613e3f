using System.Runtime.ExceptionServices;
using DeployHub.Persistence;
using MassTransit;

namespace DeployHub.Worker.DeadLetters;

/// <summary>Nothing is wrong with a message that only met a database that is away: it goes back to its queue, and is tried again for as long as that lasts.</summary>
public sealed class OutageFilter : IFilter<ExceptionReceiveContext>
{
    public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        if (DatabaseOutage.Is(context.Exception))
        {
            ExceptionDispatchInfo.Throw(context.Exception);
        }

        return next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("outage");
}
