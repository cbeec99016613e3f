using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace DeployHub.Demo;

/// <summary>What became of one service in one deploy.</summary>
internal sealed record ClosingRow(
    string Deploy, string PlanId, string PlanStatus, string Service, string? FromDigest, string? ToDigest, string Status, double? Seconds,
    string? ContainerBefore, string? ContainerAfter, bool SameContainer, string? ErrorCode, string Evidence);

/// <summary>What became of one config file in one batch, by DeployHub and by what the host held before and after.</summary>
internal sealed record FileRow(
    string Batch, string BatchId, string BatchStatus, string Service, string File, string Path, string? FromHash, string? ToHash, string Status,
    HostFile HostBefore, HostFile HostAfter, bool SameAsBefore, string? ErrorCode);

/// <summary>The end of the demo, for people and as JSON.</summary>
internal static class ClosingTable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>On a narrow screen what goes from one to another stands on two lines.</summary>
    public static Table Of(IReadOnlyList<ClosingRow> rows, bool wide)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("deploy", "service");
        var arrow = wide ? " → " : "\n→ ";
        table.AddColumns(wide ? ["from digest", "to digest"] : ["digest\nfrom → to"]);
        table.AddColumns("status", "time", wide ? "container before → after" : "container\nbefore → after", "evidence");
        foreach (var row in rows)
        {
            string[] digests = [Short(row.FromDigest), Short(row.ToDigest)];
            table.AddRow(
            [
                row.Deploy, row.Service, .. wide ? digests : [string.Join(arrow, digests)], $"[{Screen.Colour(row.Status)}]{row.Status}[/]",
                row.Seconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s") : "-",
                $"{Short(row.ContainerBefore)}{arrow}{(row.SameContainer ? "the same" : Short(row.ContainerAfter))}", Markup.Escape(row.Evidence),
            ]);
        }

        return table;
    }

    public static Table Of(IReadOnlyList<FileRow> rows, bool wide)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("batch", "service", "file", "path");
        table.AddColumns(wide ? ["from hash", "to hash"] : ["hash\nfrom → to"]);
        table.AddColumns("status", "evidence on the host");
        foreach (var row in rows)
        {
            string[] hashes = [Short(row.FromHash), Short(row.ToHash)];
            table.AddRow(
            [
                row.Batch, row.Service, row.File, Markup.Escape(row.Path), .. wide ? hashes : [string.Join("\n→ ", hashes)],
                $"[{Screen.Colour(row.Status)}]{row.Status}[/]", Markup.Escape(Evidence(row)),
            ]);
        }

        return table;
    }

    public static void Write(string file, Options options, DemoEngine? engine, IReadOnlyList<ClosingRow> rows, IReadOnlyList<FileRow> files, Proofs proofs, bool ok, TimeSpan took) =>
        File.WriteAllText(file, JsonSerializer.Serialize(
            new
            {
                ok,
                shape = options.Shape,
                engine = engine is null ? null : new { endpoint = engine.Endpoint, isPrivate = engine.IsPrivate },
                seconds = Math.Round(took.TotalSeconds, 1),
                rows,
                files,
                proofs = proofs.All,
            },
            Json) + "\n");

    private static string Evidence(FileRow row) =>
        $"{(row.ErrorCode is { } code ? $"{code}; " : "")}{Short(row.HostAfter.Hash)} {row.HostAfter.Rights}{(row.SameAsBefore ? ", as before" : "")}";

    private static string Short(string? id) => id is null ? "-" : (id.StartsWith("sha256:", StringComparison.Ordinal) ? id[7..] : id)[..12];
}
