using MassTransit;
using MassTransit.Middleware;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Persistence.Sagas;

/// <summary>
/// A MassTransit saga repository over the one schema. A message is one transaction: inbox row, saga row, domain rows and outbox rows
/// commit together, and a message that was taken in before changes nothing.
/// </summary>
public sealed class SagaRepositoryFactory<TSaga>(DeployHubDb db, ISagaConsumeContextFactory<DeployHubDb, TSaga> factory)
    : ISagaRepositoryContextFactory<TSaga>, IQuerySagaRepositoryContextFactory<TSaga>, ILoadSagaRepositoryContextFactory<TSaga>
    where TSaga : class, ISaga, IVersioned
{
    public void Probe(ProbeContext context) => context.Add("persistence", "DeployHub");

    public Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<TSaga, T>> next) where T : class =>
        Once(context, () => next.Send(new SagaMessageContext<TSaga, T>(db, context, factory)));

    public Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<TSaga> query, IPipe<SagaRepositoryQueryContext<TSaga, T>> next)
        where T : class => throw new InvalidOperationException("Sagas are found by their plan's id alone; correlate the event by id.");

    public async Task<T> Execute<T>(Func<QuerySagaRepositoryContext<TSaga>, Task<T>> asyncMethod, CancellationToken cancellationToken = default)
        where T : class => await asyncMethod(new Reading(db, cancellationToken));

    public async Task<T> Execute<T>(Func<LoadSagaRepositoryContext<TSaga>, Task<T>> asyncMethod, CancellationToken cancellationToken = default)
        where T : class => await asyncMethod(new Reading(db, cancellationToken));

    private async Task Once<T>(ConsumeContext<T> context, Func<Task> next) where T : class
    {
        var messageId = context.MessageId
            ?? throw new MessageException(typeof(T), "The message has no message id, so it cannot be told from a repeated one. Set one.");
        await db.InTransaction(
            async () =>
            {
                var isNew = await db.Database.ExecuteSqlAsync(
                    $"""
                    INSERT INTO inbox_messages (message_id, consumer, received_at)
                    VALUES ({messageId}, {typeof(TSaga).Name}, {DateTime.UtcNow}) ON CONFLICT DO NOTHING
                    """,
                    context.CancellationToken);
                if (isNew == 1)
                {
                    await next();
                }
            },
            context.CancellationToken);
    }

    private sealed class Reading(DeployHubDb db, CancellationToken ct)
        : BasePipeContext(ct), QuerySagaRepositoryContext<TSaga>, LoadSagaRepositoryContext<TSaga>
    {
        public async Task<SagaRepositoryQueryContext<TSaga>> Query(ISagaQuery<TSaga> query, CancellationToken cancellationToken = default) =>
            new DefaultSagaRepositoryQueryContext<TSaga>(
                this,
                await db.Set<TSaga>().AsNoTracking().Where(query.FilterExpression).Select(x => x.CorrelationId).ToListAsync(cancellationToken));

        public Task<TSaga> Load(Guid correlationId) =>
            db.Set<TSaga>().AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == correlationId, CancellationToken)!;
    }
}
