using System.Text;
using DeployHub.Contracts.Channels;
using MassTransit;

namespace DeployHub.Persistence.Messaging;

/// <summary>Brings one message of the outbox to the broker, in the form of its kind: a command, an event, or a reply.</summary>
public sealed class OutboxSender(IBus bus, OutboxTransport transport)
{
    /// <summary>Ends once the broker has confirmed all of it; an event that fails half-way is sent whole again.</summary>
    public Task Send(OutboxMessage row, CancellationToken ct)
    {
        var message = row.Message ?? row.Read();
        return row switch
        {
            { ReplyTo: { } queue } => Reply(row, queue, message, ct),
            { Queue: { } queue } => Command(row, queue, message, ct),
            _ => Tell(row, message, ct),
        };
    }

    private async Task Command(OutboxMessage row, string queue, object message, CancellationToken ct)
    {
        var endpoint = await bus.GetSendEndpoint(new Uri($"{transport.Scheme}:{queue}")).WaitAsync(ct);
        await endpoint.Send(message, message.GetType(), Pipe.Execute<SendContext>(context => Mark(context, row)), ct);
    }

    // To those who use MassTransit on an exchange of its own, and to everybody else as a CloudEvent.
    private Task Tell(OutboxMessage row, object message, CancellationToken ct)
    {
        var told = bus.Publish(message, message.GetType(), Pipe.Execute<PublishContext>(context => Mark(context, row)), ct);
        if (!transport.HasEventExchange || EventChannels.Find(message.GetType()) is not { } channel)
        {
            return told;
        }

        var cloudEvent = CloudEvent.Of(channel, row, message);
        return Task.WhenAll(told, bus.Publish(cloudEvent, Pipe.Execute<PublishContext<CloudEvent>>(context =>
        {
            Mark(context, row);
            context.SetRoutingKey(cloudEvent.RoutingKey);
            context.Serializer = new WrittenJson(cloudEvent.Body, CloudEvent.ContentType);
        }), ct));
    }

    private async Task Reply(OutboxMessage row, string queue, object message, CancellationToken ct)
    {
        var endpoint = await bus.GetSendEndpoint(transport.ReplyAddress(queue)).WaitAsync(ct);
        await endpoint.Send(message, message.GetType(), Pipe.Execute<SendContext>(context =>
        {
            Mark(context, row);
            context.RequestId = row.ReplyRequestId;

            // The caller's own, in whatever form it has it.
            context.CorrelationId = null;
            if (row.ReplyRequestId is null)
            {
                context.Serializer = new WrittenJson(Encoding.UTF8.GetBytes(row.Body), WrittenJson.Json);
            }

            transport.MarkReply(context, new ReplyMarks(queue, row.ReplyCorrelation, EventChannels.Find(message.GetType())!.CloudEventType));
        }), ct);
    }

    private static void Mark(SendContext context, OutboxMessage row)
    {
        context.MessageId = row.MessageId;
        context.CorrelationId = row.CorrelationId;
        context.ConversationId = row.CorrelationId;
        if (row.TraceParent is { } trace)
        {
            context.Headers.Set("traceparent", trace);
        }
    }
}
