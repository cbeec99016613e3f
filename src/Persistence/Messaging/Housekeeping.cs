using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Persistence.Messaging;

/// <summary>Forgets what nobody can ask for any more: inbox rows after a week, idempotency keys after a day, what was told in streams after a week, dead letters after 30 days or beyond the last 100,000, entries of the audit log after a year or what the settings say.</summary>
public sealed class Housekeeping(DeployHubDb db, PersistenceOptions options)
{
    /// <summary>How many dead letters are kept at most, the newest.</summary>
    public const int MostDeadLetters = 100_000;

    private const int BatchSize = 1000;
    private static readonly TimeSpan InboxKept = TimeSpan.FromDays(7);
    private static readonly TimeSpan KeysKept = TimeSpan.FromHours(24);
    private static readonly TimeSpan ToldKept = TimeSpan.FromDays(7);
    private static readonly TimeSpan DeadLettersKept = TimeSpan.FromDays(30);

    public async Task Forget(CancellationToken ct)
    {
        var now = DateTime.UtcNow;
        await InBatches(db.Inbox, x => x.ReceivedAt, now - InboxKept, ct);
        await InBatches(db.IdempotencyKeys, x => x.CreatedAt, now - KeysKept, ct);
        await InBatches(db.StreamEntries, x => x.At, now - ToldKept, ct);
        await InBatches(db.AuditEntries, x => x.At, now - options.AuditKept, ct);
        var tooMany = await db.DeadLetters.OrderByDescending(x => x.FailedAt).Skip(MostDeadLetters).Select(x => (DateTime?)x.FailedAt).FirstOrDefaultAsync(ct);
        await InBatches(db.DeadLetters, x => x.FailedAt, tooMany > now - DeadLettersKept ? tooMany.Value.AddTicks(1) : now - DeadLettersKept, ct);
    }

    // In small batches, so that no statement holds the rows that others want for long: the oldest thousand's times first, by their index.
    private async Task InBatches<T>(DbSet<T> rows, Expression<Func<T, DateTime>> at, DateTime end, CancellationToken ct) where T : class
    {
        var row = at.Parameters[0];
        IQueryable<T> Until(DateTime time, bool included) => rows.Where(Expression.Lambda<Func<T, bool>>(
            included ? Expression.LessThanOrEqual(at.Body, Expression.Constant(time)) : Expression.LessThan(at.Body, Expression.Constant(time)), row));
        while (await Until(end, included: false).OrderBy(at).Select(at).Take(BatchSize).ToListAsync(ct) is { Count: > 0 } old)
        {
            await db.InTransaction(() => Until(old[^1], included: true).ExecuteDeleteAsync(ct), ct);
        }
    }
}
