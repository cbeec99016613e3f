using System.Threading.Channels;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DeployHub.Persistence.Messaging;

/// <summary>
/// Sends what was committed. A commit of this process wakes it and hands it the rows; rows of processes that died, rows that failed and
/// rows whose time has come are taken from the table under a lease. At least once: the receiver's inbox drops the second one.
/// </summary>
public sealed partial class OutboxRelay(
    IServiceScopeFactory scopes, OutboxSender sender, IBusControl control, OutboxHandover handover, OutboxTransport transport, ILogger<OutboxRelay> log)
    : BackgroundService
{
    private const int SendsAtOnce = 32;
    private const int MostAttempts = 20;
    private const int BatchSize = 200;

    // Only rows of a process that died are found by it; every other row is announced.
    private static readonly TimeSpan Backstop = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SendDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FlushDeadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan NoReaderPause = TimeSpan.FromSeconds(3);

    // It may have arrived all the same, and each further try may be one more copy of it: not too often.
    private static readonly TimeSpan NotConfirmedPause = TimeSpan.FromSeconds(5);

    // In the embedded shape all that was due earlier was written by a process that is dead.
    private readonly DateTime _ownBegin = DateTime.UtcNow + OutboxWriting.OwnLease;

    // Nothing waits for a row to go, and a commit for each would stand in the way of those that are waited for.
    private static readonly TimeSpan RemovalsGathered = TimeSpan.FromMilliseconds(100);

    private readonly Channel<long> _sent = Channel.CreateBounded<long>(BatchSize * 20);
    private readonly Wake _wake = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(SendCommitted(stoppingToken), SendDue(stoppingToken), RemoveSent(stoppingToken));
    }

    private Task SendCommitted(CancellationToken ct) => UntilStopped(
        () => Parallel.ForEachAsync(
            handover.Committed.ReadAllAsync(ct),
            new ParallelOptions { MaxDegreeOfParallelism = SendsAtOnce, CancellationToken = ct },
            async (row, token) =>
            {
                if (row.Token is null)
                {
                    await Send(row, token);
                }
                else
                {
                    _wake.At(row.DueAt);
                }
            }),
        ct);

    private async Task SendDue(CancellationToken ct)
    {
        await UntilStopped(
            async () =>
            {
                await control.WaitForHealthStatus(BusHealthStatus.Healthy, ct);
                var rows = await TakeDue(ct);
                await Parallel.ForEachAsync(
                    rows, new ParallelOptions { MaxDegreeOfParallelism = SendsAtOnce, CancellationToken = ct }, async (row, token) => await Send(row, token));
                if (rows.Count < BatchSize)
                {
                    await _wake.Wait(Backstop, ct);
                }
            },
            ct);
    }

    private async Task Send(OutboxMessage row, CancellationToken ct)
    {
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
            deadline.CancelAfter(SendDeadline);
            await sender.Send(row, deadline.Token).WaitAsync(SendDeadline, ct);
            await _sent.Writer.WriteAsync(row.Id, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is TimeoutException or OperationCanceledException && control.CheckHealth().Status == BusHealthStatus.Healthy)
        {
            // That says nothing against the message, so it is not counted against it.
            await PutBack(row, OutboxMessage.NotConfirmed, row.Attempts, NotConfirmedPause, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && row.ReplyTo is not null && transport.CameBack(e))
        {
            NobodyWaits(row.ReplyTo, row.MessageId);
            await _sent.Writer.WriteAsync(row.Id, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            await PutBack(row, e, ct);
        }
    }

    // The rows are leased, not locked: nothing is sent inside a transaction.
    private async Task<List<OutboxMessage>> TakeDue(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        var rows = new List<OutboxMessage>();
        await db.InTransaction(
            async () =>
            {
                if (db.Database.IsNpgsql())
                {
                    rows = await db.Outbox.FromSql(
                        $"SELECT * FROM outbox_messages WHERE due_at <= now() ORDER BY due_at LIMIT {BatchSize} FOR UPDATE SKIP LOCKED")
                        .AsNoTracking().ToListAsync(ct);
                }
                else
                {
                    // One process: nobody else will send what another one wrote.
                    rows = await db.Outbox.AsNoTracking()
                        .Where(x => x.DueAt <= DateTime.UtcNow || (x.DueAt < _ownBegin && x.Token == null && x.Attempts == 0)).OrderBy(x => x.DueAt).Take(BatchSize).ToListAsync(ct);
                }

                var ids = rows.ConvertAll(x => x.Id);
                if (ids.Count > 0)
                {
                    await db.Outbox.Where(x => ids.Contains(x.Id)).ExecuteUpdateAsync(
                        set => set.SetProperty(x => x.DueAt, x => DateTime.UtcNow.AddSeconds(OutboxWriting.OwnLease.TotalSeconds)), ct);
                }
            },
            ct);
        if (rows.Count < BatchSize && await db.Outbox.MinAsync(x => (DateTime?)x.DueAt, ct) is { } next)
        {
            _wake.At(next);
        }

        return rows;
    }

    private Task PutBack(OutboxMessage row, Exception problem, CancellationToken ct)
    {
        // Only what is wrong with the message itself counts; a broker that is away or a reader that has yet to start is waited for.
        var (cameBack, brokerWell) = (transport.CameBack(problem), control.CheckHealth().Status == BusHealthStatus.Healthy);
        var attempts = row.Attempts + (brokerWell && !cameBack ? 1 : 0);
        var pause = cameBack ? NoReaderPause : brokerWell ? TimeSpan.FromSeconds(Math.Min(60, Math.Pow(2, Math.Min(attempts, 6)))) : TimeSpan.FromSeconds(1);
        return PutBack(row, problem.Message, attempts, pause, ct);
    }

    private async Task PutBack(OutboxMessage row, string reason, int attempts, TimeSpan pause, CancellationToken ct)
    {
        var givenUp = attempts >= MostAttempts;
        NotSent(row.MessageType, row.MessageId, !givenUp ? "will be tried again" : row.ReplyTo is null ? "given up, kept as a dead letter" : "given up", reason);
        await UntilStopped(
            async () =>
            {
                await using var scope = scopes.CreateAsyncScope();
                var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
                await db.InTransaction(
                    () => givenUp
                        ? GiveUp(db, row, reason, ct)
                        : db.Outbox.Where(x => x.Id == row.Id).ExecuteUpdateAsync(
                            set => set
                                .SetProperty(x => x.Attempts, attempts)
                                .SetProperty(x => x.LastError, reason)
                                .SetProperty(x => x.DueAt, x => DateTime.UtcNow.AddSeconds(pause.TotalSeconds)),
                            ct),
                    ct);
            },
            ct,
            once: true);
        _wake.At(DateTime.UtcNow + pause);
    }

    private static async Task GiveUp(DeployHubDb db, OutboxMessage row, string reason, CancellationToken ct)
    {
        // Once, also when this is repeated because the answer to its commit was lost. A reply is of use to nobody but its caller.
        if (await db.Outbox.Where(x => x.Id == row.Id).ExecuteDeleteAsync(ct) == 1 && row.ReplyTo is null)
        {
            db.DeadLetters.Add(new DeadLetter
            {
                Id = Guid.CreateVersion7(), Queue = row.Queue, MessageId = row.MessageId, CorrelationId = row.CorrelationId, MessageType = row.MessageType, Body = row.Body,
                Reason = $"It could not be sent in {MostAttempts} tries: {reason}", FailedAt = DateTime.UtcNow,
            });
        }
    }

    private async Task RemoveSent(CancellationToken ct)
    {
        var ids = new List<long>(BatchSize);
        using var lastChance = new CancellationTokenSource();
        await using var atTheEnd = ct.Register(() => lastChance.CancelAfter(FlushDeadline));
        await UntilStopped(
            async () =>
            {
                if (ids.Count == 0)
                {
                    await _sent.Reader.WaitToReadAsync(ct);
                    await Task.Delay(RemovalsGathered, ct);
                }

                await RemoveGathered(ids, lastChance.Token);
            },
            ct);

        // What was sent just before the stop would go out a second time at the next start.
        await UntilStopped(() => RemoveGathered(ids, lastChance.Token), lastChance.Token, once: true);
    }

    private async Task RemoveGathered(List<long> ids, CancellationToken ct)
    {
        while (ids.Count < BatchSize && _sent.Reader.TryRead(out var id))
        {
            ids.Add(id);
        }

        if (ids.Count == 0)
        {
            return;
        }

        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        await db.InOneStatement(() => db.Outbox.Where(x => ids.Contains(x.Id)).ExecuteDeleteAsync(ct), ct);
        ids.Clear();
    }

    // The database or the broker may be away for a while: say so, pause, go on. Ends with the host, or after one success when asked.
    private async Task UntilStopped(Func<Task> work, CancellationToken ct, bool once = false)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await work();
                if (once)
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Stumbled(e);
                await Task.Delay(TimeSpan.FromSeconds(1), ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {Type} {MessageId} was not sent ({Fate}): {Reason}")]
    private partial void NotSent(string type, Guid messageId, string fate, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The queue {Queue} of a caller is gone, so reply {MessageId} is dropped; the caller can send its command again and is answered anew.")]
    private partial void NobodyWaits(string queue, Guid messageId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The outbox stumbled and goes on in a second.")]
    private partial void Stumbled(Exception problem);
}
