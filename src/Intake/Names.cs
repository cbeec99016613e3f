using System.Text.RegularExpressions;

namespace DeployHub.Intake;

/// <summary>What names may look like.</summary>
public static partial class Names
{
    private const int Longest = 100;
    private const int LongestContainerName = 128;

    /// <summary>A name for people to read.</summary>
    public static Refusal? Check(string name, string field = "name") => name switch
    {
        "" => Refusal.Invalid(field, "must not be empty."),
        { Length: > Longest } => Refusal.Invalid(field, $"must not be longer than {Longest} characters."),
        _ when name.Any(char.IsControl) || char.IsWhiteSpace(name[0]) || char.IsWhiteSpace(name[^1]) =>
            Refusal.Invalid(field, "must be one line without spaces at its ends."),
        _ => null,
    };

    /// <summary>A name that containers are called by default.</summary>
    public static Refusal? CheckService(string name) => ServiceName().IsMatch(name)
        ? null
        : Refusal.Invalid("name", "must be 1 to 100 letters, digits, «_», «.» or «-», and begin with a letter or digit.",
            "It is also the name of the service's container, and follows Docker's rule for those.");

    /// <summary>Docker's rule: <c>[a-zA-Z0-9][a-zA-Z0-9_.-]+</c>.</summary>
    public static Refusal? CheckContainer(string name, string field = "containerName") =>
        name.Length <= LongestContainerName && ContainerName().IsMatch(name)
            ? null
            : Refusal.Invalid(field, $"must be 2 to {LongestContainerName} letters, digits, «_», «.» or «-», and begin with a letter or digit.");

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}\z")]
    private static partial Regex ServiceName();

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]+\z")]
    private static partial Regex ContainerName();
}
