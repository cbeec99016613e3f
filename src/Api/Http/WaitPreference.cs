using System.Globalization;

namespace DeployHub.Api.Http;

/// <summary><c>Prefer: wait=N</c> (RFC 7240).</summary>
internal static class WaitPreference
{
    private const int LongestSeconds = 60;

    /// <summary>The seconds that the caller prefers to wait, 1 to 60. What cannot be honoured is passed over, as preferences are.</summary>
    public static int? Of(HttpRequest request)
    {
        foreach (var preference in request.Headers["Prefer"].SelectMany(header => (header ?? "").Split(',')))
        {
            var parts = preference.Split(';')[0].Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts is [var name, var value] && name.Equals("wait", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= LongestSeconds)
            {
                return seconds;
            }
        }

        return null;
    }
}
