using DeployHub.Api.Access;
using DeployHub.Persistence;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Streams;

/// <summary>Writes what a feed holds, and what it does not hold any more from the table, to one client at the client's own pace.</summary>
internal sealed class StreamWriter(HttpContext http, StreamFeed feed, StreamTimes times, IServiceScopeFactory scopes, CancellationToken ended)
{
    private const int EntriesAtOnce = 50;
    private long _at;

    /// <summary>True when the subject has ended, and all of it is told; false when the stream has to end before.</summary>
    /// <exception cref="StreamStalledException">The client stopped reading.</exception>
    public async Task<bool> Run(StreamStart start)
    {
        await Write(EventText.Retry);
        _at = start.From;
        if (start is { HasEnded: true, Head: 0 })
        {
            // It ended before anything was told of it in this way.
            await WriteDone(0);
            return true;
        }

        // Only the table says whether a place was never reached: the feed may know less than a client that comes from another process.
        if (_at > start.Head && await Reset(start.Head))
        {
            return true;
        }

        while (!ended.IsCancellationRequested)
        {
            var look = feed.LookBehind(_at);
            if (await WriteOn(look))
            {
                return true;
            }

            if (_at >= look.Last)
            {
                await WaitFor(look.More);
            }
        }

        return false;
    }

    public Task SayWhyItEnds(StreamEnd end) => Write(EventText.Of("end", null, end));

    private async Task<bool> WriteOn(FeedLook look)
    {
        if (look.Frames is { } held)
        {
            return await WriteAll(held, look.Last);
        }

        var read = await ReadBehind(_at);
        if (read.Count == 0 || read[0].Number != _at + 1)
        {
            return await Reset(read.Count == 0 ? look.Last : read[0].Number - 1);
        }

        return await WriteAll(read, Math.Max(look.Last, read[^1].Number));
    }

    private async Task<bool> WriteAll(IReadOnlyList<StreamFrame> frames, long last)
    {
        foreach (var frame in frames)
        {
            if (ended.IsCancellationRequested)
            {
                return false;
            }

            _at = frame.Number;
            if (frame.Kind != StreamKinds.Done)
            {
                await Write(frame.Bytes);
            }
            else if (frame.Number >= last)
            {
                // An end that somebody went on from is passed over.
                await WriteDone(frame.Number);
                return true;
            }
        }

        return false;
    }

    // The place is one that is not kept any more, or was never reached: the client gets all of it as it stands, and goes on from there.
    private async Task<bool> Reset(long number)
    {
        const string message = "What came after your Last-Event-ID is not kept any more, or that id is not of this stream. Forget what you have, and go on from here.";
        var present = await Present();
        _at = number;
        await Write(EventText.Of("reset", number, present is { } state
            ? new Dictionary<string, object> { ["message"] = message, [feed.Subject.Noun] = state.View }
            : new Dictionary<string, object> { ["message"] = message }));
        if (present is not { HasEnded: true })
        {
            return false;
        }

        await WriteDone(number);
        return true;
    }

    // What has ended waits for nobody, which is all that not every caller sees alike.
    private async Task WriteDone(long number) => await Write(await feed.Done(number, async () =>
        await Present() is { } present ? EventText.Of(StreamKinds.Done, number, present.View) : EventText.Of(StreamKinds.Done, number, "{}")));

    private async Task<(object View, bool HasEnded)?> Present()
    {
        await using var scope = scopes.CreateAsyncScope();
        return await feed.Subject.Present(scope.ServiceProvider, feed.Id, http.Caller(), CancellationToken.None);
    }

    private async Task<List<StreamFrame>> ReadBehind(long number)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        var entries = await db.StreamEntries.AsNoTracking().Where(x => x.StreamId == feed.Id && x.Number > number).OrderBy(x => x.Number).Take(EntriesAtOnce).ToListAsync(ended);
        return entries.ConvertAll(feed.Subject.Frame);
    }

    // The line holds some tens of KiB; then a write waits until the client reads.
    private async Task Write(byte[] bytes)
    {
        var write = http.Response.BodyWriter.WriteAsync(bytes, http.RequestAborted);
        try
        {
            await (write.IsCompleted ? write.AsTask() : write.AsTask().WaitAsync(times.StallsAtMost, http.RequestAborted));
        }
        catch (TimeoutException)
        {
            throw new StreamStalledException();
        }
    }

    private async Task WaitFor(Task more)
    {
        while (!more.IsCompleted && !ended.IsCancellationRequested)
        {
            await more.WaitAsync(times.KeepAliveEvery, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!more.IsCompleted && !ended.IsCancellationRequested)
            {
                await Write(EventText.KeepAlive);
            }
        }
    }
}
