using System.Text.Json.Nodes;
using Xunit;

namespace DeployHub.Unit.Containers;

internal static class Json
{
    /// <summary>Compares JSON by what it says; null stands for a member that is not there.</summary>
    public static void Says(string? expected, JsonNode? seen) =>
        Assert.True(JsonNode.DeepEquals(expected is null ? null : JsonNode.Parse(expected), seen), $"Expected {expected ?? "nothing"}{Environment.NewLine}Seen     {seen?.ToJsonString() ?? "nothing"}");
}
