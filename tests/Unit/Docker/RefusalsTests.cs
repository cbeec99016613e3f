using System.Text.Json.Nodes;
using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

/// <summary>The texts are those of dockerd 20.10.24 with docker-registry 2.8.2, unless another engine is named.</summary>
public class RefusalsTests
{
    private static readonly EngineEndpoint Endpoint = EngineEndpoint.Parse("unix:///run/docker.sock");

    [Theory]
    [InlineData(404, "manifest for 127.0.0.1:5000/app:v9 not found: manifest unknown: manifest unknown", typeof(ImageNotFoundException))]
    [InlineData(404, "manifest unknown: manifest unknown", typeof(ImageNotFoundException))]
    [InlineData(null, "unknown blob", typeof(ImageNotFoundException))]
    [InlineData(500, "Head \"http://127.0.0.1:5000/v2/app/manifests/v9\": no basic auth credentials", typeof(RegistryUnauthorizedException))]
    [InlineData(500, "unauthorized: authentication required", typeof(RegistryUnauthorizedException))]
    [InlineData(401, "unauthorized: authentication required", typeof(RegistryUnauthorizedException))]
    [InlineData(404, "pull access denied for app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", typeof(RegistryUnauthorizedException))]
    [InlineData(500, "Get \"http://127.0.0.1:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused", typeof(RegistryUnreachableException))]
    [InlineData(500, "Get \"https://nosuch.invalid/v2/\": dial tcp: lookup nosuch.invalid on 10.0.0.1:53: no such host", typeof(RegistryUnreachableException))]
    [InlineData(500, "Get \"https://r/v2/\": http: server gave HTTP response to HTTPS client", typeof(RegistryUnreachableException))]
    [InlineData(500, "toomanyrequests: You have reached your pull rate limit.", typeof(RegistryUnreachableException))]
    [InlineData(null, "unexpected EOF", typeof(RegistryUnreachableException))]
    [InlineData(400, "invalid reference format: repository name must be lowercase", typeof(EngineBadRequestException))]
    [InlineData(500, "write /var/lib/docker/tmp/x: no space left on device", typeof(EngineServerException))]
    public void What_a_registry_said_is_told_apart(int? status, string text, Type type)
    {
        var error = Refusals.From(Endpoint, Pull("127.0.0.1:5000/app:v9"), status, text);

        Assert.Equal((type, status), (error.GetType(), error.StatusCode));
        Assert.StartsWith("Docker engine unix:///run/docker.sock could not pull image", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_of_an_image_is_not_taken_for_what_is_said_about_it()
    {
        const string Image = "unauthorized.example.com/denied:dial";

        Assert.IsType<ImageNotFoundException>(Refusals.From(Endpoint, Pull(Image), 404, $"manifest for {Image} not found: manifest unknown: manifest unknown"));
        Assert.IsType<RegistryUnreachableException>(
            Refusals.From(Endpoint, Pull(Image), 500, "Get \"https://unauthorized.example.com/v2/\": dial tcp 10.0.0.1:443: i/o timeout"));
    }

    [Theory]
    [InlineData(404, "No such image: app:v1", typeof(ImageNotFoundException))]
    [InlineData(404, "No such container: x", typeof(EngineNotFoundException))]
    [InlineData(409, "Conflict. The container name \"/x\" is already in use", typeof(EngineConflictException))]
    [InlineData(400, "invalid mount config", typeof(EngineBadRequestException))]
    [InlineData(403, "bridge is a pre-defined network and cannot be removed", typeof(EngineBadRequestException))]
    [InlineData(400, "client version 1.47 is too new. Maximum supported API version is 1.41", typeof(EngineVersionException))]
    [InlineData(500, "driver failed programming external connectivity: port is already allocated", typeof(EngineServerException))]
    [InlineData(500, "unauthorized: not said by a registry", typeof(EngineServerException))]
    public void What_the_engine_said_is_told_apart(int status, string text, Type type) =>
        Assert.Equal(type, Refusals.From(Endpoint, EngineCall.Get("/x", "do it"), status, text).GetType());

    [Fact]
    public void A_password_that_a_registry_repeats_is_masked()
    {
        var call = Pull("r.example.com/app:v1") with { Credentials = new RegistryCredentials("ci", "s3cret", "r.example.com") };

        Assert.DoesNotContain("s3cret", Refusals.From(Endpoint, call, 500, "login ci:s3cret failed").Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", call.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", $"{call.Credentials}", StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_travel_as_padded_base64url()
    {
        var header = new RegistryCredentials("ci", "p>>>???~~~\"ü", "r.example.com:5000").ToHeader();

        Assert.DoesNotContain(header, character => character is '+' or '/');
        Assert.Equal(0, header.Length % 4);
        var json = JsonNode.Parse(Convert.FromBase64String(header.Replace('-', '+').Replace('_', '/')))!;
        Assert.Equal(("ci", "p>>>???~~~\"ü", "r.example.com:5000"), ((string?)json["username"], (string?)json["password"], (string?)json["serveraddress"]));
    }

    [Theory]
    [InlineData("{\"message\":\"page not found\"}", "page not found")]
    [InlineData("client version 1.10 is too old", "client version 1.10 is too old")]
    [InlineData("[1]", "[1]")]
    public void The_engines_text_is_found_in_json_and_out_of_it(string body, string text) => Assert.Equal(text, Refusals.TextOf(body));

    private static EngineCall Pull(string image) => EngineCall.Post("/images/create", $"pull image {image}") with { Registry = true, Image = image };
}
