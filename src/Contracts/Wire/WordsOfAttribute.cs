namespace DeployHub.Contracts.Wire;

/// <summary>The string holds one of the words of an enum, so that a consumer that does not know a new word can still read the message.</summary>
/// <param name="words">The enum.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class WordsOfAttribute(Type words) : Attribute
{
    /// <summary>The enum whose words it holds.</summary>
    public Type Words { get; } = words;
}
