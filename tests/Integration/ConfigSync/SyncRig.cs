using System.Security.Cryptography;
using System.Text;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Environments;
using DeployHub.Domain.Servers;
using DeployHub.Hosting;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Secrets;
using DeployHub.Servers;
using DeployHub.Worker;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Integration.ConfigSync;

/// <summary>The engine that the tests share.</summary>
public sealed class SyncEngine : IAsyncLifetime
{
    public DockerEngine Engine { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Engine = await DockerEngine.Start("sync");

    public ValueTask DisposeAsync() => Engine.DisposeAsync();
}

/// <summary>What a batch is to write at one path.</summary>
public sealed record Wanted(string Path, byte[] Bytes, int Mode = 0b110_100_100, int Uid = 0, int Gid = 0, OnChange OnChange = OnChange.Nothing, string Container = "none", string? Signal = null);

/// <summary>A worker in this process on a database of its own, a server, and a folder of the host that may be written.</summary>
public sealed class SyncRig : IAsyncDisposable
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(SecretBox.KeyBytes);
    private readonly string _data = Directory.CreateTempSubdirectory("deployhub-sync-data-").FullName;
    private readonly Guid _environment = Guid.CreateVersion7();
    private readonly Guid _server = Guid.CreateVersion7();
    private readonly HostFolder _host = new();
    private WebApplication? _worker;

    private SyncRig(EngineProxy proxy) => Proxy = proxy;

    public EngineProxy Proxy { get; }

    /// <summary>The folder that may be written.</summary>
    public string Folder => _host.Path;

    public Guid ServerId => _server;

    public static async Task<SyncRig> Open(DockerEngine engine)
    {
        var rig = new SyncRig(new EngineProxy(engine.Uri));
        await rig.Start();
        await rig.InDb(db => db.InTransaction(
            () =>
            {
                db.Add(new DeploymentEnvironment { Id = rig._environment, Name = "test", CreatedAt = DateTime.UtcNow });
                db.Add(new Server
                {
                    Id = rig._server, EnvironmentId = rig._environment, Name = "web-1", Endpoint = rig.Proxy.Endpoint,
                    WritableFolders = [rig.Folder, "/no/such/folder"], CreatedAt = DateTime.UtcNow,
                });
                return Task.CompletedTask;
            },
            default));
        return rig;
    }

    public string At(string name) => _host.At(name);

    public async Task Start()
    {
        var builder = WebApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
        builder.AddDeployHub(new HostSettings(new PersistenceOptions(null, Path.Combine(_data, "deployhub.db")), null, _data, _key), new WorkerBus());
        builder.Services.AddWorker();
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

    /// <summary>Accepts a batch of one operation for each target, as the Intake does.</summary>
    public async Task<Guid> Submit(bool rollback, params Wanted[] files)
    {
        var (id, box) = (Guid.CreateVersion7(), new SecretBox(_key));
        await InDb(db => db.InTransaction(
            () =>
            {
                var now = DateTime.UtcNow;
                db.Add(new SyncBatch
                {
                    Id = id, EnvironmentId = _environment, RollbackOnFailure = rollback, TriggerType = "test", TriggeredBy = "test", TargetCount = files.Length, CreatedAt = now, UpdatedAt = now,
                });
                for (var i = 0; i < files.Length; i++)
                {
                    var (operation, file, fileId) = (Guid.CreateVersion7(), files[i], Guid.CreateVersion7());
                    db.Add(new SyncOperation { Id = operation, BatchId = id, Index = i, ConfigFileId = fileId, ConfigFileName = $"file-{i}", ConfigFileVersion = 1 });
                    db.Add(new SyncTarget
                    {
                        Id = Guid.CreateVersion7(), BatchId = id, OperationId = operation, OperationIndex = i, ConfigFileId = fileId, Order = i, ServerId = _server, ServerName = "web-1",
                        ContainerName = file.Container, Path = file.Path, Mode = file.Mode, Uid = file.Uid, Gid = file.Gid, OnChange = file.OnChange, Signal = file.Signal,
                        Content = box.SealBytes(file.Bytes), ToHash = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(file.Bytes))}",
                    });
                }

                db.LineUp(id, files.Select(file => TargetLock.ForFile(TargetLock.UnknownEngine(_server), file.Path)));
                db.Send(Queues.ConfigSyncs, id, new ExecuteSyncBatch(id));
                return Task.CompletedTask;
            },
            default));
        return id;
    }

    /// <summary>Asks the worker what the host holds, as the Api does.</summary>
    public async Task<List<HostFile>> Ask(params string[] names)
    {
        var client = _worker!.Services.GetRequiredService<IBus>().CreateRequestClient<ReadHostFiles>(new Uri($"queue:{Queues.Questions}"));
        return (await client.GetResponse<HostFilesRead>(new ReadHostFiles(_server, [.. names.Select(At)]))).Message.Files;
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

    public async ValueTask DisposeAsync()
    {
        await Stop();
        Proxy.Dispose();
        _host.Dispose();
        Directory.Delete(_data, recursive: true);
    }
}
