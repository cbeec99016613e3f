using System.Text.RegularExpressions;

namespace DeployHub.Domain.ConfigFiles;

/// <summary>Permission bits as people write them: four octal digits.</summary>
public static partial class FileModes
{
    /// <summary>The bits of «0644» or «644»; null when it is neither, or has the set-user-id, set-group-id or sticky bit.</summary>
    public static int? Parse(string text) => Octal().IsMatch(text) ? Convert.ToInt32(text, 8) : null;

    public static string Show(int mode) => "0" + Convert.ToString(mode, 8).PadLeft(3, '0');

    [GeneratedRegex(@"^0?[0-7]{3}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Octal();
}
