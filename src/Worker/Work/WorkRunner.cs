using System.Collections.Concurrent;
using System.Diagnostics;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Work;

/// <summary>
/// Runs claimed work outside of any transaction and any message: a message (or the end of somebody's lease) leads to a claim, the claim to
/// a run, and the run commits its own result. A heartbeat keeps the leases; when it fails, the runs end before another worker may begin.
/// </summary>
public sealed partial class WorkRunner(IServiceScopeFactory scopes, PersistenceOptions persistence, ILogger<WorkRunner> log) : BackgroundService
{
    private const int MostAttempts = 5;

    // Of what waits for a place at its server, too: so many rows of servers that hang do not hide the others.
    private const int MostLookedAt = 4096;
    private static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(3);

    // A run ends this long before its lease does, so that no call of it is under way when another worker takes over.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    // New work is announced by a message, and the end of a known lease by its time; this finds what neither told of, such as work that
    // another worker handed back when it stopped. Two reads of an index.
    private static readonly TimeSpan Backstop = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HandBackDeadline = TimeSpan.FromSeconds(5);

    private readonly Guid _owner = Guid.CreateVersion7();
    private readonly SemaphoreSlim _slots = new(WorkLimits.AtOnce);
    private readonly Places _places = new(WorkLimits.AtOnce, WorkLimits.AtOnceAServer);
    private readonly ConcurrentDictionary<(Guid SubjectId, StepAct Act), (CancellationTokenSource Lease, StopSignal Stop, Task Run)> _running = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Wake _wake = new();

    /// <summary>How many pieces of work this process is at.</summary>
    public int Running => _running.Count;

    /// <summary>
    /// Claims the work and begins it, once there is room in this process. Does nothing when another has it, when it is done, or when as much as
    /// may be is under way at its server or registry: the row stands, and is taken up when there is a place, here or elsewhere.
    /// </summary>
    public async Task Accept(StepAct act, Guid subjectId, CancellationToken ct)
    {
        if (_stopping.IsCancellationRequested || _running.ContainsKey((subjectId, act)))
        {
            return;
        }

        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();

        // Everybody waits for a plan's preparation, and what it needs to be claimed is known without a look: it asks many servers. Of a stop the heartbeat tells.
        var outstanding = act == StepAct.Prepare ? new OutstandingWork(subjectId, act, 0, null, null, null) : await db.FindOutstanding(act, subjectId, ct);
        if (outstanding is { } work)
        {
            await Accept(db, work, ct);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        try
        {
            // Every run has a slot, and so has every claim that is about to become one.
            for (var slot = 0; slot < WorkLimits.AtOnce; slot++)
            {
                await _slots.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            await base.StopAsync(cancellationToken);
        }
    }

    public override void Dispose()
    {
        _slots.Dispose();
        _stopping.Dispose();
        base.Dispose();
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (persistence.SqliteFile is not null)
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<DeployHubDb>().EndLeasesOfTheDead(cancellationToken);
        }

        await base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Periodically(Heartbeat, stoppingToken), Periodically(TakeOver, stoppingToken));

    private async Task Accept(DeployHubDb db, OutstandingWork work, CancellationToken ct)
    {
        var place = WorkPlace.Of(work);
        if (_running.ContainsKey((work.SubjectId, work.Act)) || !_places.TryEnter(place))
        {
            return;
        }

        var (begun, slot) = (false, false);
        try
        {
            slot = await WaitForSlot(ct);
            var claimedAt = Stopwatch.GetTimestamp();
            if (slot && await db.Claim(work.Act, work.SubjectId, _owner, ct))
            {
                if (work.Attempts > 0)
                {
                    TakesOver(work.Act, work.SubjectId);
                }

                begun = true;
                var claim = new WorkClaim(work.Act, work.SubjectId, _owner);
                if (work.StopAt is { } point)
                {
                    claim.Stop.Tell(point);
                }

                Begin(claim, place, claimedAt);
            }
        }
        finally
        {
            if (!begun)
            {
                Leave(place);
                _ = slot ? _slots.Release() : 0;
            }
        }
    }

    private void Leave(WorkPlace place)
    {
        if (_places.Leave(place))
        {
            _wake.Now();
        }
    }

    // False when the host stops: it begins nothing more. The row stands, and another worker finds it.
    private async Task<bool> WaitForSlot(CancellationToken ct)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping.Token);
        try
        {
            await _slots.WaitAsync(waiting.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return false;
        }

        // A run that the stop ended may have freed the slot before this wait heard of the stop.
        if (_stopping.IsCancellationRequested)
        {
            _slots.Release();
            return false;
        }

        return true;
    }

    private void Begin(WorkClaim claim, WorkPlace place, long claimedAt)
    {
        var lease = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        lease.CancelAfter(Left(claimedAt));
        var key = (claim.SubjectId, claim.Act);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = Task.Run(async () =>
        {
            await begun.Task;
            try
            {
                await Run(claim, lease.Token);
            }
            finally
            {
                _running.TryRemove(key, out _);
                Leave(place);
                _slots.Release();
                lease.Dispose();
            }
        });
        _running[key] = (lease, claim.Stop, run);
        begun.SetResult();
    }

