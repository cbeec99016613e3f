using Microsoft.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
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
            .Where(route => route.RoutePattern.RawText != DocumentPath)
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
                Assert.NotEmpty(operation["tags"]!.AsArray());
                Assert.True(method is not "patch" || operation["requestBody"]!["content"]!["application/json"]!["schema"]!["$ref"] is not null, what);
                var answers = operation["responses"]!.AsObject();
                Assert.True(answers.Any(answer => answer.Key[0] == '2' && (answer.Key == "204" || answer.Value!["content"]!["text/event-stream"] is not null || answer.Value["content"]!["application/json"]!["schema"]!["$ref"] is not null)), what);
                Assert.All(
                    answers.Where(answer => answer.Key[0] is '4' or '5'),
                    answer => Assert.Equal("#/components/schemas/Error", (string)answer.Value!["content"]!["application/json"]!["schema"]!["$ref"]!));
                Assert.Equal(path.StartsWith("/api/", StringComparison.Ordinal), operation["security"] is not null);
            }
        }
    }

    [Fact]
    public async Task Words_are_listed_as_they_stand_on_the_wire()
    {
        var schemas = (await host.Admin.Get(DocumentPath)).Json!["components"]!["schemas"]!;
        Assert.Equal(11, schemas["Error"]!["properties"]!["code"]!["enum"]!.AsArray().Count);
        Assert.Contains("partially_rolled_back", schemas["PlanStatus"]!["enum"]!.AsArray().Select(word => (string)word!));
    }
}
