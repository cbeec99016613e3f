using System.Text;
using DeployHub.Api.Http;
using DeployHub.Api.Servers;
using DeployHub.Api.Services;
using DeployHub.Intake;
using DeployHub.Intake.Bodies;
using DeployHub.Intake.Servers;
using DeployHub.Intake.Services;
using DeployHub.Intake.Tokens;
using Xunit;

namespace DeployHub.Unit.Api;

// The serializer's own messages are read here: an update that words them otherwise shows up in these tests.
public class BodyTests
{
    private const string Image = "\"containerImageId\":\"01a20040-3c8c-7573-ac37-33474eb3b44e\"";

    [Theory]
    [InlineData("{}", "name", "is required")]
    [InlineData("{\"name\":\"x\"}", "containerImageId", "is required")]
    [InlineData("{\"name\":\"x\",\"containerImageId\":\"y\"}", "containerImageId", "must be an id (a UUID)")]
    [InlineData("{\"name\":1," + Image + "}", "name", "must be a string")]
    [InlineData("{\"name\":null," + Image + "}", "name", "must be a string")]
    [InlineData("{\"name\":\"x\",\"name\":\"y\"," + Image + "}", "name", "is given twice")]
    [InlineData("{\"Name\":\"x\"," + Image + "}", "Name", "is not a field")]
    [InlineData("{\"name\":\"x\"," + Image + ",\"adopt\":1}", "adopt", "must be true or false")]
    [InlineData("{\"name\":\"x\"," + Image + ",\"container\":[]}", "container", "must be an object")]
    [InlineData("{\"name\":\"x\"," + Image + ",\"container\":{\"ports\":{}}}", "container.ports", "must be a list")]
    [InlineData("{\"name\":\"x\"," + Image + ",\"container\":{\"ports\":[{\"containerPort\":1},{\"hostPort\":1}]}}", "container.ports[1].containerPort", "is required")]
    [InlineData("{\"name\":\"x\"," + Image + ",\"container\":{\"ports\":[{\"containerPort\":\"1\"}]}}", "container.ports[0].containerPort", "must be a whole number")]
    [InlineData("{\"name\":\"x\"," + Image + ",\"container\":{\"ports\":[{\"containerPort\":1,\"x\":1}]}}", "container.ports[0].x", "is not a field")]
    [InlineData("{\"name\":\"x\"," + Image + ",\"container\":{\"env\":{\"A\":1}}}", "container.env.A", "must be a string")]
    [InlineData("{\"name\":\"x\"," + Image + ",\"container\":{\"limits\":{\"cpus\":\"1\"}}}", "container.limits.cpus", "must be a number")]
    public void What_does_not_fit_is_named_with_the_rule(string body, string field, string rule)
    {
        var refusal = Refused<NewService>(body);
        Assert.Equal(field, refusal.Field);
        Assert.Contains(rule, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_are_listed() =>
        Assert.Contains("«viewer», «operator», «admin»", Refused<NewToken>("{\"name\":\"x\",\"role\":\"root\"}").Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{} {}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{/**/}")]
    [InlineData("{\"a\\u0000\":1}")]
    [InlineData("{\"a\":\"\\udc00\"}")]
    public void What_is_no_JSON_object_is_refused_as_a_whole(string body) => Assert.Null(Refused<NewServer>(body).Field);

    [Fact]
    public void Depth_is_bounded() => Assert.Null(Refused<NewServer>(string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40)).Field);

    [Fact]
    public void A_change_knows_what_was_given()
    {
        Assert.False(Body.ParsePatch<ServiceChange, ServiceView>("{\"health\":null,\"container\":{\"env\":{\"name\":\"x\"}}}"u8.ToArray()).IsRefused(out _, out var patch));
        Assert.Equal(["container", "health"], patch!.Given.Order());
        Assert.True(patch.Gives(nameof(ServiceChange.Health)));
        Assert.False(patch.Gives(nameof(ServiceChange.Name)));
    }

    [Theory]
    [InlineData("id", "READONLY_FIELD")]
    [InlineData("engineId", "READONLY_FIELD")]
    [InlineData("status", "READONLY_FIELD")]
    [InlineData("createdAt", "READONLY_FIELD")]
    [InlineData("colour", "VALIDATION_ERROR")]
    public void A_change_cannot_set_what_the_server_sets(string field, string code)
    {
        Assert.True(Body.ParsePatch<ServerChange, ServerView>(Encoding.UTF8.GetBytes($$"""{"name":"x","{{field}}":1}""")).IsRefused(out var refusal, out _));
        Assert.Equal((code, field), (refusal!.Code, refusal.Field));
        Assert.NotNull(refusal.Hint);
    }

    private static Refusal Refused<T>(string body) where T : notnull
    {
        Assert.True(StrictBody.Parse<T>(Encoding.UTF8.GetBytes(body)).IsRefused(out var refusal, out _));
        Assert.Equal(400, refusal!.Status);
        return refusal;
    }
}
