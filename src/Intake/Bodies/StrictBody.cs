using System.Text.Json;
using System.Text.Json.Serialization;
using DeployHub.Contracts.Errors;
using DeployHub.Contracts.Wire;

namespace DeployHub.Intake.Bodies;

/// <summary>Reads what a caller sent as JSON, strictly: what is not understood is refused by name, never passed over. The same for REST and for the queues.</summary>
public static class StrictBody
{
    /// <summary>The largest body of a request, and the largest message of a command, in bytes.</summary>
    public const int LargestBytes = 1 << 20;

    private const int Deepest = 32;

    /// <summary>400: there is nothing in it.</summary>
    public static readonly Refusal Empty = Refusal.Unfit("The body is empty; a JSON object is expected.");

    private static readonly JsonSerializerOptions Strict = new(WireWords.Json)
    {
        PropertyNameCaseInsensitive = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        MaxDepth = Deepest,
    };

    /// <summary>413: it is larger than <paramref name="largest"/> bytes.</summary>
    public static Refusal LargerThan(int largest) => new(413, ErrorCodes.ValidationError, $"The body is larger than {largest >> 20} MiB.");

    /// <summary>Why it is no JSON object that any type could be read from; null when it is one.</summary>
    public static Refusal? Malformed(ReadOnlySpan<byte> bytes) => BodyScan.Check(bytes, Deepest);

    /// <summary>The body as <typeparamref name="T"/>, or the field that is to blame and its rule.</summary>
    public static Result<T> Parse<T>(ReadOnlySpan<byte> bytes) where T : notnull
    {
        try
        {
            return Malformed(bytes) is { } malformed
                ? malformed
                : JsonSerializer.Deserialize<T>(bytes, Strict) is { } body ? body : Refusal.Unfit("The body must be a JSON object.");
        }
        catch (JsonException e)
        {
            return BodyProblem.Explain(e, typeof(T), Strict);
        }
    }
}
