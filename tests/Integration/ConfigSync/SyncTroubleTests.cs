using System.Text;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Integration.Hub;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.ConfigSync;

/// <summary>What can go wrong at each point of a batch, on real engines: the host is as it was or as it was to be, and the status says which.</summary>
public sealed class SyncTroubleTests(SyncEngine fixture) : IClassFixture<SyncEngine>
{
    private const string NothingLeft = "";

    [Fact]
    public async Task One_batch_over_two_engines_is_written_on_both_or_taken_back_on_both()
    {
        await using var rig = await SyncRig.Open(fixture.Engine, await fixture.Second);
        await rig.Put("one/a", "old a", "640", "7:8");
        await rig.Put("two/b", "old b", "600", "9:10");
        var before = await rig.Host();
        Wanted[][] operations =
        [
            [new(rig.At("one/a"), Bytes("new")), new(rig.At("two/a"), Bytes("new"), Server: 1)],
            [new(rig.At("one/b"), Bytes("new")), new(rig.At("two/b"), Bytes("new"), Server: 1)],
        ];

        // What fails is on the second engine alone.
        var failed = await rig.Submit(rollback: true, [.. operations, [new Wanted(rig.At("two"), Bytes("no"), Server: 1)]]);
        Assert.Equal("RolledBack [RolledBack RolledBack Failed] [Restored Restored Restored Restored Failed:target_is_no_file]", await rig.End(failed));
        Assert.Equal(before, await rig.Host());
        Assert.All(rig.Proxies, proxy => Assert.True(proxy.Count("/archive") > 0));

        var written = await rig.Submit(rollback: true, operations);
        Assert.Equal("Ok [Ok Ok] [Written Written Written Written]", await rig.End(written));
        var line = string.Concat(new[] { "a", "b" }.Select(x => HostFolder.Line($"one/{x}", Bytes("new"))));
        Assert.Equal($"one directory 755 0 0 \n{line}two directory 755 0 0 \n{line.Replace("one/", "two/", StringComparison.Ordinal)}", await rig.Host());
        await NothingIsLeft(failed, written);
    }

    [Fact]
    public async Task Two_servers_that_are_one_engine_have_a_helper_each()
    {
        await using var rig = await SyncRig.Open(fixture.Engine, fixture.Engine);
        Directory.CreateDirectory(rig.At("one"));
        Directory.CreateDirectory(rig.At("two"));
        await rig.InDb(async db =>
        {
            await db.Servers.Where(x => x.Id == rig.Servers[0]).ExecuteUpdateAsync(set => set.SetProperty(x => x.WritableFolders, [rig.At("one")]));
            await db.Servers.Where(x => x.Id == rig.Servers[1]).ExecuteUpdateAsync(set => set.SetProperty(x => x.WritableFolders, [rig.At("two")]));
        });

        var id = await rig.Submit(rollback: true, new Wanted(rig.At("one/a"), Bytes("a")), new Wanted(rig.At("two/b"), Bytes("b"), Server: 1));

        Assert.Equal("Ok [Ok Ok] [Written Written]", await rig.End(id));
        await NothingIsLeft(id);
    }

