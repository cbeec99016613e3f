using System.Globalization;
using System.Text;
using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Sync;

/// <summary>Files of one size whose every byte but a few stays the same from round to round.</summary>
internal sealed class Contents(int count, int bytes)
{
    /// <summary>The variable that makes each round's contents others.</summary>
    public const string Variable = "ROUND_NO";
    private const string Place = "${" + Variable + "}";

    public int Count => count;

    public int Bytes => bytes;

    public string Size => bytes >= 1024 * 1024 ? $"{bytes / 1024 / 1024} MiB" : $"{bytes / 1024} KiB";

    public static string Name(int file) => string.Create(CultureInfo.InvariantCulture, $"file-{file}.conf");

    /// <summary>As wide as the place that it takes.</summary>
    public static string Value(int round) => round.ToString(CultureInfo.InvariantCulture).PadLeft(Place.Length, '0');

    public string Template(int file) => Text(file, Place);

    public byte[] Rendered(int file, int round) => Encoding.ASCII.GetBytes(Text(file, Value(round)));

    public async Task Register(Hub hub, string environment, List<string> ids, string name)
    {
        for (var i = 0; i < count; i++)
        {
            ids.Add(await hub.Create($"/api/environments/{environment}/config-files", new { name = $"{name}-{Name(i)}", filename = Name(i), content = Template(i) }));
        }
    }

    private string Text(int file, string round)
    {
        var head = string.Create(CultureInfo.InvariantCulture, $"# file {file}, round {round}\n");
        return head + new string('x', bytes - head.Length - 1) + "\n";
    }
}
