using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;
using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

public abstract class OutputTests(EngineKind kind) : EngineTest(kind)
{
    [Theory]
    [InlineData(false, "\n")]
    [InlineData(true, "\r\n")]
    public async Task Logs_are_the_same_with_and_without_a_terminal(bool terminal, string newline)
    {
        var id = await Run("logs", "echo one; echo two >&2; echo three", body => body["Tty"] = terminal);
        await Engine.WaitContainer(id, Ct);

        // Without a terminal the order of the two streams is the kernel's, so lines are compared as a set.
        Assert.Equal(["one", "three", "two"], (await Engine.GetLogs(id, 10, 1000, Ct)).Split(newline, StringSplitOptions.RemoveEmptyEntries).Order());
        Assert.Equal(2, (await Engine.GetLogs(id, 2, 1000, Ct)).Split(newline, StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(4, (await Engine.GetLogs(id, 10, 4, Ct)).Length);
        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.GetLogs(Name("nobody"), 10, 1000, Ct));
    }

    [Fact]
    public async Task Logs_that_no_driver_keeps_are_an_error()
    {
        var id = await Run("nolog", "echo x", body => body["HostConfig"]!["LogConfig"] = new JsonObject { ["Type"] = "none" });

        Assert.Contains("does not support reading", (await Assert.ThrowsAsync<EngineServerException>(() => Engine.GetLogs(id, 1, 100, Ct))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_is_run_beside_the_containers_own()
    {
        var id = await Run("exec", "sleep 1000");

        Assert.Equal(new ExecResult(7, "out\n", false), await Engine.Exec(id, ["/bin/sh", "-c", "echo out; exit 7"], ct: Ct));
        Assert.Equal(new ExecResult(0, "65534\n", false), await Engine.Exec(id, ["/bin/sh", "-c", "id -u"], user: "65534", ct: Ct));
    }

    [Fact]
    public async Task A_program_that_cannot_run_is_told_from_a_container_that_cannot()
    {
        var id = await Run("exec", "sleep 1000");

        // The engine reports it as a program that ended.
        Assert.InRange((await Engine.Exec(id, ["/no/such/program"], ct: Ct)).ExitCode, 126, 127);
        await Assert.ThrowsAsync<EngineTimeoutException>(() => Engine.Exec(id, ["/bin/sh", "-c", "sleep 1000"], timeout: TimeSpan.FromSeconds(0.5), ct: Ct));
        await Engine.StopContainer(id, TimeSpan.Zero, Ct);
        await Assert.ThrowsAsync<EngineConflictException>(() => Engine.Exec(id, ["/bin/sh"], ct: Ct));
        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.Exec(Name("nobody"), ["/bin/sh"], ct: Ct));
    }

    [Fact]
    public async Task A_file_goes_into_a_container_that_never_ran_and_comes_out_the_same()
    {
        var id = await Create("archive", "true");
        byte[] content = [0, 255, 10, 13, .. Encoding.UTF8.GetBytes("größer\n")];
        using var tar = BusyboxImage.Tar(("file.bin", content));

        Assert.Null(await Engine.FindPath(id, "/etc/file.bin", Ct));
        await Engine.PutArchive(id, "/etc", tar, Ct);

        var stat = await Engine.FindPath(id, "/etc/file.bin", Ct);
        Assert.Equal(new PathStat("file.bin", content.Length, Convert.ToInt32("740", 8), false, false, DateTimeOffset.UnixEpoch.AddDays(20_000), ""), stat);
        Assert.True((await Engine.FindPath(id, "/etc", Ct))!.IsDirectory);
        await using var read = await Engine.GetArchive(id, "/etc/file.bin", Ct);
        await using var reader = new TarReader(read);
        var entry = await reader.GetNextEntryAsync(copyData: true, Ct);
        using var bytes = new MemoryStream();
        await entry!.DataStream!.CopyToAsync(bytes, Ct);
        Assert.Equal(content, bytes.ToArray());
        Assert.Null(await reader.GetNextEntryAsync(cancellationToken: Ct));
    }

    [Fact]
    public async Task A_path_that_is_missing_is_told_from_a_container_that_is()
    {
        var id = await Create("archive", "true");

        Assert.Null(await Engine.FindPath(id, "/none", Ct));
        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.GetArchive(id, "/none", Ct));
        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.PutArchive(id, "/none", BusyboxImage.Tar(("a", [1])), Ct));
        await Assert.ThrowsAsync<EngineServerException>(() => Engine.PutArchive(id, "/etc/passwd", BusyboxImage.Tar(("a", [1])), Ct));
        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.FindPath(Name("nobody"), "/etc", Ct));
    }

    [Fact]
    public async Task A_large_archive_that_is_refused_gives_the_reason_and_not_a_broken_pipe()
    {
        var id = await Create("readonly", "true", body => body["HostConfig"]!["Mounts"] =
            new JsonArray(new JsonObject { ["Type"] = "bind", ["Source"] = Path.GetTempPath(), ["Target"] = "/etc", ["ReadOnly"] = true }));
        using var tar = BusyboxImage.Tar(("big", new byte[8_000_000]));

        Assert.Contains("read-only", (await Assert.ThrowsAsync<EngineServerException>(() => Engine.PutArchive(id, "/etc", tar, Ct))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_beyond_the_bound_is_not_read()
    {
        using var bounded = new EngineClient(Endpoint, new EngineClientOptions { MaxArchiveBytes = 1000 });
        var id = await Create("large", "true");

        await using var read = await bounded.GetArchive(id, "/bin/sh", Ct);

        await Assert.ThrowsAsync<EngineProtocolException>(() => read.CopyToAsync(Stream.Null, Ct));
    }
}

public sealed class RealOutputTests() : OutputTests(EngineKind.Real)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Logs_are_followed_while_it_runs_and_until_it_ends(bool terminal)
    {
        var id = await Run("follow", "echo one; echo two >&2; sleep 1000", body => body["Tty"] = terminal);
        var lines = new List<string>();

        await foreach (var line in Engine.FollowLogs(id, terminal, 100, Ct))
        {
            lines.Add(line);
            if (lines.Count == 2)
            {
                await Engine.StopContainer(id, TimeSpan.Zero, Ct);
            }
        }

        Assert.Equal(["one", "two"], lines.Order());
    }

    [Fact]
    public async Task A_flood_of_logs_is_bounded_to_its_end()
    {
        var id = await Run("flood", "i=0; while [ $i -lt 20000 ]; do echo line-$i; i=$((i+1)); done");
        await Engine.WaitContainer(id, Ct);

        var logs = await Engine.GetLogs(id, 20_000, 100, Ct);

        Assert.Equal(100, logs.Length);
        Assert.EndsWith("line-19999\n", logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_a_program_beside_it_is_bounded_to_its_end()
    {
        var id = await Run("exec", "sleep 1000");

        var flood = await Engine.Exec(id, ["/bin/sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; echo end"], maxOutputBytes: 100, ct: Ct);
        Assert.Equal((0, 100, true), (flood.ExitCode, flood.Output.Length, flood.Truncated));
        Assert.EndsWith("end\n", flood.Output, StringComparison.Ordinal);
    }
}

public sealed class SimulatedOutputTests() : OutputTests(EngineKind.Simulated);
