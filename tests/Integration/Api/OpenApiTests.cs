using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Servers;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class OpenApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string DocumentPath = "/openapi.json";

    [Fact]
    public async Task The_document_is_valid_OpenAPI_3_1()
    {
        var text = (await host.As(null).Get("/openapi.json")).Text;

        var read = OpenApiDocument.Parse(text, "json");

        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic!.SpecificationVersion);
        Assert.Empty(read.Diagnostic.Errors);
        Assert.Empty(read.Document!.Validate(ValidationRuleSet.GetDefaultRuleSet()));
    }

    [Fact]
    public async Task The_document_holds_every_route_and_no_other()
    {
        var paths = (await host.Admin.Get(DocumentPath)).Json!["paths"]!.AsObject();
        var described = paths.SelectMany(path => path.Value!.AsObject().Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}")).Order().ToList();
        var mapped = host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is not { ExcludeFromDescription: true })
            .SelectMany(route => route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(
                method => $"{method} {route.RoutePattern.RawText!.Replace(":guid", "", StringComparison.Ordinal).TrimEnd('/')}")).Order().ToList();
        Assert.Equal(mapped, described);
    }

    [Fact]
    public async Task Every_operation_says_what_it_is_what_it_answers_and_how_it_fails()
    {
        var document = (await host.Admin.Get(DocumentPath)).Json!;
        Assert.StartsWith("3.1", (string)document["openapi"]!, StringComparison.Ordinal);
        var names = new HashSet<string>();
        foreach (var (path, operations) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in operations!.AsObject())
            {
                var what = $"{method} {path}";
                Assert.True(names.Add((string)operation!["operationId"]!), what);
                Assert.NotEmpty((string)operation["summary"]!);
                Assert.NotEmpty((string)operation["description"]!);
                Assert.NotEmpty(operation["tags"]!.AsArray());
                Assert.True(method is not "patch" || operation["requestBody"]!["content"]!["application/json"]!["schema"]!["$ref"] is not null, what);
                var answers = operation["responses"]!.AsObject();
                Assert.True(answers.Any(answer => answer.Key[0] == '2' && (answer.Key == "204" || answer.Value!["content"]!.AsObject().Count > 0)), what);
                Assert.All(
                    answers.Where(answer => answer.Key[0] is '4' or '5'),
                    answer => Assert.Equal($"#/components/responses/Error{answer.Key}", (string)answer.Value!["$ref"]!));
                Assert.Equal(path.StartsWith("/api/", StringComparison.Ordinal), operation["security"] is not null);
            }
        }
    }

    [Fact]
    public async Task Every_body_has_an_example_that_fits_its_schema()
    {
        using var http = new HttpClient { BaseAddress = host.Admin.Address };
        var contract = await ApiContract.Of(http);
        var bodies = contract.Paths.SelectMany(path => path.Value!.AsObject().Select(operation => (Name: $"{operation.Key} {path.Key}", Operation: operation.Value!)))
            .SelectMany(x => x.Operation["responses"]!.AsObject().Select(answer => (Name: $"{x.Name} {answer.Key}", Body: contract.Resolve(answer.Value!)))
                .Append((Name: $"{x.Name} request", Body: x.Operation["requestBody"] ?? new JsonObject())))
            .Where(x => x.Body["content"]?["application/json"] is not null).ToList();

        Assert.True(bodies.Count > 300, $"There are {bodies.Count} bodies.");
        Assert.All(bodies, x =>
        {
            var body = x.Body["content"]!["application/json"]!;
            if (contract.Resolve(body["schema"]!) is JsonObject shape && (shape.ContainsKey("properties") || shape.ContainsKey("oneOf")))
            {
                var misfit = contract.Misfit(body["schema"]!, body["example"]);
                Assert.True(misfit is null, $"{x.Name} has no example that fits: {misfit}");
            }
        });
    }

    [Fact]
    public async Task The_document_of_the_messages_is_the_committed_one() => Assert.Equal(
        await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "contracts", "asyncapi.json"), TestContext.Current.CancellationToken),
        (await host.As(null).Get("/asyncapi.json")).Text);

    [Fact]
    public async Task Words_are_listed_as_they_stand_on_the_wire()
    {
        var schemas = (await host.Admin.Get(DocumentPath)).Json!["components"]!["schemas"]!;
        Assert.Equal(11, schemas["Error"]!["properties"]!["code"]!["enum"]!.AsArray().Count);
        Assert.Contains("partially_rolled_back", schemas["PlanStatus"]!["enum"]!.AsArray().Select(word => (string)word!));
    }
}
