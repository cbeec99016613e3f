using System.Runtime.CompilerServices;
using System.Text.Json;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace DeployHub.Persistence.Streams;

/// <summary>
/// Writes the entries of a transaction as its last statements. The head is locked from here to the commit, and nothing is locked after it; several
/// are locked in one order, so that no two transactions wait for each other.
/// </summary>
internal static class StreamWriting
{
    private static readonly Lazy<string> OnPostgres = new(() => Statements(npgsql: true));
    private static readonly Lazy<string> OnSqlite = new(() => Statements(npgsql: false));

    /// <summary>
    /// Commits the transaction with what it tells. On PostgreSQL the commit travels with the entries: all who tell of one plan stand in line for its
    /// head, and each would hold it for a round trip more.
    /// </summary>
    public static async Task WriteAndCommit(DeployHubDb db, IDbContextTransaction transaction, IReadOnlyList<ToldItem> items, CancellationToken ct)
    {
        var npgsql = db.Database.IsNpgsql();
        if (items.Count > 0)
        {
            var statements = Placed(npgsql, 0);
            await db.Database.ExecuteSqlAsync(
                FormattableStringFactory.Create(npgsql ? $"{statements}; COMMIT" : statements, Listed(items, npgsql), DateTime.UtcNow), ct);
        }

        if (items.Count == 0 || !npgsql)
        {
            await transaction.CommitAsync(ct);
        }
    }

    /// <summary>On PostgreSQL: statements that are sent together are one transaction.</summary>
    public static Task RunAndWrite(DeployHubDb db, FormattableString statement, ToldItem item, CancellationToken ct) => db.Database.ExecuteSqlAsync(
        FormattableStringFactory.Create(
            $"{statement.Format};\n{Placed(npgsql: true, statement.ArgumentCount)}", [.. statement.GetArguments(), Listed([item], npgsql: true), DateTime.UtcNow]),
        ct);

    private static string Placed(bool npgsql, int first) => (npgsql ? OnPostgres : OnSqlite).Value
        .Replace("$items", $"{{{first}}}", StringComparison.Ordinal).Replace("$now", $"{{{first + 1}}}", StringComparison.Ordinal);

    // SQLite holds ids as text, in capitals.
    private static string Listed(IReadOnlyList<ToldItem> items, bool npgsql) => JsonSerializer.Serialize(items.Select((x, i) => new
    {
        ord = i, stream = Id(x.Stream, npgsql), kind = x.Kind, source = (int)x.Row, subject = x.Subject is { } id ? Id(id, npgsql) : null, data = x.Data,
    }));

    private static string Id(Guid id, bool npgsql) => npgsql ? id.ToString() : id.ToString().ToUpperInvariant();

    private static string Statements(bool npgsql)
    {
        var items = npgsql
            ? "json_to_recordset($items::json) AS t(ord int, stream uuid, kind text, source int, subject uuid, data text)"
            : "(SELECT value->>'ord' AS ord, value->>'stream' AS stream, value->>'kind' AS kind, value->>'source' AS source, value->>'subject' AS subject, value->>'data' AS data FROM json_each($items)) AS t";
        var counts = npgsql ? "coalesce(json_object_agg(c.status, c.steps), json_build_object())" : "json_group_object(c.status, c.steps)";
        var plan = Object(
            npgsql,
            ("plan", Row(npgsql, "p", typeof(DeploymentPlan))),
            ("counts", Json(npgsql, $"(SELECT {counts} FROM (SELECT s.status, count(*) AS steps FROM deployment_steps s WHERE s.plan_id = p.id GROUP BY s.status) c)")));

        // Who waits for a head's row tries again whenever another one commits; many steps of one plan kept PostgreSQL busy with that. Here they stand in line.
        var line = npgsql ? $"SELECT pg_advisory_xact_lock(k.key) FROM (SELECT DISTINCT hashtextextended(t.stream::text, 0) AS key FROM {items} ORDER BY key) AS k;" : "";
        return $"""
            {line}
            INSERT INTO stream_heads (stream_id, last) SELECT t.stream, count(*) FROM {items} WHERE true GROUP BY t.stream ORDER BY t.stream
            ON CONFLICT (stream_id) DO UPDATE SET last = stream_heads.last + excluded.last;
            INSERT INTO stream_entries (stream_id, number, kind, data, at)
            SELECT t.stream, h.last - count(*) OVER (PARTITION BY t.stream) + row_number() OVER (PARTITION BY t.stream ORDER BY t.ord), t.kind,
              CASE t.source
                WHEN {(int)ToldRow.Plan} THEN (SELECT CAST({plan} AS text) FROM deployment_plans p WHERE p.id = t.subject)
                WHEN {(int)ToldRow.Step} THEN (SELECT CAST({Row(npgsql, "s", typeof(ToldStep))} AS text) FROM deployment_steps s WHERE s.id = t.subject)
                WHEN {(int)ToldRow.Batch} THEN (SELECT CAST({Row(npgsql, "b", typeof(SyncBatch))} AS text) FROM sync_batches b WHERE b.id = t.subject)
                WHEN {(int)ToldRow.Target} THEN (SELECT CAST({Row(npgsql, "g", typeof(ToldTarget))} AS text) FROM sync_targets g WHERE g.id = t.subject)
                ELSE t.data
              END, $now
            FROM {items} JOIN stream_heads h ON h.stream_id = t.stream
            """;
    }

    // What can only be read is not stored.
    private static string Row(bool npgsql, string table, Type type) => Object(npgsql, [.. type.GetProperties().Where(x => x.CanWrite).Select(x =>
    {
        var column = $"{table}.\"{JsonNamingPolicy.SnakeCaseLower.ConvertName(x.Name)}\"";
        return (JsonNamingPolicy.CamelCase.ConvertName(x.Name),
            x.PropertyType == typeof(DeploymentError) || x.PropertyType == typeof(SyncError) ? Json(npgsql, column) : column);
    })]);

    private static string Object(bool npgsql, params (string Key, string Value)[] members) =>
        $"{(npgsql ? "json_build_object" : "json_object")}({string.Join(", ", members.Select(x => $"'{x.Key}', {x.Value}"))})";

    // Otherwise it would become a string that holds JSON.
    private static string Json(bool npgsql, string value) => npgsql ? $"{value}::json" : $"json({value})";
}
