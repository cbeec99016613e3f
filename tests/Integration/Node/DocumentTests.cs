using DeployHub.Integration.Api;

namespace DeployHub.Integration.Node;

/// <summary>The documents of the API and of the messages, before the tools that their readers use.</summary>
public sealed class DocumentTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Spectral_finds_nothing_in_the_OpenAPI_document()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, (await host.As(null).Get("/openapi.json")).Text, TestContext.Current.CancellationToken);
            var linted = await NodePrograms.Package("spectral", "lint", file, "--ruleset", "spectral.yaml", "--fail-severity", "hint", "-f", "text");
            Assert.True(linted.Code == 0 && linted.Output.Contains("No results", StringComparison.Ordinal), linted.Output + linted.Errors);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task The_AsyncAPI_parser_finds_nothing_in_the_document_of_the_messages()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, (await host.As(null).Get("/asyncapi.json")).Text, TestContext.Current.CancellationToken);
            var parsed = await NodePrograms.Run("asyncapi.mjs", file);
            Assert.Equal((0, "", ""), (parsed.Code, parsed.Output, parsed.Errors));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
