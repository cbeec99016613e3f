using System.Security.Cryptography;
using System.Text;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Environments;
using DeployHub.Domain.Servers;
using DeployHub.Hosting;
using DeployHub.Integration.Hub;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Secrets;
using DeployHub.Persistence.Work;
using DeployHub.Servers;
using DeployHub.Worker;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Integration.ConfigSync;

/// <summary>The engines that the tests of one class share; the second one starts when it is asked for.</summary>
public sealed class SyncEngine : IAsyncLifetime
{
    private readonly Lazy<Task<DockerEngine>> _second = new(() => DockerEngine.Start("sync-2"));

    public DockerEngine Engine { get; private set; } = null!;

    public Task<DockerEngine> Second => _second.Value;

    public async ValueTask InitializeAsync() => Engine = await DockerEngine.Start("sync");

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        if (_second.IsValueCreated)
        {
            await (await _second.Value).DisposeAsync();
        }
    }
}

/// <summary>What a batch is to write at one path of one of the rig's servers.</summary>
public sealed record Wanted(
    string Path, byte[] Bytes, int Mode = 0b110_100_100, int Uid = 0, int Gid = 0, OnChange OnChange = OnChange.Nothing, string Container = "none", string? Signal = null, int Server = 0);

/// <summary>A worker in this process on a database of its own, servers, and a folder of the host that may be written from all of them.</summary>
public sealed class SyncRig : IAsyncDisposable
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(SecretBox.KeyBytes);
    private readonly string _data = Directory.CreateTempSubdirectory("deployhub-sync-data-").FullName;
    private readonly Guid _environment = Guid.CreateVersion7();
    private readonly HostFolder _host = new();
    private WebApplication? _worker;

    private SyncRig(EngineProxy[] proxies) => (Proxies, Servers) = (proxies, Array.ConvertAll(proxies, _ => Guid.CreateVersion7()));

    /// <summary>What stands before the engine of each server.</summary>
    public EngineProxy[] Proxies { get; }

    public EngineProxy Proxy => Proxies[0];

    /// <summary>The ids of the servers.</summary>
    public Guid[] Servers { get; }

    /// <summary>The folder that may be written.</summary>
    public string Folder => _host.Path;

    /// <summary>A server for each engine; one that is named twice is registered twice.</summary>
    public static async Task<SyncRig> Open(params DockerEngine[] engines)
    {
        var rig = new SyncRig(Array.ConvertAll(engines, engine => new EngineProxy(engine.Uri)));
        await rig.Start();
        await rig.InDb(db => db.InTransaction(
            () =>
            {
                db.Add(new DeploymentEnvironment { Id = rig._environment, Name = "test", CreatedAt = DateTime.UtcNow });
                db.AddRange(rig.Servers.Select((id, i) => new Server
                {
                    Id = id, EnvironmentId = rig._environment, Name = $"web-{i + 1}", Endpoint = rig.Proxies[i].Endpoint,
                    WritableFolders = [rig.Folder, "/no/such/folder"], CreatedAt = DateTime.UtcNow,
                }));
                return Task.CompletedTask;
            },
            default));
        return rig;
    }

    public string At(string name) => _host.At(name);

    public async Task Start()
    {
        var builder = WebApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
        var settings = new HostSettings(new PersistenceOptions(null, Path.Combine(_data, "deployhub.db")), null, _data, _key);
        builder.AddDeployHub(settings, new WorkerBus());
        builder.Services.AddWorker(settings);
        _worker = builder.Build();
        await _worker.StartAsync();
    }

    public async Task Stop()
    {
        if (_worker is { } worker)
        {
            _worker = null;
            await worker.StopAsync();
            await worker.DisposeAsync();
        }
    }

    public async Task<T> Read<T>(Func<DeployHubDb, Task<T>> read)
    {
        await using var scope = _worker!.Services.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<DeployHubDb>());
    }

    public Task InDb(Func<DeployHubDb, Task> work) => Read(async db =>
    {
        await work(db);
        return true;
    });

    /// <summary>Accepts a batch of one operation for each target.</summary>
    public Task<Guid> Submit(bool rollback, params Wanted[] files) => Submit(rollback, Array.ConvertAll(files, file => new[] { file }));

    /// <summary>Accepts a batch as the Intake does: the targets of each operation; one without any has failed already.</summary>
    public async Task<Guid> Submit(bool rollback, Wanted[][] operations)
    {
        var (id, box, order) = (Guid.CreateVersion7(), new SecretBox(_key), 0);
        await InDb(db => db.InTransaction(
            () =>
            {
                var now = DateTime.UtcNow;
                db.Add(new SyncBatch
                {
                    Id = id, EnvironmentId = _environment, RollbackOnFailure = rollback, TriggerType = "test", TriggeredBy = "test", TargetCount = operations.Sum(x => x.Length),
                    CreatedAt = now, UpdatedAt = now,
                });
                for (var i = 0; i < operations.Length; i++)
                {
                    var (operation, fileId, failed) = (Guid.CreateVersion7(), Guid.CreateVersion7(), operations[i].Length == 0);
                    db.Add(new SyncOperation
                    {
                        Id = operation, BatchId = id, Index = i, ConfigFileId = fileId, ConfigFileName = $"file-{i}", ConfigFileVersion = 1,
                        Status = failed ? OperationStatus.Failed : OperationStatus.Pending, Error = failed ? new SyncError(SyncErrorCodes.NoTargets, "It is attached to nothing.") : null,
                    });
                    db.AddRange(operations[i].Select(file => new SyncTarget
                    {
                        Id = Guid.CreateVersion7(), BatchId = id, OperationId = operation, OperationIndex = i, ConfigFileId = fileId, Order = order++,
                        ServerId = Servers[file.Server], ServerName = $"web-{file.Server + 1}", ContainerName = file.Container, Path = file.Path, Mode = file.Mode, Uid = file.Uid, Gid = file.Gid,
                        OnChange = file.OnChange, Signal = file.Signal,
                        Content = box.SealBytes(file.Bytes), ToHash = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(file.Bytes))}",
                    }));
                }

                db.LineUp(id, operations.SelectMany(x => x).Select(file => TargetLock.ForFile(TargetLock.UnknownEngine(Servers[file.Server]), file.Path)));
                db.Send(Queues.ConfigSyncs, id, new BeginSyncBatch(id));
                db.AddWork(StepAct.SyncPrepare, id, id);
                db.Send(Queues.Steps, id, new PrepareSyncBatch(id));
                return Task.CompletedTask;
            },
            default));
        return id;
    }

    /// <summary>Asks the worker what the host holds, as the Api does.</summary>
    public async Task<List<HostFile>> Ask(params string[] names)
    {
        var client = _worker!.Services.GetRequiredService<IBus>().CreateRequestClient<ReadHostFiles>(new Uri($"queue:{Queues.Questions}"));
        return (await client.GetResponse<HostFilesRead>(new ReadHostFiles(Servers[0], [.. names.Select(At)]))).Message.Files;
    }

    public byte[] Open(byte[] sealedBytes) => new SecretBox(_key).OpenBytes(sealedBytes);

    public Task<SyncBatch> Batch(Guid id) => Read(db => db.SyncBatches.AsNoTracking().SingleAsync(x => x.Id == id));

    public Task<BatchStatus> Status(Guid id) => Read(db => db.SyncBatches.Where(x => x.Id == id).Select(x => x.Status).SingleAsync());

    public Task<List<SyncTarget>> Targets(Guid id) => Read(db => db.SyncTargets.AsNoTracking().Where(x => x.BatchId == id).OrderBy(x => x.Order).ToListAsync());

    /// <summary>How it ended: the batch, its operations and its targets in words, with the codes of their errors.</summary>
    public async Task<string> End(Guid id)
    {
        var batch = await Eventually.Value(() => Batch(id), x => x.HasEnded, TimeSpan.FromSeconds(60));
        var operations = await Read(db => db.SyncOperations.AsNoTracking().Where(x => x.BatchId == id).OrderBy(x => x.Index).ToListAsync());
        var targets = await Targets(id);
        return $"{batch.Status} [{string.Join(' ', operations.Select(x => x.Status))}] [{string.Join(' ', targets.Select(x => x.Error is null ? $"{x.Status}" : $"{x.Status}:{x.Error.Code}"))}]";
    }

    /// <summary>Everything under the folder.</summary>
    public Task<string> Host() => _host.Look();

    public Task Put(string name, string text, string mode = "644", string owner = "0:0") => _host.Put(name, text, mode, owner);

    public Task PutBytes(string name, byte[] bytes, string mode, string owner) => _host.Put(name, bytes, mode, owner);

    public async ValueTask DisposeAsync()
    {
        await Stop();
        Array.ForEach(Proxies, proxy => proxy.Dispose());
        _host.Dispose();
        Directory.Delete(_data, recursive: true);
    }
}
