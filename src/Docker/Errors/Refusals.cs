using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace DeployHub.Docker;

/// <summary>Turns what an engine answered into the exception that says what to do about it.</summary>
internal static partial class Refusals
{
    // The engine passes a registry's refusal on as text, most of it under status 500; these are the words of dockerd 20.10 to 28 and of docker-registry.
    private static readonly string[] Unauthorized =
        ["no basic auth credentials", "unauthorized", "authentication required", "access denied", "denied:", "incorrect username or password", "403 forbidden"];

    private static readonly string[] Missing = ["manifest unknown", "name unknown", "unknown blob", "blob unknown", "not found", "does not exist", "no such image"];

    private static readonly string[] Unreachable =
    [
        "dial tcp", "connection refused", "no such host", "i/o timeout", "tls handshake", "x509:", "client.timeout exceeded", "context deadline exceeded",
        "server gave http response to https client", "request canceled", "connection reset", "no route to host", "network is unreachable", "toomanyrequests",
        "received unexpected http status: 5", "unexpected eof", ": eof",
    ];

    /// <summary>The exception for an answer of status 400 and above, or for an error inside a stream (<paramref name="status"/> null).</summary>
    public static EngineException From(EngineEndpoint endpoint, EngineCall call, int? status, string text)
    {
        var said = call.Credentials is { Password.Length: > 0 } credentials ? text.Replace(credentials.Password, "***", StringComparison.Ordinal) : text;
        var message = $"Docker engine {endpoint} could not {call.What}: {said.Trim()}{(status is null ? "" : $" (HTTP {status})")}";

        if (status == 400 && text.StartsWith("client version ", StringComparison.Ordinal))
        {
            return new EngineVersionException(message, status);
        }

        return call.Registry ? FromRegistry(message, status, WithoutNames(text, call.Image)) : FromEngine(message, status, text);
    }

    /// <summary>The engine's own words: <c>{"message": …}</c>, or the bare text that it sends where it has no JSON.</summary>
    public static string TextOf(string body)
    {
        try
        {
            return JsonNode.Parse(body) is JsonObject json && json["message"] is JsonValue text ? text.ToString() : body;
        }
        catch (JsonException)
        {
            return body;
        }
    }

    private static EngineException FromRegistry(string message, int? status, string words) =>
        status is 401 or 403 || Says(words, Unauthorized) ? new RegistryUnauthorizedException(message, status)
        : Says(words, Unreachable) ? new RegistryUnreachableException(message, status)
        : status == 404 || Says(words, Missing) ? new ImageNotFoundException(message, status)
        : FromEngine(message, status, words);

    private static EngineException FromEngine(string message, int? status, string text) => status switch
    {
        404 when text.StartsWith("No such image", StringComparison.OrdinalIgnoreCase) => new ImageNotFoundException(message, status),
        404 => new EngineNotFoundException(message, status),
        409 => new EngineConflictException(message, status),
        >= 400 and < 500 => new EngineBadRequestException(message, status),
        _ => new EngineServerException(message, status),
    };

    // An image may be called 'unauthorized/app': only what is said about it counts, not its name nor the address that was asked.
    private static string WithoutNames(string text, string? image) =>
        Quoted().Replace(string.IsNullOrEmpty(image) ? text : text.Replace(image, "", StringComparison.Ordinal), "");

    private static bool Says(string text, string[] words) => Array.Exists(words, word => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();
}
