using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DeployHub.Tests.Docker;

/// <summary>A registry that has an image's manifest and configuration, but whose layer is gone or stops coming.</summary>
internal sealed class BrokenRegistry : IAsyncDisposable
{
    private const string Schema2 = "application/vnd.docker.distribution.manifest.v2+json";

    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WebApplication _app;

    public BrokenRegistry(bool hangs = false)
    {
        var layer = "sha256:" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var config = Encoding.UTF8.GetBytes($$$"""{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["{{{layer}}}"]}}""");
        var configDigest = Digest(config);
        var manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{Schema2}}","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":{{config.Length}},"digest":"{{configDigest}}"},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":100,"digest":"{{layer}}"}]}""");

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.MapGet("/v2/", () => Results.Ok());
        _app.MapMethods("/v2/app/manifests/{name}", ["GET", "HEAD"], (HttpResponse answer) =>
        {
            answer.Headers["Docker-Content-Digest"] = Digest(manifest);
            return Results.Bytes(manifest, Schema2);
        });
        _app.MapGet("/v2/app/blobs/{digest}", async (string digest, HttpContext context) =>
        {
            if (digest == configDigest)
            {
                return Results.Bytes(config);
            }

            if (hangs)
            {
                context.Response.ContentLength = 100;
                await context.Response.Body.WriteAsync(new byte[10]);
                await context.Response.Body.FlushAsync();
                LayerBegun.TrySetResult();
                await _released.Task;
                return Results.Empty;
            }

            return Results.Json(new { errors = new[] { new { code = "BLOB_UNKNOWN", message = "blob unknown to registry" } } }, statusCode: 404);
        });
        _app.Start();
        Host = new Uri(_app.Urls.Single()).Authority;
    }

    public string Host { get; }

    /// <summary>Done when the engine has the layer's first bytes.</summary>
    public TaskCompletionSource LayerBegun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask DisposeAsync()
    {
        _released.SetResult();
        await _app.DisposeAsync();
    }

    private static string Digest(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
}
