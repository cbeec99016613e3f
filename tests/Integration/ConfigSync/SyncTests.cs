using System.Text;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Integration.Hub;
using DeployHub.Persistence.Locks;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.ConfigSync;

/// <summary>Batches on a real engine: every host byte is exactly the old or exactly the new one, and the status says which.</summary>
public sealed class SyncTests(SyncEngine fixture) : IClassFixture<SyncEngine>
{
    private const string Exchange = "/start HTTP";

    [Fact]
    public async Task A_batch_writes_exactly_what_was_asked_for_and_then_has_nothing_to_do()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("app/old.conf", "old\n", "600", "7:8");
        var binary = Enumerable.Range(0, 70_000).Select(i => (byte)(i * 31)).ToArray();
        Wanted[] files =
        [
            new(rig.At("app/old.conf"), Bytes("no newline at the end"), 0b110_100_000, 3_000_000, 5),
            new(rig.At("app/new.bin"), binary, 0b110_000_000, 12, 13),
            new(rig.At("empty"), []),
        ];

        var first = await rig.Submit(rollback: true, files);
        Assert.Equal("Ok [Ok Ok Ok] [Written Written Written]", await rig.End(first));
        Assert.Equal(
            $"app directory 755 0 0 \napp/new.bin regular file 600 12 13 {Convert.ToHexString(binary)}\napp/old.conf regular file 640 3000000 5 {Convert.ToHexString(files[0].Bytes)}\nempty regular empty file 644 0 0 \n",
            await rig.Host());
        await NoHelperLeft(first);

        var before = rig.Proxy.Calls.Count;
        var second = await rig.Submit(rollback: true, files);
        Assert.Equal("Ok [Ok Ok Ok] [Unchanged Unchanged Unchanged]", await rig.End(second));
        await NoHelperLeft(second);
        var calls = rig.Proxy.Calls[before..];
        Assert.Equal(3, calls.Count(x => x.StartsWith("GET", StringComparison.Ordinal) && x.Contains("/archive", StringComparison.Ordinal)));
        Assert.DoesNotContain(calls, x => x.StartsWith("PUT", StringComparison.Ordinal) || x.Contains("/exec", StringComparison.Ordinal) || x.Contains(Exchange, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Whichever_fails_every_host_is_as_it_was(int failing)
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("a", "was here\n", "604", "7:8");
        await rig.Put("folder/inside", "x");
        var files = new List<Wanted> { new(rig.At("a"), Bytes("new a")), new(rig.At("b"), Bytes("new b"), 0b110_000_000, 3, 4) };
        files.Insert(failing, new Wanted(rig.At("folder"), Bytes("not possible")));
        var before = await rig.Host();

        var id = await rig.Submit(rollback: true, [.. files]);

        var end = await rig.End(id);
        Assert.Equal(before, await rig.Host());
        Assert.Contains("Failed:target_is_no_file", end, StringComparison.Ordinal);
        Assert.Matches("^(RolledBack|Failed) ", end);
        Assert.DoesNotContain("Written", end, StringComparison.Ordinal);
        await NoHelperLeft(id);
    }

    [Fact]
    public async Task Without_rollback_every_operation_is_tried_and_each_error_has_its_code()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        var outside = Directory.CreateTempSubdirectory("deployhub-sync-outside-").FullName;
        await rig.Put("releases/5/x", "x");
        File.CreateSymbolicLink(rig.At("current"), rig.At("releases/5"));
        File.CreateSymbolicLink(rig.At("relative"), "releases/5");
        File.CreateSymbolicLink(rig.At("escape"), outside);
        File.CreateSymbolicLink(rig.At("link"), rig.At("releases/5/x"));

        var id = await rig.Submit(
            rollback: false, new Wanted(rig.At("current/one"), Bytes("1")), new Wanted(rig.At("relative/two"), Bytes("2")), new Wanted(rig.At("escape/three"), Bytes("3")),
            new Wanted(rig.At("missing/four"), Bytes("4")), new Wanted(rig.At("link"), Bytes("5")), new Wanted("/etc/passwd", Bytes("6")), new Wanted("/no/such/folder/x", Bytes("7")));

        Assert.Equal(
            "Partial [Ok Ok Failed Failed Failed Failed Failed] [Written Written Failed:path_not_allowed Failed:missing_folder Failed:target_is_no_file Failed:path_not_allowed Failed:missing_folder]",
            await rig.End(id));
        Assert.Equal(("1", "2"), (await File.ReadAllTextAsync(rig.At("releases/5/one"), Ct), await File.ReadAllTextAsync(rig.At("releases/5/two"), Ct)));
        Assert.Empty(Directory.GetFileSystemEntries(outside));
        await NoHelperLeft(id);
        Directory.Delete(outside);
    }

