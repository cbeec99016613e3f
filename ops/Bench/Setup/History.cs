using System.Data.Common;
using System.Globalization;

namespace DeployHub.Bench.Setup;

/// <summary>Plans of the past: copies of a plan that has ended, with its steps, its machine's row and its audit entries, spread over the last day.</summary>
internal static class History
{
    // Each table's own id, and what refers to the plan.
    private static readonly (string Table, string? Id, string? Plan)[] Tables =
        [("deployment_plans", null, "id"), ("deployment_steps", "id", "plan_id"), ("deployment_states", null, "correlation_id"), ("audit_entries", "id", "target_id")];

    /// <param name="database">Open.</param>
    /// <param name="plan">The one to copy.</param>
    /// <param name="copies">How many.</param>
    public static async Task Fill(DbConnection database, string plan, int copies)
    {
        var templates = new List<(Template Template, string? Id, string Plan)>();
        foreach (var (table, id, reference) in Tables)
        {
            foreach (var template in await Template.Read(database, table, reference!, plan))
            {
                templates.Add((template, id, reference!));
            }
        }

        await using var transaction = await database.BeginTransactionAsync();
        var inserts = templates.ConvertAll(row => (row.Template.Insert(database, transaction), row.Id, row.Plan));
        for (var copy = 0; copy < copies; copy++)
        {
            var (id, back) = (Guid.NewGuid(), TimeSpan.FromDays(1) * copy / copies);
            foreach (var (insert, ownId, reference) in inserts)
            {
                insert.Write(reference, id, ownId, back);
                await insert.Command.ExecuteNonQueryAsync();
            }
        }

        await transaction.CommitAsync();
        foreach (var (insert, _, _) in inserts)
        {
            await insert.Command.DisposeAsync();
        }
    }

    /// <summary>A row as it is, by the names of its columns: what the schema gains is copied with it.</summary>
    private sealed class Template(string table, Dictionary<string, object> values)
    {
        public static async Task<List<Template>> Read(DbConnection database, string table, string column, string plan)
        {
            await using var command = database.CreateCommand();
            command.CommandText = $"SELECT * FROM {table} WHERE lower(CAST({column} AS text)) = '{plan}'";
            await using var rows = await command.ExecuteReaderAsync();
            var found = new List<Template>();
            while (await rows.ReadAsync())
            {
                found.Add(new Template(table, Enumerable.Range(0, rows.FieldCount).ToDictionary(rows.GetName, rows.GetValue)));
            }

            return found;
        }

        public Filled Insert(DbConnection database, DbTransaction transaction)
        {
            var command = database.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = $"INSERT INTO {table} ({string.Join(", ", values.Keys.Select(name => $"\"{name}\""))}) VALUES ({string.Join(", ", values.Keys.Select(name => $"@{name}"))})";
            foreach (var (name, value) in values)
            {
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.Value) = (name, value);
                command.Parameters.Add(parameter);
            }

            return new Filled(command, values);
        }
    }

    private sealed record Filled(DbCommand Command, Dictionary<string, object> Values)
    {
        public void Write(string reference, Guid plan, string? ownId, TimeSpan back)
        {
            Command.Parameters[reference].Value = As(Values[reference], plan);
            if (ownId is not null)
            {
                Command.Parameters[ownId].Value = As(Values[ownId], Guid.NewGuid());
            }

            foreach (var (name, value) in Values)
            {
                if (value is DateTime time)
                {
                    Command.Parameters[name].Value = time - back;
                }
                else if (value is string text && name.EndsWith("_at", StringComparison.Ordinal) && DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var written))
                {
                    Command.Parameters[name].Value = (written - back).ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
                }
            }
        }

        // SQLite keeps ids as text, in upper case.
        private static object As(object example, Guid id) => example is string ? id.ToString().ToUpperInvariant() : id;
    }
}