    private async Task Run(WorkClaim claim, CancellationToken lease)
    {
        await using var scope = scopes.CreateAsyncScope();
        var work = scope.ServiceProvider.GetRequiredKeyedService<IStepWork>(claim.Act);
        try
        {
            await work.Run(claim, lease);
        }
        catch (Exception e) when (lease.IsCancellationRequested || e is LeaseLostException)
        {
            LeaseEnded(claim.Act, claim.SubjectId, _stopping.IsCancellationRequested ? "the host stops" : "the lease was lost");
            if (_stopping.IsCancellationRequested)
            {
                await HandBack(claim, TimeSpan.Zero);
            }
        }
        catch (Exception e)
        {
            await Again(work, claim, e, lease);
        }
    }

    // What the work itself did not foresee: try again a few times, then end it as failed rather than for ever.
    private async Task Again(IStepWork work, WorkClaim claim, Exception problem, CancellationToken lease)
    {
        Failed(problem, claim.Act, claim.SubjectId);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
            var attempts = await db.WorkItems.Where(x => x.SubjectId == claim.SubjectId && x.Act == claim.Act).Select(x => x.Attempts).SingleOrDefaultAsync(lease);
            if (attempts >= MostAttempts)
            {
                await work.GiveUp(claim, problem, lease);
            }
            else
            {
                await HandBack(claim, TimeSpan.FromSeconds(Math.Pow(2, attempts)));
            }
        }
        catch (Exception e)
        {
            // The database is away, most likely. The lease runs out by itself and the work is claimed again.
            Failed(e, claim.Act, claim.SubjectId);
        }
    }

    private async Task HandBack(WorkClaim claim, TimeSpan pause)
    {
        using var deadline = new CancellationTokenSource(HandBackDeadline);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        await db.GiveBack(claim.Act, claim.SubjectId, claim.Owner, pause, deadline.Token);
        _wake.At(DateTime.UtcNow + pause);
    }

    private async Task Heartbeat(CancellationToken ct)
    {
        await Task.Delay(HeartbeatEvery, ct);
        var before = _running.ToArray();
        if (before.Length == 0)
        {
            return;
        }

        var began = Stopwatch.GetTimestamp();
        await using var scope = scopes.CreateAsyncScope();
        var held = (await scope.ServiceProvider.GetRequiredService<DeployHubDb>().Heartbeat(_owner, [.. before.Select(x => x.Key.SubjectId)], ct))
            .ToDictionary(x => (x.SubjectId, x.Act), x => x.StopAt);
        foreach (var (key, run) in before)
        {
            if (_running.ContainsKey(key))
            {
                Extend(run.Lease, held.ContainsKey(key) ? Left(began) : TimeSpan.Zero);
            }

            if (held.GetValueOrDefault(key) is { } point)
            {
                run.Stop.Tell(point);
            }
        }
    }

    private static void Extend(CancellationTokenSource lease, TimeSpan left)
    {
        try
        {
            lease.CancelAfter(left);
        }
        catch (ObjectDisposedException)
        {
            // The run ended between the look and the extension; there is nothing left to extend.
        }
    }

    private static TimeSpan Left(long since)
    {
        var left = WorkClaims.Lease - Margin - Stopwatch.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async Task TakeOver(CancellationToken ct)
    {
        await using (var scope = scopes.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
            foreach (var work in await db.Claimable(MostLookedAt, ct))
            {
                // What it has just handed back is for another worker.
                if (_stopping.IsCancellationRequested)
                {
                    break;
                }

                await Accept(db, work, ct);
            }

            if (await db.NextClaimableAt(ct) is { } next && next > DateTime.UtcNow)
            {
                _wake.At(next);
            }
        }

        await _wake.Wait(Backstop, ct);
    }

    // The database may be away: the leases end by their own timers, and this goes on when it is back.
    private async Task Periodically(Func<CancellationToken, Task> act, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await act(ct);
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                Stumbled(e);
                await Task.Delay(TimeSpan.FromSeconds(1), ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Act} of {SubjectId} is given up here: {Reason}.")]
    private partial void LeaseEnded(StepAct act, Guid subjectId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Act} of {SubjectId} was left by another worker; taking it over.")]
    private partial void TakesOver(StepAct act, Guid subjectId);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Act} of {SubjectId} failed unexpectedly.")]
    private partial void Failed(Exception problem, StepAct act, Guid subjectId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Claims and heartbeats stumbled and go on in a second.")]
    private partial void Stumbled(Exception problem);
}

internal static class WorkLimits
{
    /// <summary>Pieces of work that one process is at, at once. Each is mostly waiting for an engine, so this bounds memory alone.</summary>
    public const int AtOnce = 512;

    /// <summary>Of these, on one server: as much as its engine can make use of.</summary>
    public const int AtOnceAServer = 32;
}
