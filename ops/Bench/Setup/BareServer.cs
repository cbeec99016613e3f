using System.Globalization;
using System.Net;
using DeployHub.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DeployHub.Bench.Setup;

/// <summary>An ASP.NET Core program that has nothing to do: answers one file's bytes, or 304 to whoever has them.</summary>
internal sealed class BareServer : IAsyncDisposable
{
    public const string Command = "bare-server";
    public const string Tag = "\"bare\"";
    private readonly AppProcess _process;

    private BareServer(AppProcess process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>What the process is made of.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "DeployHub.Bench.dll");

    public static async Task<BareServer> Start(string file)
    {
        var port = FreePorts.Next();
        var address = new Uri($"http://127.0.0.1:{port}/");
        return new BareServer(await AppProcess.Start(Program, [Command, port.ToString(CultureInfo.InvariantCulture), file], ready: address), address);
    }

    /// <summary>The program itself, in the process of its own.</summary>
    public static async Task Run(string port, string file)
    {
        var bytes = await File.ReadAllBytesAsync(file);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture)));
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/", async (HttpContext http) =>
        {
            http.Response.Headers.ETag = Tag;
            if (http.Request.Headers.IfNoneMatch == Tag)
            {
                http.Response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }

            http.Response.ContentType = "application/json; charset=utf-8";
            http.Response.ContentLength = bytes.Length;
            await http.Response.Body.WriteAsync(bytes);
        });
        await app.RunAsync();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
