using System.ComponentModel;
using DeployHub.Intake.DeadLetters;
using DeployHub.Persistence.Messaging;

namespace DeployHub.Api.DeadLetters;

internal sealed record DeadLetterList(List<DeadLetterView> DeadLetters, string? NextCursor);

internal sealed record DeadLetterAnswer(DeadLetterView DeadLetter, [property: Description("The message as JSON; what came, as text, where it was none of DeployHub's. Null when it was longer than a million characters.")] string? Body);

internal sealed record ResentAnswer(ResentLetter DeadLetter);

internal sealed record DeadLetterView(
    Guid Id,
    [property: Description("The queue that it was in, or on its way to; null for an event.")] string? Queue,
    Guid? MessageId,
    [property: Description("The plan or batch that it belongs to, where it has one.")] Guid? CorrelationId,
    [property: Description("The type of the contracts; null when it was no message of DeployHub's.")] string? MessageType,
    [property: Description("Why it could not be handled.")] string Reason,
    DateTime FailedAt)
{
    public static DeadLetterView Of(DeadLetter x) => new(x.Id, x.Queue, x.MessageId, x.CorrelationId, x.MessageType, x.Reason, x.FailedAt);
}
