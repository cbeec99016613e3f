using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace DeployHub.Persistence;

/// <summary>SQLite has one writer: writers of this process queue here in order instead of spinning on <c>SQLITE_BUSY</c>.</summary>
public sealed class SqliteTurn : IDisposable
{
    private readonly SemaphoreSlim _writer = new(1);

    /// <summary>Waits for the turn on SQLite; on PostgreSQL there is nothing to wait for.</summary>
    public async Task<IDisposable?> Take(DatabaseFacade database, CancellationToken ct)
    {
        if (!database.IsSqlite())
        {
            return null;
        }

        await _writer.WaitAsync(ct);
        return new Turn(_writer);
    }

    public void Dispose() => _writer.Dispose();

    private sealed class Turn(SemaphoreSlim writer) : IDisposable
    {
        public void Dispose() => writer.Release();
    }
}
