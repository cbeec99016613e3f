using System.Diagnostics;
using System.Globalization;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigSync;
using DeployHub.Integration.Hub;
using DeployHub.Servers;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.ConfigSync;

/// <summary>
/// The rule of all batches, tried on random ones with random trouble: each file of a host ends as exactly what it was or exactly what it
/// was to be (bytes, mode, owner, or absence), its status says which, and nothing is left over. What breaks it is told with the seed;
/// <c>WithReplay</c> plays it again.
/// </summary>
public sealed class SyncRuleTests(SyncEngine fixture) : IClassFixture<SyncEngine>
{
    private const int Runs = 30;

    // On a slow machine fewer are tried.
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Every_file_ends_as_exactly_the_old_or_the_new_one_and_its_status_says_which()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await using var disks = await Disks.Mount(rig);
        var clock = Stopwatch.StartNew();
        var runs = 0;
        var rule = Prop.ForAll(RandomBatch.Arbitrary, async batch =>
        {
            if (clock.Elapsed < Budget)
            {
                await new RuleRun(rig, fixture.Engine, disks, $"run-{++runs}", batch).Holds();
            }
        });
        await Task.Run(() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(Runs), rule), TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} batches in {clock.Elapsed.TotalSeconds:F0} s");
    }

    /// <summary>A disk that is small and one that can be made read-only, below the folder that may be written.</summary>
    private sealed class Disks(SyncRig rig) : IAsyncDisposable
    {
        public static async Task<Disks> Mount(SyncRig rig)
        {
            foreach (var name in new[] { "small", "fixed" })
            {
                Directory.CreateDirectory(rig.At(name));
                await Programs.Run("mount", ["-t", "tmpfs", "-o", $"size={RandomTarget.DiskBytes >> 10}k", "tmpfs", rig.At(name)]);
            }

            return new Disks(rig);
        }

        public Task MakeFixed(bool readOnly) => Programs.Run("mount", ["-o", $"remount,{(readOnly ? "ro" : "rw")}", rig.At("fixed")]);

        public async ValueTask DisposeAsync()
        {
            await Programs.Run("umount", ["-l", rig.At("small")]);
            await Programs.Run("umount", ["-l", rig.At("fixed")]);
        }
    }

    private sealed class RuleRun(SyncRig rig, DockerEngine engine, Disks disks, string name, RandomBatch batch)
    {
        private readonly List<(string Name, RandomTarget Target)> _targets = [];

        public async Task Holds()
        {
            var operations = MakeRoom();
            foreach (var (path, target) in _targets)
            {
                await PutFormer(path, target);
            }

            await disks.MakeFixed(readOnly: true);
            var before = await Look();
            var id = await Play(operations);
            await NothingIsLeft(id);
            Check(before, await Look(), await rig.Targets(id), (await rig.Batch(id)).Status);
            await disks.MakeFixed(readOnly: false);
            foreach (var folder in new[] { rig.At(name), rig.At($"small/{name}"), rig.At($"fixed/{name}") })
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        // The folders, and what the batch is to write into them.
        private Wanted[][] MakeRoom()
        {
            foreach (var folder in new[] { $"{name}/deep/er", $"small/{name}", $"fixed/{name}" })
            {
                Directory.CreateDirectory(rig.At(folder));
            }

            File.WriteAllText(rig.At($"{name}/file"), "no folder");
            return Array.ConvertAll(batch.Operations, operation => Array.ConvertAll(operation, target =>
            {
                var file = $"t{_targets.Count}";
                var path = target.Place switch
                {
                    Place.Deep => $"{name}/deep/er/{file}",
                    Place.MissingFolder => $"{name}/missing/{file}",
                    Place.FileForFolder => $"{name}/file/{file}",
                    Place.ReadOnly => $"fixed/{name}/{file}",
                    Place.FullDisk => $"small/{name}/{file}",
                    Place.Outside => $"../deployhub-outside-{file}",
                    _ => $"{name}/{file}",
                };
                _targets.Add((path, target));
                var owner = Array.ConvertAll(target.Owner.Split(':'), x => int.Parse(x, CultureInfo.InvariantCulture));
                return new Wanted(Path.GetFullPath(rig.At(path)), New(target), Convert.ToInt32(target.Mode, 8), owner[0], owner[1]);
            }));
        }

        private Task PutFormer(string path, RandomTarget target)
        {
            if (!target.HasFormer)
            {
                return Task.CompletedTask;
            }

            return target.Former switch
            {
                Former.Folder => Task.FromResult(Directory.CreateDirectory(rig.At(path))),
                Former.Same when !target.ExceedsDisk => rig.PutBytes(path, New(target), target.Mode, target.Owner),
                Former.SameBytes when !target.ExceedsDisk => rig.PutBytes(path, New(target), target.FormerMode, target.FormerOwner),
                _ => rig.Put(path, "what was there before\n", target.FormerMode, target.FormerOwner),
            };
        }

        private async Task<Guid> Play(Wanted[][] operations)
        {
            var (hits, hit) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            rig.Proxy.Decide = line =>
            {
                var now = batch.Trouble != Trouble.None && batch.IsHit(line) && ++hits == batch.Nth;
                if (now)
                {
                    hit.TrySetResult();
                }

                return now ? batch.Fate : batch.Trouble == Trouble.WorkerLost && hit.Task.IsCompleted ? Fate.LostBefore : Fate.Pass;
            };
            var id = await rig.Submit(batch.Rollback, operations);
            var end = rig.End(id);
            if (batch.Trouble == Trouble.WorkerLost && await Task.WhenAny(hit.Task, end) == hit.Task)
            {
                await rig.Stop();
                rig.Proxy.Decide = _ => Fate.Pass;
                await rig.Start();
            }

            await rig.End(id);
            rig.Proxy.Decide = _ => Fate.Pass;
            return id;
        }

        private void Check(Dictionary<string, string> before, Dictionary<string, string> after, List<SyncTarget> targets, BatchStatus status)
        {
            for (var i = 0; i < targets.Count; i++)
            {
                var (path, target) = _targets[i];
                var (old, now, word) = (before.GetValueOrDefault(path, ""), after.GetValueOrDefault(path, ""), targets[i].Status);
                var made = HostFolder.Line(path, New(target), target.Mode, target.Owner);
                var wanted = word switch
                {
                    TargetStatus.Written => made,
                    TargetStatus.Unchanged when old == made => made,
                    TargetStatus.Failed or TargetStatus.Restored or TargetStatus.Skipped => old,
                    _ => $"never {word}",
                };
                Assert.True(wanted == now, $"{path} is {word} ({targets[i].Error})\nwanted: {Short(wanted)}\nfound:  {Short(now)}");
                Assert.False(word is TargetStatus.Written or TargetStatus.Unchanged && target.MustFail, $"{path} cannot be {word}");
                Assert.False(targets[i].Error is not null && !target.MayFail, $"{path} failed without a reason: {targets[i].Error}");
            }

            // Nothing else was touched.
            var own = _targets.Select(x => x.Name).ToHashSet();
            Assert.Equal(before.Where(x => !own.Contains(x.Key)), after.Where(x => !own.Contains(x.Key)));
            Assert.Equal(Expected(targets), status);
        }

        private BatchStatus Expected(List<SyncTarget> targets)
        {
            var right = targets.GroupBy(x => x.OperationIndex).Select(x => x.All(target => target.Status is TargetStatus.Written or TargetStatus.Unchanged)).ToList();
            return targets.TrueForAll(x => x.Error is null) && right.TrueForAll(x => x) ? BatchStatus.Ok
                : batch.Rollback ? targets.Exists(x => x.Status == TargetStatus.Restored) ? BatchStatus.RolledBack : BatchStatus.Failed
                : right.Exists(x => x) ? BatchStatus.Partial : BatchStatus.Failed;
        }

        private async Task NothingIsLeft(Guid id)
        {
            await Eventually.Equal(
                " 0 0 0",
                async () => (await engine.Docker("ps", "-aq", "--filter", $"label=deployhub.batch={id}")).Trim() + await rig.Read(async db =>
                    $" {await db.WorkItems.CountAsync()} {await db.TargetLocks.CountAsync()} {await db.Outbox.CountAsync(x => x.CorrelationId == id)}"),
                TimeSpan.FromSeconds(60));
        }

        private async Task<Dictionary<string, string>> Look() =>
            (await rig.Host()).Split('\n', StringSplitOptions.RemoveEmptyEntries).ToDictionary(line => line[..line.IndexOf(' ', StringComparison.Ordinal)], line => $"{line}\n");

        private static byte[] New(RandomTarget target) => [.. Enumerable.Range(0, target.Size).Select(i => (byte)(i * 31))];

        private static string Short(string line) => line.Length > 200 ? $"{line[..200]}… ({line.Length} characters)" : line;
    }
}
