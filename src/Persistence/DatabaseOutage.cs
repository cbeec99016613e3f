using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace DeployHub.Persistence;

public static class DatabaseOutage
{
    // https://www.sqlite.org/rescode.html: SQLITE_BUSY, _LOCKED, _READONLY, _IOERR, _FULL, _CANTOPEN.
    private static readonly int[] SqliteOutages = [5, 6, 8, 10, 13, 14];

    /// <summary>The database is down, starting, stopping or overloaded: a later try may succeed.</summary>
    public static bool Is(Exception? e) => e switch
    {
        null => false,
        DatabaseSilentException => true,
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } => true,
        NpgsqlException { IsTransient: true } or NpgsqlException { InnerException: SocketException or TimeoutException or IOException } => true,
        SqliteException { SqliteErrorCode: var code } => SqliteOutages.Contains(code),
        _ => Is(e.InnerException),
    };
}

/// <summary>The database gave no answer in time.</summary>
public sealed class DatabaseSilentException(Exception inner) : Exception("The database gave no answer in time.", inner);
