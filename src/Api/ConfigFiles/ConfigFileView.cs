using System.ComponentModel;
using System.Text;
using System.Text.Json.Serialization;
using DeployHub.Domain.ConfigFiles;

namespace DeployHub.Api.ConfigFiles;

internal sealed record ConfigFileAnswer(ConfigFileView ConfigFile);

internal sealed record ConfigFileList(List<ConfigFileView> ConfigFiles, string? NextCursor);

internal sealed record ConfigFileView
{
    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }
    public string Name { get; init; } = "";
    public string Filename { get; init; } = "";

    [Description("The text, where it is text. Not in lists.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }

    [Description("The bytes, where they are no text. Not in lists.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ContentBase64 { get; init; }

    public bool IsBinary { get; init; }

    [Description("In bytes.")]
    public int Size { get; init; }

    public string? Description { get; init; }
    public string? Language { get; init; }

    [Description("Counts the changes from 1; also the ETag, in quotes.")]
    public int Version { get; init; }

    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; init; }

    public static ConfigFileView Of(ConfigFile x) => new()
    {
        Id = x.Id, EnvironmentId = x.EnvironmentId, Name = x.Name, Filename = x.Filename,
        Content = x.IsBinary ? null : Encoding.UTF8.GetString(x.Content), ContentBase64 = x.IsBinary ? Convert.ToBase64String(x.Content) : null,
        IsBinary = x.IsBinary, Size = x.Content.Length, Description = x.Description, Language = x.Language, Version = x.Version,
        CreatedAt = x.CreatedAt, UpdatedAt = x.UpdatedAt,
    };
}

internal sealed record ConfigFileHistory(List<ConfigFileVersionView> Versions, string? NextCursor);

internal sealed record ConfigFileVersionView(
    Guid VersionId,
    [property: Description("The file's version that this was made as. Changes of name, description or language alone are not kept.")] int Version,
    string Filename,
    bool IsBinary,
    DateTime CreatedAt,
    string CreatedBy,
    int Size,
    [property: Description("Hex digits.")] string Sha256);
