using DeployHub.Persistence;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace DeployHub.Intake;

internal static class Writing
{
    // https://www.sqlite.org/rescode.html: SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE, _FOREIGNKEY.
    private const int SqlitePrimaryKey = 1555;
    private const int SqliteUnique = 2067;
    private const int SqliteForeignKey = 787;

    /// <summary>
    /// Commits what <paramref name="rows"/> adds or removes. What was checked before may have changed since: then the database
    /// refuses, and so does this.
    /// </summary>
    public static async Task<Refusal?> Commit(this DeployHubDb db, Action rows, Refusal? taken, CancellationToken ct)
    {
        try
        {
            await db.InTransaction(
                () =>
                {
                    rows();
                    return Task.CompletedTask;
                },
                ct);
            return null;
        }
        catch (DbUpdateException e) when (taken is not null && e.IsUniqueViolation())
        {
            db.ChangeTracker.Clear();
            return taken;
        }
        catch (DbUpdateException e) when (e.IsForeignKeyViolation())
        {
            db.ChangeTracker.Clear();
            return Refusal.Conflict("What this refers to, or what refers to it, was changed at the same time.", null, "Read it again, then repeat the request.");
        }
    }

    public static bool IsUniqueViolation(this DbUpdateException e) =>
        e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation }
            or SqliteException { SqliteExtendedErrorCode: SqliteUnique or SqlitePrimaryKey };

    public static bool IsForeignKeyViolation(this DbUpdateException e) =>
        e.InnerException is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation }
            or SqliteException { SqliteExtendedErrorCode: SqliteForeignKey };
}
