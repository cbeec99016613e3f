using DeployHub.Contracts.Errors;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.Features;

namespace DeployHub.Api.Streams;

/// <summary>
/// The open stream. It holds its connection, its place and its number, and nothing of the database: the request's scope ends where the stream
/// begins, and each read has one of its own.
/// </summary>
internal sealed partial class StreamAnswer(Guid id, StreamSubject subject, StreamPlace place, StreamStart start) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var services = httpContext.RequestServices.GetRequiredService<IServiceScopeFactory>();
        var live = httpContext.RequestServices.GetRequiredService<LiveStreams>();
        var stopping = httpContext.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var times = httpContext.RequestServices.GetRequiredService<StreamTimes>();
        var log = httpContext.RequestServices.GetRequiredService<ILogger<StreamAnswer>>();
        using var mine = place;
        var feed = live.Watch(id, subject);
        try
        {
            await EndScope(httpContext);
            live.Begin(feed, start.Head);
            var response = httpContext.Response;
            response.ContentType = "text/event-stream; charset=utf-8";
            response.Headers.CacheControl = "no-store";
            response.Headers["X-Accel-Buffering"] = "no";
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, place.NotSeen, stopping);
            var writer = new StreamWriter(httpContext, feed, times, services, ended.Token);
            if (!await writer.Run(start) && !httpContext.RequestAborted.IsCancellationRequested)
            {
                await writer.SayWhyItEnds(place.NotSeen.IsCancellationRequested
                    ? new StreamEnd(ErrorCodes.Unauthorized, "The token of this stream is not accepted any more, or may not see this any more. Connect again with one that is and may.")
                    : new StreamEnd(ErrorCodes.ServiceUnavailable, "This server stops. Connect again: what comes next is told from where you are."));
            }
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone.
        }
        catch (StreamStalledException)
        {
            Dropped(log, subject.Noun, id);
            httpContext.Abort();
        }
        catch (Exception e) when (DatabaseOutage.Is(e))
        {
            Broken(log, e.Message, subject.Noun, id);
            httpContext.Abort();
        }
        finally
        {
            live.Leave(feed);
        }
    }

    // The context that the caller was looked up with goes back to its pool now, and not when the stream ends.
    private static async Task EndScope(HttpContext http)
    {
        if (http.Features.Get<IServiceProvidersFeature>() is IAsyncDisposable scope)
        {
            await scope.DisposeAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A client that had stopped reading was dropped from the stream of {Noun} {Id}.")]
    private static partial void Dropped(ILogger log, string noun, Guid id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A stream of {Noun} {Id} was cut, since the database cannot be read; its client may resume it. {Reason}")]
    private static partial void Broken(ILogger log, string reason, string noun, Guid id);
}

/// <summary>Why a stream ends before its subject does; an <c>end</c> event.</summary>
internal sealed record StreamEnd(string Code, string Message);

/// <summary>The client did not read for as long as it may.</summary>
internal sealed class StreamStalledException() : Exception("The client stopped reading.");
