using DeployHub.Contracts.Channels;
using DeployHub.Intake;
using DeployHub.Intake.Commands;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using MassTransit;

namespace DeployHub.Worker.Commands;

/// <summary>
/// The queue's front door: takes the commands of other programs and hands them to the Intake. It reads bytes, not messages: nothing that
/// arrives here can fail for what it holds, and what is refused stands in nobody's way.
/// </summary>
public sealed partial class CommandDoor(IServiceScopeFactory scopes, ILogger<CommandDoor> log) : IFilter<ReceiveContext>
{
    private const int CommandsAtOnce = 16;
    private const string TraceHeader = "traceparent";
    private const string MassTransitTraceHeader = "MT-Activity-Id";
    private const string UserHeader = "user_id";

    // While the database is away the commands wait in their queue.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Has the bus bring it what there is, one queue for each command, fed by one exchange.</summary>
    public static void Receive(IBusRegistrationContext context, IReceiveConfigurator receive)
    {
        foreach (var channel in CommandChannels.All)
        {
            receive.ReceiveEndpoint(channel.Queue, endpoint =>
            {
                endpoint.ConfigureConsumeTopology = false;
                endpoint.PrefetchCount = CommandsAtOnce;
                endpoint.ConcurrentMessageLimit = CommandsAtOnce;
                if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
                {
                    // By topic: which commands a user may send can be narrowed down on the broker.
                    rabbit.Bind(CommandChannels.Exchange, binding => (binding.ExchangeType, binding.RoutingKey) = ("topic", channel.Word));
                }

                // What could not be looked at goes back to the queue that it was taken from.
                endpoint.RethrowFaultedMessages();
                endpoint.ConfigureReceive(pipe => pipe.UseFilter(context.GetRequiredService<CommandDoor>()));
            });
        }
    }

    public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        var sent = Read(context);
        try
        {
            var refusal = await Take(sent, context.CancellationToken);
            if (refusal is null)
            {
                Accepted(sent.Channel.Word, sent.MessageId, sent.BrokerUser);
            }
            else
            {
                Refused(sent.Channel.Word, sent.MessageId, sent.BrokerUser, refusal.Code, refusal.Message);
            }
        }
        catch (Exception e) when (!context.CancellationToken.IsCancellationRequested)
        {
            NotTaken(e, sent.Channel.Word, sent.MessageId);
            await Task.Delay(Pause, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("commands");

    private async Task<Refusal?> Take(SentCommand sent, CancellationToken ct)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            return await scope.ServiceProvider.GetRequiredService<CommandIntake>().Take(sent, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && !DatabaseOutage.Is(e))
        {
            // A fault of ours: the next try would most likely meet it again, and what is behind would wait.
            Failed(e, sent.Channel.Word, sent.MessageId);
            await using var scope = scopes.CreateAsyncScope();
            return await scope.ServiceProvider.GetRequiredService<CommandIntake>().GiveUp(sent, ct);
        }
    }

    private static SentCommand Read(ReceiveContext context)
    {
        var channel = CommandChannels.OfQueue(context.InputAddress.AbsolutePath.Split('/')[^1]);
        var (headers, bytes) = (context.TransportHeaders, context.Body.GetBytes());
        var trace = headers.Get<string>(TraceHeader) ?? headers.Get<string>(MassTransitTraceHeader);

        // In memory only the process itself can send, and says in a header for whom.
        return context.TryGetPayload(out RabbitMqBasicConsumeContext? rabbit)
            ? new SentCommand(
                channel, bytes, Given(rabbit.Properties.UserId), Given(rabbit.Properties.MessageId), Given(rabbit.Properties.CorrelationId),
                Given(rabbit.Properties.ReplyTo), trace)
            : new SentCommand(
                channel, bytes, headers.Get<string>(UserHeader), context.GetMessageId()?.ToString(), context.GetCorrelationId()?.ToString(), null, trace);
    }

    private static string? Given(string? property) => property is { Length: > 0 } ? DeadLetter.Keepable(property) : null;

    [LoggerMessage(Level = LogLevel.Information, Message = "Command {Command} ({MessageId}) of the broker's user {User} is accepted")]
    private partial void Accepted(string command, string? messageId, string? user);

    [LoggerMessage(Level = LogLevel.Information, Message = "Command {Command} ({MessageId}) of the broker's user {User} is refused, kept as a dead letter: {Code}: {Reason}")]
    private partial void Refused(string command, string? messageId, string? user, string code, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Command {Command} ({MessageId}) failed in DeployHub; it is refused")]
    private partial void Failed(Exception problem, string command, string? messageId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Command {Command} ({MessageId}) could not be looked at yet; it stays in its queue.")]
    private partial void NotTaken(Exception problem, string command, string? messageId);
}
