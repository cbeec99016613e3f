using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;
using DeployHub.Domain.Servers;
using DeployHub.Persistence;
using DeployHub.Persistence.Secrets;
using DeployHub.Worker.Engines;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.ConfigSync;

/// <summary>Answers what a host holds at some paths, through a helper that is never started.</summary>
public sealed class HostFileQuestions(DeployHubDb db, EngineClients engines, Helpers helpers, SecretBox secrets) : IConsumer<ReadHostFiles>
{
    private const int ReadsAtOnce = 8;
    private static readonly TimeSpan RemoveDeadline = TimeSpan.FromSeconds(10);

    public async Task Consume(ConsumeContext<ReadHostFiles> context) => await context.RespondAsync(await Answer(context.Message, context.CancellationToken));

    private async Task<HostFilesRead> Answer(ReadHostFiles question, CancellationToken ct)
    {
        var server = await db.Servers.AsNoTracking().SingleAsync(x => x.Id == question.ServerId, ct);
        var engine = engines.For(server.Endpoint);
        var id = Guid.CreateVersion7();
        var answers = new HostFile[question.Paths.Count];
        try
        {
            // Somebody waits for the answer: an engine that hangs is told within seconds.
            await engines.Circuit(server.Endpoint).Check(doubt: true, ct);
            var helper = await helpers.ForReading(engine, server, id, ct);
            await Parallel.ForAsync(0, answers.Length, new ParallelOptions { MaxDegreeOfParallelism = ReadsAtOnce, CancellationToken = ct },
                async (i, token) => answers[i] = await Read(helper, server, question.Paths[i], question.HashesOnly, token));
        }
        catch (Exception e) when (e is EngineException or SyncFailureException)
        {
            var error = (e as SyncFailureException)?.Error ?? SyncFaults.Explain((EngineException)e, server.Name);
            answers = [.. question.Paths.Select(path => Unread(path, error))];
        }
        finally
        {
            await Remove(engine, id);
        }

        return new HostFilesRead([.. answers]);
    }

    private async Task<HostFile> Read(Helper helper, Server server, string path, bool hashOnly, CancellationToken ct)
    {
        try
        {
            HostFiles.CheckAllowed(server, path);
            var file = await HostFiles.Read(helper, await HostFiles.Resolve(helper, server, path, ct), ct);
            return file is null
                ? new HostFile(path, false, null, null, null, null, null, null)
                : new HostFile(path, true, hashOnly ? null : secrets.SealBytes(file.Bytes), file.Hash, file.Mode, file.Uid, file.Gid, null);
        }
        catch (SyncFailureException e)
        {
            return Unread(path, e.Error);
        }
    }

    private static HostFile Unread(string path, SyncError error) => new(path, false, null, null, null, null, null, error);

    // Also when whoever asked is gone; an engine that is away keeps a container that was never started, and does no harm by it.
    private static async Task Remove(EngineClient engine, Guid id)
    {
        try
        {
            using var deadline = new CancellationTokenSource(RemoveDeadline);
            await Helpers.Remove(engine, id, deadline.Token);
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException)
        {
        }
    }
}
