namespace DeployHub.Persistence;

/// <summary>Where the state is kept. Exactly one of the two is set.</summary>
/// <param name="Postgres">An Npgsql connection string.</param>
/// <param name="SqliteFile">The path of the SQLite file.</param>
public record PersistenceOptions(string? Postgres, string? SqliteFile)
{
    /// <summary>How long entries of the audit log are kept.</summary>
    public TimeSpan AuditKept { get; init; } = TimeSpan.FromDays(365);
}