    [Fact]
    public async Task A_file_that_somebody_changes_meanwhile_is_left_alone()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("a", "old");
        rig.Proxy.Decide = line =>
        {
            if (line.Contains("/exec/", StringComparison.Ordinal) && line.Contains(Exchange, StringComparison.Ordinal) && File.ReadAllText(rig.At("a")) == "old")
            {
                File.WriteAllText(rig.At("a"), "theirs");
            }

            return Fate.Pass;
        };

        Assert.Equal("Failed [Failed] [Failed:changed_on_host]", await rig.End(await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("new")))));
        Assert.Equal("a regular file 644 0 0 " + Convert.ToHexString(Bytes("theirs")) + "\n", await rig.Host());
    }

    [Fact]
    public async Task What_cannot_be_brought_back_is_said_and_its_snapshot_kept()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("a", "old");
        await rig.Put("folder/inside", "x");
        var puts = 0;
        rig.Proxy.Decide = line =>
        {
            if (line.StartsWith("PUT", StringComparison.Ordinal) && ++puts == 2)
            {
                File.WriteAllText(rig.At("a"), "theirs");
            }

            return Fate.Pass;
        };

        var id = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("new")), new Wanted(rig.At("folder"), Bytes("no")));

        Assert.Equal("Partial [RollbackFailed Failed] [RestoreFailed:restore_failed Failed:target_is_no_file]", await rig.End(id));
        var target = (await rig.Targets(id))[0];
        Assert.NotNull(target.Snapshot);
        Assert.Contains(target.Id.ToString(), target.Error!.Message, StringComparison.Ordinal);
        Assert.Equal("theirs", await File.ReadAllTextAsync(rig.At("a"), Ct));
        await NoHelperLeft(id);
    }

    [Theory]
    [InlineData(1, Fate.LostBefore)]
    [InlineData(1, Fate.LostAfter)]
    [InlineData(2, Fate.LostBefore)]
    [InlineData(2, Fate.LostAfter)]
    public async Task A_worker_that_ends_in_the_middle_is_followed_by_one_that_goes_on(int exchange, Fate fate)
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("a", "old", "640", "7:8");
        await rig.Put("folder/inside", "x");
        var before = await rig.Host();
        var hit = new TaskCompletionSource();
        var starts = 0;
        rig.Proxy.Decide = line =>
        {
            // From the chosen exchange on nothing comes through until the worker is gone.
            if (line.Contains("/exec/", StringComparison.Ordinal) && line.Contains(Exchange, StringComparison.Ordinal) && ++starts >= exchange)
            {
                hit.TrySetResult();
                return starts == exchange ? fate : Fate.LostBefore;
            }

            return hit.Task.IsCompleted ? Fate.LostBefore : Fate.Pass;
        };
        var rollsBack = exchange == 2;
        Wanted[] files = rollsBack ? [new(rig.At("a"), Bytes("new")), new(rig.At("folder"), Bytes("no"))] : [new(rig.At("a"), Bytes("new"))];

        var id = await rig.Submit(rollback: true, files);
        await hit.Task.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        await rig.Stop();
        Assert.Contains(await File.ReadAllTextAsync(rig.At("a"), Ct), new[] { "old", "new" });
        rig.Proxy.Decide = _ => Fate.Pass;
        await rig.Start();

        Assert.Equal(rollsBack ? "RolledBack [RolledBack Failed] [Restored Failed:target_is_no_file]" : "Ok [Ok] [Written]", await rig.End(id));
        Assert.Equal(
            rollsBack ? before : before.Replace($"640 7 8 {Convert.ToHexString(Bytes("old"))}", $"644 0 0 {Convert.ToHexString(Bytes("new"))}", StringComparison.Ordinal), await rig.Host());
        await NoHelperLeft(id);
    }

    [Fact]
    public async Task A_batch_waits_for_a_plan_that_holds_its_target()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        var engineId = (await fixture.Engine.Docker("info", "-f", "{{.ID}}@{{.Name}}:{{.DockerRootDir}}")).Trim();
        var plan = Guid.CreateVersion7();
        await rig.InDb(db => db.InTransaction(
            async () =>
            {
                db.LineUp(plan, [TargetLock.ForFile(engineId, rig.At("a"))]);
                await db.SaveChangesAsync();
                Assert.True(await db.TryTake(plan, default));
            },
            default));

        var id = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("new")));
        await Eventually.Equal(BatchStatus.Queued, () => rig.Status(id));
        Assert.False(File.Exists(rig.At("a")));
        await rig.InDb(db => db.InTransaction(() => db.GiveBack(plan, default), default));

        Assert.Equal("Ok [Ok] [Written]", await rig.End(id));
        Assert.Empty(await rig.Read(db => db.TargetLocks.ToListAsync()));
    }

    [Fact]
    public async Task A_full_disk_and_a_read_only_one_are_told_apart_and_leave_nothing()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        var (full, fixedDisk) = (Directory.CreateDirectory(rig.At("full")).FullName, Directory.CreateDirectory(rig.At("fixed")).FullName);
        await Programs.Run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", full]);
        await Programs.Run("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", fixedDisk]);
        try
        {
            var id = await rig.Submit(rollback: false, new Wanted($"{full}/x", new byte[200_000]), new Wanted($"{fixedDisk}/x", Bytes("x")));

            Assert.Equal("Failed [Failed Failed] [Failed:disk_full Failed:read_only]", await rig.End(id));
            Assert.Empty(Directory.GetFileSystemEntries(full));
            await NoHelperLeft(id);
        }
        finally
        {
            await Programs.Run("umount", ["-l", full]);
            await Programs.Run("umount", ["-l", fixedDisk]);
        }
    }

    [Fact]
    public async Task What_a_host_holds_is_told_without_starting_anything()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("a", "bytes", "640", "7:8");
        Directory.CreateDirectory(rig.At("folder"));

        var files = await rig.Ask("a", "absent", "folder", "missing/x", "../outside");

        Assert.Equal(("bytes", 0b110_100_000, 7, 8), (Encoding.UTF8.GetString(rig.Open(files[0].SealedContent!)), files[0].Mode, files[0].Uid, files[0].Gid));
        Assert.True(files[1] is { Exists: false, Error: null });
        Assert.Equal(["target_is_no_file", "missing_folder", "path_not_allowed"], files[2..].Select(x => x.Error!.Code));
        Assert.Equal("", (await fixture.Engine.Docker("ps", "-aq", "--filter", "name=deployhub-read")).Trim());
    }

    [Fact]
    public async Task What_a_killed_worker_read_a_host_with_goes_with_the_next_question()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        var image = (await fixture.Engine.Load(TestImage.Serving("x"), "sync/app", "v1")).Reference;
        var (forgotten, used) = (await Helper(DateTimeOffset.UtcNow.AddMinutes(-1)), await Helper(DateTimeOffset.UtcNow.AddMinutes(9)));

        Assert.Null((await rig.Ask("a"))[0].Error);

        Assert.Equal(used, (await fixture.Engine.Docker("ps", "-aq", "--no-trunc", "--filter", "label=deployhub.until")).Trim());
        Assert.NotEqual(used, forgotten);
        await fixture.Engine.Docker("rm", used);

        async Task<string> Helper(DateTimeOffset until) => (await fixture.Engine.Docker(
            "create", "--label", $"deployhub.batch={Guid.NewGuid()}", "--label", $"deployhub.until={until.ToUnixTimeSeconds()}", image)).Trim();
    }

    [Fact]
    public async Task A_container_that_binds_the_single_file_is_restarted_and_never_signalled()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("a", "old");
        var name = $"sync-{Guid.NewGuid():n}";
        var image = (await fixture.Engine.Load(TestImage.Serving("x"), "sync/app", "v1")).Reference;
        await fixture.Engine.Docker("run", "-d", "--name", name, "--network", "none", "-v", $"{rig.At("a")}:/conf", image);

        var signal = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("new"), OnChange: OnChange.Signal, Container: name, Signal: "SIGHUP"));
        Assert.Equal("Failed [Failed] [Failed:signal_cannot_reach]", await rig.End(signal));
        Assert.Equal("old", await File.ReadAllTextAsync(rig.At("a"), Ct));

        var restart = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("new"), OnChange: OnChange.Restart, Container: name));
        Assert.Equal("Ok [Ok] [Written]", await rig.End(restart));
        Assert.Equal("new", (await fixture.Engine.Docker("exec", name, "/bin/busybox", "cat", "/conf")).Trim());
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private Task NoHelperLeft(Guid batch) =>
        Eventually.Equal("", async () => (await fixture.Engine.Docker("ps", "-aq", "--filter", $"label=deployhub.batch={batch}")).Trim());
}