    /// <summary>At four points at once, since each takes the whole patience with an engine that is away.</summary>
    [Fact]
    public async Task An_engine_that_is_away_fails_its_targets_and_leaves_the_others_as_they_were()
    {
        await using var away = await SyncRig.Open(fixture.Engine, await fixture.Second);
        await using var lost = await SyncRig.Open(fixture.Engine, await fixture.Second);
        await using var refused = await SyncRig.Open(fixture.Engine);
        await using var kept = await SyncRig.Open(fixture.Engine, await fixture.Second);
        foreach (var rig in new[] { away, lost, refused, kept })
        {
            await rig.Put("a", "old", "640", "7:8");
        }

        // Before the preparation, just behind it, where it does not matter any more, and where the other engine's files are kept.
        away.Proxies[1].Decide = _ => Fate.LostBefore;
        lost.Proxies[1].Decide = line => line.Contains("/version", StringComparison.Ordinal) || line.Contains("/info", StringComparison.Ordinal) ? Fate.Pass : Fate.LostBefore;
        refused.Proxy.Decide = _ => Fate.LostBefore;
        kept.Proxies[1].Decide = _ => Fate.LostBefore;
        static Wanted[] Files(SyncRig rig) => [new(rig.At("a"), Bytes("new")), new(rig.At("b"), Bytes("new"), Server: 1)];
        var ends = await Task.WhenAll(
            End(away, rig => rig.Submit(rollback: true, Files(rig))),
            End(lost, rig => rig.Submit(rollback: true, Files(rig))),
            End(refused, rig => rig.Submit(rollback: true, [[new Wanted(rig.At("a"), Bytes("new"))], []])),
            End(kept, rig => rig.Submit(rollback: false, Files(rig))));

        Assert.Equal(
            [
                "Failed [Skipped Failed] [Skipped Failed:engine_unreachable]", "RolledBack [RolledBack Failed] [Restored Failed:engine_unreachable]",
                "Failed [Skipped Failed] [Skipped]", "Partial [Ok Failed] [Written Failed:engine_unreachable]",
            ],
            ends.Select(x => x.End));
        var old = HostFolder.Line("a", Bytes("old"), "640", "7:8");
        Assert.Equal([old, old, old, HostFolder.Line("a", Bytes("new"))], await Task.WhenAll(away.Host(), lost.Host(), refused.Host(), kept.Host()));
        await Eventually.Equal(0, () => refused.Read(db => db.WorkItems.CountAsync()));
        Assert.Equal("Failed [Skipped Failed] [Skipped]", await refused.End(ends[2].Id));
        Assert.Equal(SyncErrorCodes.NoTargets, (await refused.Batch(ends[2].Id)).Error!.Code);

        static async Task<(Guid Id, string End)> End(SyncRig rig, Func<SyncRig, Task<Guid>> submit)
        {
            var id = await submit(rig);
            return (id, await rig.End(id));
        }
    }

