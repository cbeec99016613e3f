using System.Data.Common;
using System.Diagnostics;
using System.Text.Json.Nodes;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace DeployHub.Integration.Api;

/// <summary>Hears the statements that go to a database from this process, and asks the database what each of them reads.</summary>
internal sealed class Statements : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private readonly string _database;
    private readonly Lock _lock = new();
    private readonly List<(string Text, List<NpgsqlParameter> Parameters)> _heard = [];
    private readonly List<IDisposable> _subscriptions = [];

    public Statements(string connectionString)
    {
        _database = connectionString;
        _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));
    }

    /// <summary>Of each list that is read by this: the rows that were looked at in each table or index, whether they were of use or not.</summary>
    public async Task<List<(string Where, double Rows)>> RowsRead(Func<Task> act)
    {
        // EF Core looks once a second whether somebody listens: the first acts may pass unheard.
        var heard = await Eventually.Value(() => Heard(act), any => any.Count > 0, what: "a list's statements to be heard");
        await using var connection = new NpgsqlConnection(_database);
        await connection.OpenAsync();
        var rows = new List<(string, double)>();
        foreach (var (text, parameters) in heard)
        {
            await using var command = new NpgsqlCommand($"EXPLAIN (ANALYZE, FORMAT JSON) {text}", connection);
            parameters.ForEach(x => command.Parameters.Add(x.Clone()));
            Collect(JsonNode.Parse((string)(await command.ExecuteScalarAsync())!)![0]!["Plan"]!, rows);
        }

        return rows;
    }

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == DbLoggerCategory)
        {
            _subscriptions.Add(value.Subscribe(this));
        }
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Value is CommandExecutedEventData { Command: var command } && IsList(command) && command.Connection?.Database == new NpgsqlConnectionStringBuilder(_database).Database)
        {
            lock (_lock)
            {
                _heard.Add((command.CommandText, [.. command.Parameters.Cast<NpgsqlParameter>().Select(x => x.Clone())]));
            }
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void Dispose() => _subscriptions.ForEach(x => x.Dispose());

    private const string DbLoggerCategory = "Microsoft.EntityFrameworkCore";

    private async Task<List<(string Text, List<NpgsqlParameter> Parameters)>> Heard(Func<Task> act)
    {
        lock (_lock)
        {
            _heard.Clear();
        }

        await act();
        lock (_lock)
        {
            return [.. _heard];
        }
    }

    private static bool IsList(DbCommand command) =>
        command.CommandText.Contains("LIMIT", StringComparison.Ordinal)
        && (command.CommandText.Contains("deployment_plans", StringComparison.Ordinal) || command.CommandText.Contains("sync_batches", StringComparison.Ordinal));

    private static void Collect(JsonNode plan, List<(string, double)> rows)
    {
        if (plan["Relation Name"] is not null)
        {
            var each = (double)plan["Actual Rows"]! + ((double?)plan["Rows Removed by Filter"] ?? 0) + ((double?)plan["Rows Removed by Index Recheck"] ?? 0);
            rows.Add(($"{plan["Node Type"]} {plan["Relation Name"]} {plan["Index Name"]}", each * (double)plan["Actual Loops"]!));
        }

        foreach (var part in plan["Plans"]?.AsArray() ?? [])
        {
            Collect(part!, rows);
        }
    }
}
