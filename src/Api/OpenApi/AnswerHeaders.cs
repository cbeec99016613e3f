using Microsoft.OpenApi;

namespace DeployHub.Api.OpenApi;

/// <summary>The headers of an operation's answers.</summary>
internal static class AnswerHeaders
{
    public static void Add(OpenApiOperation operation, string method, IList<object> metadata, OpenApiDocument document)
    {
        var takes = metadata.OfType<DescribedParameter>().Select(parameter => parameter.Name).ToHashSet();
        foreach (var (status, answer) in operation.Responses ?? [])
        {
            if (answer is OpenApiResponse response)
            {
                response.Headers = Of(OfAnswer(status, method, takes, metadata.OfType<VersionTag>().Any()), document);
            }
        }
    }

    /// <summary>The headers of an error of a status, and whether they are always there.</summary>
    public static IEnumerable<(string Name, bool Always)> OfError(string status)
    {
        yield return ("X-Request-Id", true);
        if (status is "429" or "503")
        {
            yield return ("Retry-After", true);
        }
        else if (status == "401")
        {
            yield return ("WWW-Authenticate", true);
        }
        else if (status == "404")
        {
            // What a repeated POST had made is gone.
            yield return ("Idempotent-Replayed", false);
        }
    }

    /// <summary>Refers to them; each is described once in the document.</summary>
    public static Dictionary<string, IOpenApiHeader> Of(IEnumerable<(string Name, bool Always)> headers, OpenApiDocument document) =>
        new(headers.Select(header => KeyValuePair.Create(header.Name, Shared(header.Name, header.Always, document))));

    private static IEnumerable<(string Name, bool Always)> OfAnswer(string status, string method, HashSet<string> takes, bool versioned)
    {
        yield return ("X-Request-Id", true);
        var (done, polled) = (status[0] == '2', takes.Contains("If-None-Match"));
        if (done && method == HttpMethods.Post)
        {
            yield return ("Idempotent-Replayed", false);
            yield return ("Location", status == "201");
        }

        if (status == "202" || polled && status is "200" or "304")
        {
            yield return ("Retry-After", false);
        }

        if (polled && status is "200" or "304" || versioned && done)
        {
            yield return ("ETag", true);
        }

        if (takes.Contains("Last-Event-ID") && status == "200")
        {
            yield return ("X-Accel-Buffering", true);
        }

        if (takes.Contains("Prefer") && (done || status == "304"))
        {
            yield return ("Preference-Applied", false);
        }
    }

    private static IOpenApiHeader Shared(string name, bool always, OpenApiDocument document)
    {
        var id = always ? name : $"{name}-or-none";
        document.Components ??= new OpenApiComponents();
        document.Components.Headers ??= new Dictionary<string, IOpenApiHeader>();
        if (!document.Components.Headers.ContainsKey(id))
        {
            document.AddComponent<IOpenApiHeader>(id, Describe(name, always));
        }

        return new OpenApiHeaderReference(id, document);
    }

    private static OpenApiHeader Describe(string name, bool always)
    {
        var (description, example) = name switch
        {
            "X-Request-Id" => ("Quote it when reporting issues.", Examples.RequestId),
            "Idempotent-Replayed" => ("true where the request was done before under its key.", "true"),
            "Location" => ("Where what was made or begun is to be read.", $"/api/deployment-plans/{Examples.Id}"),
            "ETag" => ("The state of what is shown.", Examples.ETag),
            "Preference-Applied" => ("The wait that was held to.", "wait=60"),
            "X-Accel-Buffering" => ("Tells a proxy to pass each event on at once.", "no"),
            "WWW-Authenticate" => ("Always Bearer.", "Bearer"),
            _ => ("Seconds after which to ask again.", "1"),
        };
        return new OpenApiHeader
        {
            Description = description, Required = always, Example = name == "Retry-After" ? 1 : example,
            Schema = new OpenApiSchema { Type = name == "Retry-After" ? JsonSchemaType.Integer : JsonSchemaType.String },
        };
    }
}
