using MassTransit;
using MassTransit.Context;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Persistence.Sagas;

/// <summary>The saga's row within the transaction of one message, locked on PostgreSQL, versioned everywhere.</summary>
internal sealed class SagaMessageContext<TSaga, TMessage>(
    DeployHubDb db, ConsumeContext<TMessage> context, ISagaConsumeContextFactory<DeployHubDb, TSaga> factory)
    : ConsumeContextScope<TMessage>(context, db), SagaRepositoryContext<TSaga, TMessage>
    where TSaga : class, ISaga, IVersioned
    where TMessage : class
{
    private readonly ConsumeContext<TMessage> _context = context;

    public Task<SagaConsumeContext<TSaga, TMessage>> Add(TSaga instance) =>
        factory.CreateSagaConsumeContext(db, _context, instance, SagaConsumeContextMode.Add);

    public async Task<SagaConsumeContext<TSaga, TMessage>> Insert(TSaga instance)
    {
        db.Add(instance);
        await db.SaveChangesAsync(CancellationToken);
        return await factory.CreateSagaConsumeContext(db, _context, instance, SagaConsumeContextMode.Insert);
    }

    public async Task<SagaConsumeContext<TSaga, TMessage>> Load(Guid correlationId) =>
        await Find(correlationId) is { } saga
            ? await factory.CreateSagaConsumeContext(db, _context, saga, SagaConsumeContextMode.Load)
            : null!;

    // The surrounding transaction saves: one round trip for the saga and all rows that its activities changed.
    public Task Save(SagaConsumeContext<TSaga> context)
    {
        db.Add(context.Saga);
        return Task.CompletedTask;
    }

    public Task Update(SagaConsumeContext<TSaga> context)
    {
        context.Saga.Version++;
        return Task.CompletedTask;
    }

    public Task Delete(SagaConsumeContext<TSaga> context)
    {
        db.Remove(context.Saga);
        return Task.CompletedTask;
    }

    public Task Discard(SagaConsumeContext<TSaga> context) => Task.CompletedTask;

    public Task Undo(SagaConsumeContext<TSaga> context)
    {
        db.Entry(context.Saga).State = EntityState.Detached;
        return Task.CompletedTask;
    }

    public Task<SagaConsumeContext<TSaga, T>> CreateSagaConsumeContext<T>(ConsumeContext<T> consumeContext, TSaga instance, SagaConsumeContextMode mode)
        where T : class => factory.CreateSagaConsumeContext(db, consumeContext, instance, mode);

    private async Task<TSaga?> Find(Guid id)
    {
        if (!db.Database.IsNpgsql())
        {
            return await db.Set<TSaga>().SingleOrDefaultAsync(x => x.CorrelationId == id, CancellationToken);
        }

        if (await Lock(id) is { } found)
        {
            return found;
        }

        // There is no row to lock yet: messages that would begin the same saga go one at a time, and each looks again.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({typeof(TSaga).Name + id}, 0))", CancellationToken);
        return await Lock(id);
    }

    private async Task<TSaga?> Lock(Guid id)
    {
        var table = db.Model.FindEntityType(typeof(TSaga))!.GetTableName();
#pragma warning disable EF1002 // The only thing pasted in is the table's name, from the model; the id is a parameter.
        var rows = db.Set<TSaga>()
            .FromSqlRaw($"SELECT * FROM {table} WHERE correlation_id = {{0}} FOR UPDATE", id)
            .AsTracking().AsAsyncEnumerable();
#pragma warning restore EF1002

        // Enumerated by hand: an operator would wrap the statement, and push FOR UPDATE into a subquery.
        await foreach (var saga in rows.WithCancellation(CancellationToken))
        {
            return saga;
        }

        return null;
    }
}
