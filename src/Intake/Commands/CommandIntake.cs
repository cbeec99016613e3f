using System.Diagnostics;
using DeployHub.Contracts.Errors;
using DeployHub.Intake.Access;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Commands;

/// <summary>
/// Takes in what other programs put on the queues. It goes the way of a REST request: who sends it, what that account may, what the body says,
/// and then the very same acceptance. The answer is an event, and a reply where one is waited for; both are committed with what was changed.
/// </summary>
public sealed class CommandIntake(DeployHubDb db, AccessCheck access, RefusedTries tries, CommandActs acts)
{
    private const string TriggerType = "queue";

    private static readonly Refusal NoUser = new(
        401, ErrorCodes.Unauthorized, "The message does not say which user of the broker sent it.", "user_id",
        "Set the property «user_id» to the user that the connection was opened with.");

    /// <summary>Accepts or refuses it; the refusal, if it is one, is committed like the acceptance.</summary>
    /// <param name="sent">What was sent.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    /// <returns>Why it was refused, for the log; null when it was accepted.</returns>
    public async Task<Refusal?> Take(SentCommand sent, CancellationToken ct)
    {
        using var trace = BeginTrace(sent.TraceParent);
        var outcome = new CommandOutcome(sent, CommandEnvelope.Open(sent));
        var refusal = await TryTake(sent, outcome, ct);
        if (refusal is not null)
        {
            await Commit(() => outcome.Refuse(db, refusal), ct);
            Note(AccessTable.OfCommand(sent.Channel.Word).Action, outcome, refusal);
        }

        return refusal;
    }

    /// <summary>Refuses what DeployHub itself failed on, so that it does not hold up what is behind it.</summary>
    public async Task<Refusal> GiveUp(SentCommand sent, CancellationToken ct)
    {
        var refusal = new Refusal(500, ErrorCodes.Internal, "Something went wrong in DeployHub.", null, "Its log has the details under the message's id.");
        await Commit(() => new CommandOutcome(sent, CommandEnvelope.Open(sent)).Refuse(db, refusal), ct);
        return refusal;
    }

    private async Task<Refusal?> TryTake(SentCommand sent, CommandOutcome outcome, CancellationToken ct)
    {
        if (sent.BrokerUser is null)
        {
            return NoUser;
        }

        var account = await db.Accounts.AsNoTracking().FirstOrDefaultAsync(x => x.BrokerUser == sent.BrokerUser && x.DisabledAt == null, ct);
        if (account is null)
        {
            return new Refusal(
                401, ErrorCodes.Unauthorized, $"The broker's user «{sent.BrokerUser}» belongs to no account that is in use.", "user_id",
                "An admin sets the account's «brokerUser».");
        }

        var caller = Caller.Of(account, null, RequestIdOf(outcome.MessageId), null, TriggerType) with { Receipt = new Receipt((rows, id) => outcome.Accept(rows, id, replayed: false)) };
        outcome.Caller = caller;
        var row = AccessTable.OfCommand(sent.Channel.Word);
        if (await access.Check(caller, row with { Scope = Scope.InBody }, null, ct) is { } denied)
        {
            return denied.Refusal;
        }

        if (outcome.Envelope.Body.IsRefused(out var refusal, out var given))
        {
            return refusal;
        }

        if ((await acts.Accept(sent.Channel, given.Json, caller, row, outcome, ct)).IsRefused(out refusal, out var accepted))
        {
            return refusal;
        }

        if (!caller.Receipt.IsWritten)
        {
            await Commit(() => outcome.Accept(db, accepted.Id, accepted.Replayed), ct);
        }

        return null;
    }

    // As REST does it, for the audit log.
    private void Note(string action, CommandOutcome outcome, Refusal refusal)
    {
        if (outcome.Caller is { } caller)
        {
            tries.Note(RefusedTry.Of(caller, action, refusal, outcome.Subject, outcome.Place?.EnvironmentId));
        }
        else
        {
            tries.Note(new RefusedTry("(unknown)", null, null, null, action, null, null, refusal.Code, refusal.Message, RequestIdOf(outcome.MessageId), null));
        }
    }

    private Task Commit(Action rows, CancellationToken ct)
    {
        // What a refused try has left in the context is not part of it.
        db.ChangeTracker.Clear();
        return db.InTransaction(
            () =>
            {
                rows();
                return Task.CompletedTask;
            },
            ct);
    }

    private static Activity BeginTrace(string? parent)
    {
        var activity = new Activity("deployhub.command");
        if (ActivityContext.TryParse(parent, null, out _))
        {
            activity.SetParentId(parent!);
        }

        return activity.Start();
    }

    private static string? RequestIdOf(string? messageId) => messageId is { Length: <= 64 } ? messageId : null;
}
