using System.Text.Json.Nodes;

namespace DeployHub.Worker.Containers;

/// <summary>Tells what was chosen for a container from what came with its image: an inspection shows both merged.</summary>
internal static class ChosenSettings
{
    // Not an image's business: whatever stands there was asked for.
    private static readonly string[] NeverFromTheImage =
        ["Hostname", "Domainname", "MacAddress", "NetworkDisabled", "StopTimeout", "Tty", "OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr"];

    private static readonly string[] WholeValues = ["User", "WorkingDir", "StopSignal", "Shell"];

    // The engine merges these member by member (moby, daemon/commit.go, merge), so they are told apart member by member.
    private static readonly string[] MemberByMember = ["ExposedPorts", "Volumes", "Healthcheck", "Labels"];

    /// <summary>The ContainerConfig that says what was chosen, and nothing else.</summary>
    public static JsonObject Of(JsonObject container, JsonObject image)
    {
        var chosen = container.Where(pair => NeverFromTheImage.Contains(pair.Key) || (WholeValues.Contains(pair.Key) && !pair.Value.IsEmpty() && Differs(pair, image))).ToJson();
        foreach (var key in MemberByMember)
        {
            chosen[key] = container.Section(key).Where(member => Differs(member, image.Section(key)) || IsComposes(member.Key)).ToJson();
        }

        if (chosen["Healthcheck"].IsEmpty())
        {
            // None is none: nothing was chosen about it.
            chosen.Remove("Healthcheck");
        }

        chosen["Env"] = container.Texts("Env").Except(image.Texts("Env"), StringComparer.Ordinal).ToJson();
        SetProgram(chosen, container, image);
        return chosen;
    }

    /// <summary>How the engine is told to forget the image's entrypoint: an empty list would inherit it.</summary>
    public static JsonArray NoEntrypoint() => [""];

    private static void SetProgram(JsonObject chosen, JsonObject container, JsonObject image)
    {
        var (entrypoint, command) = (container.Texts("Entrypoint"), container.Texts("Cmd"));
        var sameCommand = command.SequenceEqual(image.Texts("Cmd"));
        // A chosen entrypoint makes the engine forget the image's command. So a command that is gone tells that the entrypoint was chosen, even when it is the image's own …
        if (entrypoint.SequenceEqual(image.Texts("Entrypoint")) && (sameCommand || command.Count > 0))
        {
            if (!sameCommand)
            {
                chosen["Cmd"] = command.ToJson();
            }

            return;
        }

        // … and beside a chosen entrypoint the command was chosen too, even when it is the image's own.
        chosen["Entrypoint"] = entrypoint.Count > 0 ? entrypoint.ToJson() : NoEntrypoint();
        chosen["Cmd"] = command.ToJson();
    }

    private static bool Differs(KeyValuePair<string, JsonNode?> pair, JsonObject image) =>
        !image.TryGetPropertyValue(pair.Key, out var value) || !JsonNode.DeepEquals(pair.Value, value);

    // `compose build` writes them into the image as well; an image built elsewhere lacks them, and compose would lose its container.
    private static bool IsComposes(string member) => member.StartsWith("com.docker.compose.", StringComparison.Ordinal);
}
