using System.Text.Json;
using System.Text.Json.Nodes;
using DeployHub.Contracts.Wire;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using MassTransit;

namespace DeployHub.Worker.DeadLetters;

/// <summary>
/// Takes what no reader could handle from the one queue that it is moved to into the database, where it can be seen and sent again. It
/// reads bytes, not messages: nothing that arrives here can fail for what it holds.
/// </summary>
public sealed partial class DeadLetterCollector(IServiceScopeFactory scopes, ILogger<DeadLetterCollector> log) : IFilter<ReceiveContext>
{
    private const int LettersAtOnce = 8;

    private static readonly HashSet<string> Types = [.. typeof(WireWords).Assembly.GetExportedTypes().Select(x => x.FullName!)];

    // While the database is away the letters wait in their queue.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Has the bus bring it what there is.</summary>
    public static void Receive(IBusRegistrationContext context, IReceiveConfigurator receive) => receive.ReceiveEndpoint(Queues.DeadLetters, endpoint =>
    {
        endpoint.ConfigureConsumeTopology = false;
        endpoint.PrefetchCount = LettersAtOnce;
        endpoint.ConcurrentMessageLimit = LettersAtOnce;

        // What could not be recorded goes back to the queue that it was taken from.
        endpoint.RethrowFaultedMessages();
        endpoint.ConfigureReceive(pipe => pipe.UseFilter(context.GetRequiredService<DeadLetterCollector>()));
    });

    public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        var letter = Read(context);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
            await db.InTransaction(
                async () =>
                {
                    db.DeadLetters.Add(letter);
                    await db.SaveChangesAsync(context.CancellationToken);
                },
                context.CancellationToken);
        }
        catch (Exception e) when (!context.CancellationToken.IsCancellationRequested)
        {
            NotKept(e, letter.Queue, letter.MessageId);
            await Task.Delay(Pause, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        Kept(letter.MessageType ?? "A message that is none of DeployHub's", letter.MessageId, letter.Queue, letter.Id, letter.Reason);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("dead-letters");

    private static DeadLetter Read(ReceiveContext context)
    {
        var text = DeadLetter.TextOf(context.Body.GetBytes());
        var (type, message, correlationId) = Unwrap(text);
        var body = message ?? text;
        return new DeadLetter
        {
            Id = Guid.CreateVersion7(),
            Queue = QueueOf(context),
            MessageId = context.GetMessageId(),
            CorrelationId = context.GetCorrelationId() ?? correlationId,
            MessageType = body.Length > DeadLetter.LongestBody ? null : type,
            Body = body.Length > DeadLetter.LongestBody ? null : body,
            Reason = DeadLetter.Shortened(DeadLetter.Keepable(Reason(context)), DeadLetter.LongestReason),
            FailedAt = DateTime.UtcNow,
        };
    }

    // Our own messages come in MassTransit's envelope; what does not is kept as it came. A name that stands there twice is an argument exception.
    private static (string? Type, string? Message, Guid? CorrelationId) Unwrap(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is not JsonObject envelope || envelope["messageType"] is not JsonArray types || envelope["message"] is not JsonObject message)
            {
                return default;
            }

            var type = types.Select(urn => (string?)urn).Select(TypeOf).FirstOrDefault(x => x is not null);
            return type is null ? default : (type, message.ToJsonString(), Guid.TryParse((string?)envelope["correlationId"], out var id) ? id : null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return default;
        }
    }

    // urn:message:Namespace:Type
    private static string? TypeOf(string? urn) =>
        urn?.Split(':') is ["urn", "message", var space, var name] && Types.TryGetValue($"{space}.{name}", out var type) ? type : null;

    private static string? QueueOf(ReceiveContext context) =>
        Uri.TryCreate(context.TransportHeaders.Get<string>(MessageHeaders.FaultInputAddress), UriKind.Absolute, out var address)
            ? address.AbsolutePath.Split('/')[^1]
            : UnreadFilter.QueueOf(context.TransportHeaders.Get<string>(MessageHeaders.Reason));

    private static string Reason(ReceiveContext context)
    {
        var headers = context.TransportHeaders;
        return headers.Get<string>(MessageHeaders.FaultMessage) is { } message
            ? $"{headers.Get<string>(MessageHeaders.FaultExceptionType)?.Split('.')[^1]}: {message}"
            : "No reader of the queue takes such a message.";
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Type} ({MessageId}) of queue {Queue} could not be handled. It is kept as dead letter {Id} and can be sent again (/api/dead-letters): {Reason}")]
    private partial void Kept(string type, Guid? messageId, string? queue, Guid id, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A dead letter of queue {Queue} ({MessageId}) could not be recorded yet; it stays in its queue.")]
    private partial void NotKept(Exception problem, string? queue, Guid? messageId);
}
