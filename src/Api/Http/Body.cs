using System.Buffers;
using System.Net.Mime;
using DeployHub.Contracts.Errors;
using DeployHub.Intake;
using DeployHub.Intake.Bodies;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace DeployHub.Api.Http;

/// <summary>Takes the body of a request in, within bounds; what it says is read as strictly as on the queues.</summary>
internal static class Body
{
    public const int LargestBytes = StrictBody.LargestBytes;

    /// <summary>For the routes that take a config file's content.</summary>
    public const int LargestWithContent = 2 << 20;

    private const int TakenInBytes = 16 << 20;
    private static readonly TimeSpan TakenInWithin = TimeSpan.FromSeconds(3);

    public static readonly Refusal TooLarge = StrictBody.LargerThan(LargestBytes);

    public static readonly Refusal WrongContentType = new(
        415, ErrorCodes.ValidationError, "The body must be JSON in UTF-8.", "Content-Type", "Send «Content-Type: application/json».");

    public static async Task<Result<T>> Read<T>(HttpContext http, int largest = LargestBytes) where T : notnull =>
        (await ReadBytes(http, largest)).IsRefused(out var refusal, out var bytes) ? refusal : StrictBody.Parse<T>(bytes.Span);

    /// <summary>For routes that take a body but need none.</summary>
    public static async Task<Result<T>> ReadOptional<T>(HttpContext http) where T : notnull, new() =>
        http.Request.ContentLength is null or 0 && http.Request.Headers.TransferEncoding.Count == 0 ? new T() : await Read<T>(http);

    /// <summary>Reads a change; <typeparamref name="TView"/> is what GET shows, and what the change cannot set of it is read-only.</summary>
    public static async Task<Result<Patch<T>>> ReadPatch<T, TView>(HttpContext http, int largest = LargestBytes) where T : notnull =>
        (await ReadBytes(http, largest)).IsRefused(out var refusal, out var bytes) ? refusal : ParsePatch<T, TView>(bytes);

    public static Result<Patch<T>> ParsePatch<T, TView>(ReadOnlyMemory<byte> bytes) where T : notnull
    {
        if (StrictBody.Malformed(bytes.Span) is { } malformed)
        {
            return malformed;
        }

        var given = BodyScan.TopNames(bytes.Span);
        if (ReadOnlyFields.Find(given, typeof(TView), typeof(T)) is { } readOnly)
        {
            return readOnly;
        }

        return StrictBody.Parse<T>(bytes.Span).IsRefused(out var refusal, out var body) ? refusal : new Patch<T>(body, given);
    }

    private static async Task<Result<ReadOnlyMemory<byte>>> ReadBytes(HttpContext http, int largest)
    {
        var request = http.Request;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            // Counted here; the server's own limit is for routes that take no body, and would break the connection instead of answering.
            limit.MaxRequestBodySize = null;
        }

        if (request.ContentLength > largest)
        {
            await TakeIn(http);
            return StrictBody.LargerThan(largest);
        }

        var buffer = new ArrayBufferWriter<byte>((int)(request.ContentLength ?? 0) + 1);
        int count;
        while ((count = await request.Body.ReadAsync(buffer.GetMemory(1), http.RequestAborted)) > 0)
        {
            buffer.Advance(count);
            if (buffer.WrittenCount > largest)
            {
                await TakeIn(http);
                return StrictBody.LargerThan(largest);
            }
        }

        return buffer.WrittenCount == 0 ? StrictBody.Empty : IsJson(request.ContentType) ? buffer.WrittenMemory : WrongContentType;
    }

    // A caller that is still sending would see its connection break, not the answer: what is within reason is taken in and thrown away.
    private static async Task TakeIn(HttpContext http)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        end.CancelAfter(TakenInWithin);
        var buffer = new byte[64 * 1024];
        try
        {
            int count;
            for (var left = TakenInBytes; left > 0 && (count = await http.Request.Body.ReadAsync(buffer, end.Token)) > 0; left -= count)
            {
            }
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            // It sends too slowly to wait for; the answer goes out and the connection ends.
        }
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}
