using System.Buffers;
using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Serialization;
using DeployHub.Contracts.Errors;
using DeployHub.Contracts.Wire;
using DeployHub.Intake;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace DeployHub.Api.Http;

/// <summary>Reads JSON bodies, strictly: what is not understood is refused by name, never passed over.</summary>
internal static class Body
{
    public const int LargestBytes = 1 << 20;

    /// <summary>For the routes that take a config file's content.</summary>
    public const int LargestWithContent = 2 << 20;

    private const int Deepest = 32;
    private const int TakenInBytes = 16 << 20;
    private static readonly TimeSpan TakenInWithin = TimeSpan.FromSeconds(3);

    public static readonly Refusal TooLarge = LargerThan(LargestBytes);

    public static readonly Refusal WrongContentType = new(
        415, ErrorCodes.ValidationError, "The body must be JSON in UTF-8.", "Content-Type", "Send «Content-Type: application/json».");

    private static readonly Refusal Empty = Refusal.Unfit("The body is empty; a JSON object is expected.");

    private static readonly JsonSerializerOptions Strict = new(WireWords.Json)
    {
        PropertyNameCaseInsensitive = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        MaxDepth = Deepest,
    };

    public static async Task<Result<T>> Read<T>(HttpContext http, int largest = LargestBytes) where T : notnull =>
        (await ReadBytes(http, largest)).IsRefused(out var refusal, out var bytes) ? refusal : Parse<T>(bytes);

    /// <summary>For routes that take a body but need none.</summary>
    public static async Task<Result<T>> ReadOptional<T>(HttpContext http) where T : notnull, new() =>
        http.Request.ContentLength is null or 0 && http.Request.Headers.TransferEncoding.Count == 0 ? new T() : await Read<T>(http);

    /// <summary>Reads a change; <typeparamref name="TView"/> is what GET shows, and what the change cannot set of it is read-only.</summary>
    public static async Task<Result<Patch<T>>> ReadPatch<T, TView>(HttpContext http, int largest = LargestBytes) where T : notnull =>
        (await ReadBytes(http, largest)).IsRefused(out var refusal, out var bytes) ? refusal : ParsePatch<T, TView>(bytes);

    public static Result<T> Parse<T>(ReadOnlyMemory<byte> bytes) where T : notnull
    {
        try
        {
            return BodyScan.Check(bytes.Span, Deepest) is { } malformed
                ? malformed
                : JsonSerializer.Deserialize<T>(bytes.Span, Strict) is { } body ? body : Refusal.Unfit("The body must be a JSON object.");
        }
        catch (JsonException e)
        {
            return BodyProblem.Explain(e, typeof(T), Strict);
        }
    }

    public static Result<Patch<T>> ParsePatch<T, TView>(ReadOnlyMemory<byte> bytes) where T : notnull
    {
        if (BodyScan.Check(bytes.Span, Deepest) is { } malformed)
        {
            return malformed;
        }

        var given = BodyScan.TopNames(bytes.Span);
        if (ReadOnlyFields.Find(given, typeof(TView), typeof(T)) is { } readOnly)
        {
            return readOnly;
        }

        return Parse<T>(bytes).IsRefused(out var refusal, out var body) ? refusal : new Patch<T>(body, given);
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
            return LargerThan(largest);
        }

        var buffer = new ArrayBufferWriter<byte>((int)(request.ContentLength ?? 0) + 1);
        int count;
        while ((count = await request.Body.ReadAsync(buffer.GetMemory(1), http.RequestAborted)) > 0)
        {
            buffer.Advance(count);
            if (buffer.WrittenCount > largest)
            {
                await TakeIn(http);
                return LargerThan(largest);
            }
        }

        return buffer.WrittenCount == 0 ? Empty : IsJson(request.ContentType) ? buffer.WrittenMemory : WrongContentType;
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

    private static Refusal LargerThan(int largest) => new(413, ErrorCodes.ValidationError, $"The body is larger than {largest >> 20} MiB.");

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}
