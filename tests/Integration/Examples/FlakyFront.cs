using System.Net;
using DeployHub.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DeployHub.Integration.Examples;

/// <summary>What happens to a request on its way.</summary>
internal enum Trouble
{
    None,

    /// <summary>It is done, and its answer is lost with the connection.</summary>
    LosesAnswer,

    /// <summary>It is lost with the connection.</summary>
    LosesRequest,

    /// <summary>503 with Retry-After.</summary>
    Busy,

    /// <summary>429 with Retry-After.</summary>
    TooMany,
}

/// <summary>A proxy before a real server that gives one request after the other its trouble, and then has none any more.</summary>
internal sealed class FlakyFront : IAsyncDisposable
{
    private readonly Uri _server;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Queue<Trouble> _troubles;
    private WebApplication _app = null!;

    private FlakyFront(Uri server, Trouble[] troubles) => (_server, _troubles) = (server, new Queue<Trouble>(troubles));

    public Uri Address => new(_app.Urls.Single());

    /// <summary>The troubles that no request has met yet.</summary>
    public IEnumerable<Trouble> Left => _troubles;

    public static async Task<FlakyFront> Before(Uri server, params Trouble[] troubles)
    {
        var front = new FlakyFront(server, troubles);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{FreePorts.Next()}");
        builder.Logging.ClearProviders();
        front._app = builder.Build();
        front._app.Run(front.Pass);
        await front._app.StartAsync();
        return front;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task Pass(HttpContext http)
    {
        var trouble = _troubles.TryDequeue(out var next) ? next : Trouble.None;
        switch (trouble)
        {
            case Trouble.LosesRequest:
                http.Abort();
                return;
            case Trouble.Busy or Trouble.TooMany:
                http.Response.StatusCode = (int)(trouble == Trouble.Busy ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.TooManyRequests);
                http.Response.Headers.RetryAfter = "1";
                return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), new Uri(_server, http.Request.Path + http.Request.QueryString.Value));
        request.Content = http.Request.ContentLength > 0 ? new StreamContent(http.Request.Body) : null;
        foreach (var (name, value) in http.Request.Headers.Where(x => x.Key != "Host"))
        {
            _ = request.Headers.TryAddWithoutValidation(name, [.. value]) || request.Content?.Headers.TryAddWithoutValidation(name, [.. value]) == true;
        }

        using var answer = await _http.SendAsync(request);
        if (trouble == Trouble.LosesAnswer)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, value) in answer.Headers.Concat(answer.Content.Headers).Where(x => x.Key != "Transfer-Encoding"))
        {
            http.Response.Headers[name] = value.ToArray();
        }

        await answer.Content.CopyToAsync(http.Response.Body);
    }
}
