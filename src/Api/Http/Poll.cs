using System.Buffers.Text;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using DeployHub.Contracts.Wire;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace DeployHub.Api.Http;

/// <summary>What a poll is told, made into bytes once for all who are told the same.</summary>
/// <param name="answer">The body.</param>
/// <param name="hasEnded">Whether it is not worth asking again.</param>
internal sealed class Polled<T>(T answer, bool hasEnded)
{
    private readonly Lazy<(byte[] Bytes, EntityTagHeaderValue Tag)> _body = new(() =>
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(answer, WireWords.Json);
        return (bytes, new EntityTagHeaderValue($"\"{Base64Url.EncodeToString(SHA256.HashData(bytes))}\""));
    });

    public byte[] Bytes => _body.Value.Bytes;

    public EntityTagHeaderValue Tag => _body.Value.Tag;

    public bool HasEnded => hasEnded;
}

/// <summary>The answer to a poll: 200 with the object and its ETag, or 304 when the caller has this state already.</summary>
internal sealed class Poll<T>(Polled<T> polled) : IResult, IEndpointMetadataProvider
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request, httpContext.Response);
        response.Headers.ETag = polled.Tag.ToString();
        response.Headers.CacheControl = "no-cache, private";
        if (!polled.HasEnded)
        {
            response.Headers.RetryAfter = "1";
        }

        if (request.GetTypedHeaders().IfNoneMatch.Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(polled.Tag, useStrongComparison: false)))
        {
            response.StatusCode = (int)HttpStatusCode.NotModified;
            return;
        }

        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = polled.Bytes.Length;
        await response.Body.WriteAsync(polled.Bytes, httpContext.RequestAborted);
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(200, typeof(T), ["application/json"]));
        builder.Metadata.Add(new ProducesResponseTypeMetadata(304, typeof(void)));
    }
}
