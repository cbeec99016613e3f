using System.Text.Json.Nodes;
using DeployHub.ContractDocs;

namespace DeployHub.Unit.Contracts;

/// <summary>What breaks a program that was built on the messages, and what does not.</summary>
public class ContractBreakTests
{
    private const string Former = """
        {"type": "object", "required": ["id", "status", "facts"], "properties": {
          "id": {"type": "string", "format": "uuid"}, "status": {"type": "string", "enum": ["ok", "failed"]}, "note": {"type": ["string", "null"]}, "most": {"type": "integer", "default": 1},
          "facts": {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer"}, "names": {"type": "array", "items": {"type": "string"}}}}}}
        """;

    [Theory]
    [InlineData("properties/new", """{"type": "string"}""")]
    [InlineData("properties/facts/properties/new", """{"type": ["string", "null"]}""")]
    [InlineData("properties/status/enum", """["ok", "failed", "partial"]""")]
    [InlineData("properties/status/description", "\"Says more.\"")]
    public void Additions_break_nobody(string at, string value)
    {
        Assert.Empty(Breaks("event", at, value));
        Assert.Empty(Breaks("command", at, value));
    }

    [Theory]
    [InlineData("properties/id", null, "Told.id is gone.")]
    [InlineData("properties/facts/properties/count", null, "Told.facts.count is gone.")]
    [InlineData("properties/facts/properties/count/type", "\"string\"", "Told.facts.count was of the type integer and is of the type string.")]
    [InlineData("properties/facts/properties/names/items/type", "\"integer\"", "Told.facts.names[] was of the type string and is of the type integer.")]
    [InlineData("properties/id/type", """["string", "null"]""", "Told.id can now be null.")]
    [InlineData("properties/id/format", null, "Told.id had the format uuid and has the format none.")]
    [InlineData("properties/status/enum", """["ok"]""", "Told.status no longer has the word «failed».")]
    [InlineData("required", """["status", "facts"]""", "Told.id is no longer always there.")]
    public void What_takes_from_a_subscriber_is_a_break(string at, string? value, string expected) => Assert.Equal([expected], Breaks("event", at, value));

    [Theory]
    [InlineData("properties/note", null, "Told.note is gone.")]
    [InlineData("properties/note/type", "\"string\"", "Told.note no longer takes null.")]
    [InlineData("properties/status/enum", """["ok"]""", "Told.status no longer has the word «failed».")]
    [InlineData("required", """["id", "status", "facts", "note"]""", "Told.note has become required.")]
    [InlineData("required", """["id", "status", "facts", "key"]""", "Told.key is new and required.")]
    [InlineData("properties/note/enum", """["a"]""", "Told.note takes certain words alone now.")]
    [InlineData("properties/most/default", "2", "Told.most was 1 where it was left out and is 2 now.")]
    public void What_a_producer_sent_before_must_still_be_taken(string at, string? value, string expected) => Assert.Equal([expected], Breaks("command", at, value));

    [Fact]
    public void What_a_subscriber_is_given_for_certain_may_become_certain_and_a_producer_may_be_asked_for_less()
    {
        Assert.Empty(Breaks("event", "properties/note/type", "\"string\""));
        Assert.Empty(Breaks("command", "required", """["id"]"""));
    }

    [Fact]
    public void A_message_that_goes_or_turns_around_is_a_break()
    {
        Assert.Equal(["Told is gone."], ContractBreaks.Find(Messages("event", Former), []));
        Assert.Equal(["Told is now of the kind command."], ContractBreaks.Find(Messages("event", Former), Messages("command", Former)));
        Assert.Empty(ContractBreaks.Find([], Messages("event", Former)));
    }

    private static List<string> Breaks(string kind, string at, string? value)
    {
        var changed = JsonNode.Parse(Former)!;
        var steps = at.Split('/');
        var owner = steps[..^1].Aggregate(changed, (node, step) => node[step]!).AsObject();
        owner.Remove(steps[^1]);
        if (value is not null)
        {
            owner[steps[^1]] = JsonNode.Parse(value);
        }
        else if (owner.Parent?["required"] is JsonArray required && steps is [.., "properties", _])
        {
            owner.Parent["required"] = new JsonArray([.. required.Where(name => (string)name! != steps[^1]).Select(name => name!.DeepClone())]);
        }

        return ContractBreaks.Find(Messages(kind, Former), Messages(kind, changed.ToJsonString()));
    }

    private static JsonObject Messages(string kind, string schema) => new() { ["Told"] = new JsonObject { ["kind"] = kind, ["schema"] = JsonNode.Parse(schema) } };
}
