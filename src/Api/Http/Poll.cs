using System.Buffers.Text;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using DeployHub.Contracts.Wire;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace DeployHub.Api.Http;

/// <summary>The answer to a poll: 200 with the object and its ETag, or 304 when the caller has this state already.</summary>
/// <param name="answer">The body.</param>
/// <param name="hasEnded">Whether it is not worth asking again.</param>
internal sealed class Poll<T>(T answer, bool hasEnded) : IResult, IEndpointMetadataProvider
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(answer, WireWords.Json);
        var tag = new EntityTagHeaderValue($"\"{Base64Url.EncodeToString(SHA256.HashData(body))}\"");
        var (request, response) = (httpContext.Request, httpContext.Response);
        response.Headers.ETag = tag.ToString();
        response.Headers.CacheControl = "no-cache, private";
        if (!hasEnded)
        {
            response.Headers.RetryAfter = "1";
        }

        if (request.GetTypedHeaders().IfNoneMatch.Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false)))
        {
            response.StatusCode = (int)HttpStatusCode.NotModified;
            return;
        }

        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, httpContext.RequestAborted);
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(200, typeof(T), ["application/json"]));
        builder.Metadata.Add(new ProducesResponseTypeMetadata(304, typeof(void)));
    }
}
