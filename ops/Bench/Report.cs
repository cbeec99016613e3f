using System.Globalization;
using System.Text;
using System.Text.Json;

namespace DeployHub.Bench;

/// <summary>The rows of a run, as a table for people and as JSON for programs.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly DateTime _startedAt = DateTime.UtcNow;
    private readonly List<Row> _rows = [];

    public IReadOnlyList<Row> Rows => _rows;

    public int Missed => _rows.Count(row => row.Ok == false);

    public void Add(Row row)
    {
        _rows.Add(row);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {DateTime.UtcNow - _startedAt:hh\\:mm\\:ss}  {string.Join("  ", Cells(row))}"));
    }

    public string Table()
    {
        string[][] cells = [["row", "ours", "baseline", "ratio", "bound", ""], .. _rows.Select(Cells)];
        var widths = Enumerable.Range(0, cells[0].Length).Select(column => cells.Max(row => row[column].Length)).ToArray();
        var table = new StringBuilder();
        foreach (var row in cells)
        {
            var padded = row.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]));
            table.AppendLine(string.Join("  ", padded).TrimEnd());
        }

        return table.ToString();
    }

    public Task Save(string file, bool quick)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var content = new { startedAt = _startedAt, seconds = (DateTime.UtcNow - _startedAt).TotalSeconds, quick, cores = Environment.ProcessorCount, rows = _rows };
        return File.WriteAllTextAsync(file, JsonSerializer.Serialize(content, Indented));
    }

    private static string[] Cells(Row row) =>
    [
        row.Name, Value(row.Ours, row.Unit), row.Baseline is { } baseline ? Value(baseline, row.Unit) : "", row.Ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "",
        row.Bound is not { } bound ? "" : (row.AtLeast ? "min " : "") + (row.Ratio is null ? Value(bound, row.Unit) : bound.ToString("0.00", CultureInfo.InvariantCulture)),
        row.Ok switch { true => "ok", false => "missed", null => "" },
    ];

    private static string Value(double value, string unit) => value.ToString(unit is "MB" or "/s" ? "0" : "0.00", CultureInfo.InvariantCulture) + " " + unit;
}
