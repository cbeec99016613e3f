using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DeployHub.ContractDocs;

/// <summary>The documentation comments of an assembly, as plain text.</summary>
internal sealed partial class XmlDocs
{
    private readonly Dictionary<string, string> _summaries;

    public XmlDocs(System.Reflection.Assembly assembly)
    {
        var file = Path.ChangeExtension(assembly.Location, ".xml");
        _summaries = XDocument.Load(file).Descendants("member").Where(member => member.Element("summary") is not null)
            .ToDictionary(member => (string)member.Attribute("name")!, member => Text(member.Element("summary")!));
    }

    public string Of(Type type) => Find($"T:{type.FullName}");

    public string Of(Type owner, string property) => Find($"P:{owner.FullName}.{property}");

    private string Find(string member) =>
        _summaries.GetValueOrDefault(member) ?? throw new InvalidOperationException($"{member} has no documentation comment: what is public says what it is.");

    private static string Text(XElement summary) => Spaces().Replace(string.Concat(summary.Nodes().Select(Text)), " ").Trim();

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" } see => ((string?)see.Attribute("cref") ?? (string?)see.Attribute("langword") ?? "").Split('.', ':')[^1],
        XElement other => string.Concat(other.Nodes().Select(Text)),
        _ => "",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