    [Fact]
    public async Task An_engine_that_stays_away_between_snapshot_and_write_is_waited_for_to_the_deadline_and_then_restored()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("a", "old", "640", "7:8");
        var before = await rig.Host();
        rig.Proxy.Decide = line => line.Contains("/exec/", StringComparison.Ordinal) ? Fate.Held : rig.Proxy.Holding.IsCompleted ? Fate.LostBefore : Fate.Pass;
        var id = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("new")));
        await rig.Proxy.Holding.WaitAsync(TimeSpan.FromSeconds(60), Ct);

        // The deadline of minutes is over now.
        await rig.InDb(db => db.SyncTargets.ExecuteUpdateAsync(set => set.SetProperty(x => x.DeadlineAt, DateTime.UtcNow)));
        rig.Proxy.Drop();
        await Eventually.Equal(BatchStatus.RollingBack, () => rig.Status(id));
        rig.Proxy.Decide = _ => Fate.Pass;

        Assert.Equal("RolledBack [Failed] [Restored:engine_unreachable]", await rig.End(id));
        await NothingIsLeft(id);
        Assert.Equal(before, await rig.Host());
    }

    [Fact]
    public async Task A_helper_whose_engine_was_killed_as_it_removed_it_is_removed_all_the_same()
    {
        await using var engine = await DockerEngine.Start("removing");
        await using var rig = await SyncRig.Open(engine);
        await rig.Put("folder/inside", "x");
        rig.Proxy.Decide = line => line.StartsWith("DELETE", StringComparison.Ordinal) ? Fate.Held : rig.Proxy.Holding.IsCompleted ? Fate.LostBefore : Fate.Pass;
        var id = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("new")), new Wanted(rig.At("folder"), Bytes("no")));
        await rig.Proxy.Holding.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        var helper = await engine.Docker("ps", "-aq", "--no-trunc", "--filter", $"label=deployhub.batch={id}");

        await engine.KillInRemoval(helper);
        await engine.Restart();
        Assert.Equal("dead", await engine.Docker("inspect", "-f", "{{.State.Status}}", helper));
        rig.Proxy.Decide = _ => Fate.Pass;
        rig.Proxy.Drop();

        Assert.Equal("RolledBack [RolledBack Failed] [Restored Failed:target_is_no_file]", await rig.End(id));
        await Eventually.Equal("", () => engine.Docker("ps", "-aq", "--filter", $"label=deployhub.batch={id}"));
        await Eventually.Equal(0, () => rig.Read(db => db.WorkItems.CountAsync()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_read_back_and_differs_fails_the_target(bool rollback)
    {
        await using var rig = await SyncRig.Open(fixture.Engine);

        // Large, so that reading it back takes a while; what meddles looks without a pause, and mostly meddles in time.
        var wanted = new Wanted(rig.At("a"), new byte[24 << 20], 0b110_000_000);
        for (var tries = 1; ; tries++)
        {
            await rig.Put("a", "old", "640", "7:8");
            var before = await rig.Host();
            using var meddling = new CancellationTokenSource();
            var meddles = Task.Run(() => Meddle(wanted.Path, meddling.Token), Ct);
            var id = await rig.Submit(rollback, wanted);
            var end = await rig.End(id);
            await meddling.CancelAsync();
            await meddles;
            if (end.StartsWith("Ok", StringComparison.Ordinal) && tries < 10)
            {
                continue;
            }

            Assert.Equal(rollback ? "RolledBack [Failed] [Restored:read_back_differs]" : "Failed [Failed] [Failed:read_back_differs]", end);
            await NothingIsLeft(id);
            Assert.Equal(rollback ? before : HostFolder.Line("a", wanted.Bytes, "666"), await rig.Host());
            return;
        }
    }

    [Theory]
    [InlineData(true, true, "RolledBack [Failed] [Restored:reload_failed]")]
    [InlineData(true, false, "Partial [RollbackFailed] [RestoreFailed:restore_failed]")]
    [InlineData(false, true, "Failed [Failed] [Failed:reload_failed]")]
    public async Task A_container_that_cannot_be_restarted_fails_the_target_and_runs_again_where_it_can(bool rollback, bool comesBack, string expected)
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("a", "old", "640", "7:8");
        var (before, name, needed) = (await rig.Host(), $"sync-{Guid.NewGuid():n}", Directory.CreateTempSubdirectory("deployhub-sync-needed-").FullName);
        var image = (await fixture.Engine.Load(TestImage.Serving("x"), "sync/app", "v1")).Reference;
        await fixture.Engine.Docker("run", "-d", "--name", name, "--network", "none", "--mount", $"type=bind,source={needed},target=/needed", image);
        var restarts = 0;
        rig.Proxy.Decide = line =>
        {
            // Without the folder that it binds the container cannot be started.
            if (line.Contains("/restart?", StringComparison.Ordinal) && ++restarts == 1)
            {
                Directory.Delete(needed);
            }
            else if (restarts > 0 && comesBack && !Directory.Exists(needed) && line.Contains("/restart?", StringComparison.Ordinal))
            {
                Directory.CreateDirectory(needed);
            }

            return Fate.Pass;
        };

        var id = await rig.Submit(rollback, new Wanted(rig.At("a"), Bytes("new"), OnChange: OnChange.Restart, Container: name));

        Assert.Equal(expected, await rig.End(id));
        await NothingIsLeft(id);
        Assert.Equal(rollback ? before : HostFolder.Line("a", Bytes("new")), await rig.Host());
        Assert.Equal(rollback && comesBack ? "true" : "false", (await fixture.Engine.Docker("inspect", "-f", "{{.State.Running}}", name)).Trim());
        Assert.Contains(rollback && !comesBack ? "holds again what was there before" : "is in place, but container", (await rig.Targets(id))[0].Error!.Message, StringComparison.Ordinal);
        await fixture.Engine.Docker("rm", "-f", name);
        Directory.CreateDirectory(needed);
        Directory.Delete(needed);
    }

    [Fact]
    public async Task A_container_that_ended_of_the_new_file_runs_again_with_the_old_one()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("conf/a", "old");
        await rig.Put("folder/inside", "x");
        var name = $"sync-{Guid.NewGuid():n}";
        var image = (await fixture.Engine.Load(TestImage.Serving("x"), "sync/app", "v1")).Reference;
        await fixture.Engine.Docker(
            "run", "-d", "--name", name, "--network", "none", "-v", $"{rig.At("conf")}:/conf", "--entrypoint", "/bin/busybox", image, "sh", "-c", "grep -q old /conf/a && exec sleep 1000");

        // The failure comes once the container has been restarted for the first file.
        rig.Proxy.Decide = line => rig.Proxy.Count("/restart?") == 0 && line.Contains("folder", StringComparison.Ordinal) ? Fate.Held : Fate.Pass;
        var id = await rig.Submit(rollback: true, new Wanted(rig.At("conf/a"), Bytes("new"), OnChange: OnChange.Restart, Container: name), new Wanted(rig.At("folder"), Bytes("no")));
        await Eventually.Equal("exited", State);
        rig.Proxy.Release();

        Assert.Equal("RolledBack [RolledBack Failed] [Restored Failed:target_is_no_file]", await rig.End(id));
        Assert.Equal("old", await File.ReadAllTextAsync(rig.At("conf/a"), Ct));
        Assert.Equal("running", await State());
        await fixture.Engine.Docker("rm", "-f", name);

        async Task<string> State() => (await fixture.Engine.Docker("inspect", "-f", "{{.State.Status}}", name)).Trim();
    }

    [Fact]
    public async Task What_cannot_be_renamed_or_is_full_at_the_restore_is_told_and_leaves_nothing_beside()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("busy", "old");
        await rig.Put("over", "over");
        await rig.Put("folder/inside", "x");
        var full = Directory.CreateDirectory(rig.At("full")).FullName;
        await Programs.Run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", full]);
        await Programs.Run("mount", ["--bind", rig.At("over"), rig.At("busy")]);
        try
        {
            // A file that something is mounted over can be read, and nothing can be put beside it and renamed to it.
            var busy = await rig.Submit(rollback: true, new Wanted(rig.At("busy"), Bytes("new")));
            Assert.Equal("Failed [Failed] [Failed:engine_error]", await rig.End(busy));
            Assert.Equal("over", await File.ReadAllTextAsync(rig.At("busy"), Ct));

            // Somebody fills the disk as the former file, the larger one, is about to return.
            await File.WriteAllBytesAsync($"{full}/a", new byte[40_000], Ct);
            var puts = 0;
            rig.Proxy.Decide = line =>
            {
                if (line.StartsWith("PUT", StringComparison.Ordinal) && ++puts == 2)
                {
                    File.WriteAllBytes($"{full}/other", new byte[40_000]);
                }

                return Fate.Pass;
            };
            var id = await rig.Submit(rollback: true, new Wanted($"{full}/a", Bytes("new")), new Wanted(rig.At("folder"), Bytes("no")));

            Assert.Equal("Partial [RollbackFailed Failed] [RestoreFailed:restore_failed Failed:target_is_no_file]", await rig.End(id));
            Assert.Equal("new", await File.ReadAllTextAsync($"{full}/a", Ct));
            var target = (await rig.Targets(id))[0];
            Assert.NotNull(target.Snapshot);
            Assert.Contains("no space left", target.Error!.Message, StringComparison.OrdinalIgnoreCase);
            Assert.Contains($"table sync_targets, row {target.Id}", target.Error.Message, StringComparison.Ordinal);
            await NothingIsLeft(busy, id);
            Assert.DoesNotContain(Directory.GetFiles(rig.Folder, "*", SearchOption.AllDirectories), path => path.Contains("/.deployhub-", StringComparison.Ordinal));
        }
        finally
        {
            await Programs.Run("umount", ["-l", rig.At("busy")]);
            await Programs.Run("umount", ["-l", full]);
        }
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    // As soon as the large file stands at its path.
    private static void Meddle(string path, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            if (new FileInfo(path) is { Exists: true, Length: > 1_000_000 })
            {
                File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
                return;
            }
        }
    }

    private async Task NothingIsLeft(params Guid[] batches)
    {
        foreach (var batch in batches)
        {
            await Eventually.Equal(NothingLeft, async () =>
                (await fixture.Engine.Docker("ps", "-aq", "--filter", $"label=deployhub.batch={batch}")).Trim()
                + (await (await fixture.Second).Docker("ps", "-aq", "--filter", $"label=deployhub.batch={batch}")).Trim());
        }
    }
}
