using System.Text.Json;
using DeployHub.Contracts.Wire;
using DeployHub.Intake;

namespace DeployHub.Api.Http;

/// <summary>Fields that GET shows and PATCH cannot set.</summary>
internal static class ReadOnlyFields
{
    private const string ByTheServer = "DeployHub sets it. Leave it out.";

    private static readonly Dictionary<string, string> Hints = new()
    {
        ["id"] = "It was given at creation and stays. Leave it out.",
        ["createdAt"] = "It was set at creation and stays. Leave it out.",
        ["environmentId"] = "Nothing moves between environments. Create it anew in the other one.",
        ["serviceId"] = "Create a deployment of the other service instead.",
        ["serverId"] = "Delete this one, and create one on the other server.",
        ["engineId"] = "A worker reads it from the engine. Change the endpoint to point to another engine.",
        ["engineVersion"] = "A worker reads it from the engine.",
        ["status"] = "It says what the last contact with the engine gave.",
        ["currentDigest"] = "It says what runs. Deploy another image with POST /api/container-images/{id}/deploy.",
        ["currentTag"] = "It says what runs. Deploy another image with POST /api/container-images/{id}/deploy.",
        ["currentContainerId"] = "It says what runs. Deploy with POST /api/container-images/{id}/deploy.",
        ["hasPassword"] = "Set «password», or clear it with null.",
    };

    public static Refusal? Find(IEnumerable<string> given, Type view, Type change)
    {
        var readOnly = NamesOf(view).Except(NamesOf(change)).ToHashSet();
        return given.FirstOrDefault(readOnly.Contains) is { } field
            ? Refusal.ReadOnly(field, Hints.GetValueOrDefault(field, ByTheServer))
            : null;
    }

    private static IEnumerable<string> NamesOf(Type type) => WireWords.Json.GetTypeInfo(type).Properties.Select(property => property.Name);
}
