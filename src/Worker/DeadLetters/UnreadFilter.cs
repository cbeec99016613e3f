using MassTransit;
using MassTransit.Transports;

namespace DeployHub.Worker.DeadLetters;

/// <summary>Moves what no reader of a queue takes to the dead letters, and says there which queue it was in: the transport alone does not.</summary>
public sealed class UnreadFilter : IFilter<ReceiveContext>
{
    private const string Mark = "unread in ";

    /// <summary>The queue that a moved message was in; null when it was not moved by this.</summary>
    public static string? QueueOf(string? reason) => reason?.StartsWith(Mark, StringComparison.Ordinal) == true ? reason[Mark.Length..] : null;

    public Task Send(ReceiveContext context, IPipe<ReceiveContext> next) =>
        context.GetPayload<IDeadLetterTransport>().Send(context, Mark + context.InputAddress.AbsolutePath.Split('/')[^1]);

    public void Probe(ProbeContext context) => context.CreateFilterScope("unread");
}
