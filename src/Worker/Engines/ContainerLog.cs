using System.Text;
using System.Threading.Channels;
using DeployHub.Contracts.Deployments;
using DeployHub.Docker;

namespace DeployHub.Worker.Engines;

/// <summary>Tells in the stream of a step's plan the first lines that its new container writes while the gate is held, at most once a second.</summary>
public sealed class ContainerLog(StepLog log)
{
    private const int MostLines = 50;
    private const int MostBytes = 16 * 1024;
    private const int MostCharacters = 1000;
    private static readonly TimeSpan Gathered = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(200);

    /// <summary>Holds the gate and tells beside it. What was read at the verdict is told before this returns; nothing of it fails the step.</summary>
    public async Task<DeploymentError?> Follow(StepFacts facts, EngineClient engine, ContainerInspection container, Func<Task<DeploymentError?>> gate, CancellationToken ct)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var verdict = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var lines = Channel.CreateBounded<string>(MostLines);
        var reading = Read(engine, container, lines.Writer, ended.Token);
        var telling = Tell(facts, lines.Reader, verdict.Token, ct);
        var failed = false;
        try
        {
            var error = await gate();
            failed = error is not null;
            return error;
        }
        finally
        {
            await verdict.CancelAsync();
            // Why a container failed is often in its last line. One that serves writes on, and nobody waits for that.
            ended.CancelAfter(failed ? LastWords : TimeSpan.Zero);
            await reading;
            await telling;
        }
    }

    private static async Task Read(EngineClient engine, ContainerInspection container, ChannelWriter<string> lines, CancellationToken ct)
    {
        try
        {
            var (count, bytes) = (0, 0);
            await foreach (var line in engine.FollowLogs(container.Id, container.HasTerminal, MostCharacters, ct))
            {
                bytes += Encoding.UTF8.GetByteCount(line);
                // PostgreSQL holds no NUL in JSON.
                if (bytes > MostBytes || !lines.TryWrite(line.Replace('\0', '\uFFFD')) || ++count == MostLines)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException)
        {
            // The gate has its verdict, or the log cannot be read: what was read is told.
        }
        finally
        {
            lines.Complete();
        }
    }

    private async Task Tell(StepFacts facts, ChannelReader<string> lines, CancellationToken verdict, CancellationToken ct)
    {
        while (await lines.WaitToReadAsync(CancellationToken.None))
        {
            await Task.Delay(Gathered, verdict).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var batch = new List<string>();
            while (lines.TryRead(out var line))
            {
                batch.Add(line);
            }

            await log.Tell(facts, "container", batch, ct);
        }
    }
}
