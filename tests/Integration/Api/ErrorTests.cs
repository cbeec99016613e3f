using System.Net;
using System.Net.Http.Headers;
using System.Text;
using DeployHub.Integration.Hub;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class ErrorTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly Guid Nothing = Guid.NewGuid();

    [Theory]
    [InlineData("{", null)]
    [InlineData("{\"name\":\"x\",}", null)]
    [InlineData("{/**/\"name\":\"x\"}", null)]
    [InlineData("{\"name\":\"x\"} y", null)]
    [InlineData("[]", null)]
    [InlineData("null", null)]
    [InlineData("{\"name\":\"a\\u0000\"}", null)]
    [InlineData("{\"name\":\"\\ud800\"}", null)]
    [InlineData("{}", "name")]
    [InlineData("{\"name\":5}", "name")]
    [InlineData("{\"name\":null}", "name")]
    [InlineData("{\"name\":\"\"}", "name")]
    [InlineData("{\"name\":\" x\"}", "name")]
    [InlineData("{\"name\":\"x\",\"name\":\"y\"}", "name")]
    [InlineData("{\"Name\":\"x\"}", "Name")]
    [InlineData("{\"name\":\"x\",\"colour\":\"red\"}", "colour")]
    public async Task A_body_that_does_not_fit_is_a_400_that_names_the_field(string body, string? field) =>
        Says(await host.Admin.Post("/api/environments", body), 400, "VALIDATION_ERROR", field);

    [Fact]
    public async Task A_malformed_body_is_told_by_line_and_position() =>
        Assert.Contains("line 2, position 5", (await host.Admin.Post("/api/environments", "{\"name\":\n\"x\" x")).Text, StringComparison.Ordinal);

    [Theory]
    [InlineData("GET", "/nope", 404, "NOT_FOUND")]
    [InlineData("GET", "/api/environments/not-an-id", 404, "NOT_FOUND")]
    [InlineData("PUT", "/api/environments", 405, "VALIDATION_ERROR")]
    [InlineData("DELETE", "/health", 405, "VALIDATION_ERROR")]
    public async Task What_no_route_takes_still_comes_in_the_envelope(string method, string path, int status, string code) =>
        Says(await host.Admin.Send(new HttpMethod(method), path, null), status, code, null);

    [Fact]
    public async Task A_body_over_one_mebibyte_is_a_413_with_and_without_a_length()
    {
        var large = new string('x', 1 << 20);
        Says(await host.Admin.Post("/api/environments", $$"""{"name":"{{large}}"}"""), 413, "VALIDATION_ERROR", null);
        Says(await Send(new StringContent($$"""{"name":"{{large}}"}""", Encoding.UTF8, "application/json"), chunked: true), 413, "VALIDATION_ERROR", null);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=iso-8859-1")]
    [InlineData(null)]
    public async Task A_body_of_another_type_is_a_415(string? contentType)
    {
        var content = new ByteArrayContent("{\"name\":\"x\"}"u8.ToArray());
        content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        Says(await Send(content), 415, "VALIDATION_ERROR", "Content-Type");
    }

    [Fact]
    public async Task An_empty_body_is_a_400() =>
        Says(await Send(new ByteArrayContent([]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } }), 400, "VALIDATION_ERROR", null);

    [Fact]
    public async Task Every_answer_carries_the_callers_request_id_when_it_is_sane()
    {
        Assert.Equal("build-42", (await host.Admin.Get("/health", ("X-Request-Id", "build-42"))).Headers["X-Request-Id"]);
        Assert.StartsWith("req_", (await host.Admin.Get("/health", ("X-Request-Id", "not sane"))).Headers["X-Request-Id"], StringComparison.Ordinal);
        Assert.Equal("build-43", (string)(await host.Admin.Get("/nope", ("X-Request-Id", "build-43"))).Json!["requestId"]!);
    }

    [Theory]
    [InlineData("/api/environments?limit=0", "limit")]
    [InlineData("/api/environments?limit=201", "limit")]
    [InlineData("/api/environments?limit=many", "limit")]
    [InlineData("/api/environments?cursor=!", "cursor")]
    public async Task A_bad_page_is_a_400_that_names_the_parameter(string path, string field) =>
        Says(await host.Admin.Get(path), 400, "VALIDATION_ERROR", field);

    [Fact]
    public async Task What_is_not_there_is_a_404()
    {
        foreach (var path in new[] { "environments", "servers", "registries", "container-images", "services", "deployment-plans" })
        {
            Says(await host.Admin.Get($"/api/{path}/{Nothing}"), 404, "NOT_FOUND", null);
        }

        foreach (var noun in new[] { "servers", "registries", "container-images", "services", "deployment-plans" })
        {
            Says(await host.Admin.Get($"/api/environments/{Nothing}/{noun}"), 404, "NOT_FOUND", null);
        }
    }

    [Fact]
    public async Task A_fault_is_a_500_that_tells_nothing_but_the_request_id()
    {
        var shop = await Inventory.Bare(host.Admin);
        await host.Edit(db => db.Database.ExecuteSqlRawAsync("UPDATE servers SET status = 'no such word'"));
        var answer = await host.Admin.Get($"/api/servers/{shop.ServerId}", ("X-Request-Id", "faulty-1"));
        Says(answer, 500, "INTERNAL", null);
        Assert.Contains("faulty-1", (string)answer.Json!["hint"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("no such word", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HEAD_answers_as_GET_and_OPTIONS_lists_the_methods()
    {
        var head = await host.Admin.Send(HttpMethod.Head, "/api/environments", null);
        Assert.Equal((200, ""), (head.Status, head.Text));
        var options = await host.Admin.Send(HttpMethod.Options, "/api/environments", null);
        Assert.Equal((204, "GET, POST, HEAD, OPTIONS"), (options.Status, options.Headers["Allow"]));
    }

    internal static void Says(Answer answer, int status, string code, string? field)
    {
        Assert.True(answer.Status == status, $"{answer.Status} {answer.Text}");
        var envelope = answer.Json!.AsObject();
        Assert.Empty(envelope.Select(property => property.Key).Except(["code", "message", "field", "hint", "requestId"]));
        Assert.Equal((code, field), ((string)envelope["code"]!, (string?)envelope["field"]));
        Assert.NotEmpty((string)envelope["message"]!);
        Assert.Equal(answer.Headers["X-Request-Id"], (string)envelope["requestId"]!);
    }

    private async Task<Answer> Send(HttpContent content, bool chunked = false)
    {
        using var http = new HttpClient { BaseAddress = host.Admin.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/environments") { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", host.AdminToken);
        request.Headers.TransferEncodingChunked = chunked;
        request.Version = HttpVersion.Version11;
        using var response = await http.SendAsync(request);
        return new Answer(
            (int)response.StatusCode, await response.Content.ReadAsStringAsync(),
            response.Headers.ToDictionary(x => x.Key, x => string.Join(", ", x.Value), StringComparer.OrdinalIgnoreCase));
    }
}
