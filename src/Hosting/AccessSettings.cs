using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace DeployHub.Hosting;

/// <summary>Requests in a minute, by each process of the Api; what is not used is saved up for one minute.</summary>
/// <param name="PerToken">With one token.</param>
/// <param name="PerAddress">From one address.</param>
/// <param name="FailuresPerAddress">From one address with tokens that are not valid.</param>
public sealed record RateLimitSettings(int PerToken = 6000, int PerAddress = 12_000, int FailuresPerAddress = 60)
{
    private const int Most = 10_000_000;

    /// <exception cref="SettingsException">A setting is no number from 1 to ten million.</exception>
    public static RateLimitSettings Read(IConfiguration configuration)
    {
        var defaults = new RateLimitSettings();
        return new RateLimitSettings(
            AccessSettings.ReadNumber(configuration, "DEPLOYHUB_RATE_LIMIT_TOKEN", Most) ?? defaults.PerToken,
            AccessSettings.ReadNumber(configuration, "DEPLOYHUB_RATE_LIMIT_ADDRESS", Most) ?? defaults.PerAddress,
            AccessSettings.ReadNumber(configuration, "DEPLOYHUB_RATE_LIMIT_FAILURES", Most) ?? defaults.FailuresPerAddress);
    }
}

/// <summary>Settings about who uses the Api, and what is kept of it.</summary>
internal static class AccessSettings
{
    private const string AuditSetting = "DEPLOYHUB_AUDIT_DAYS";
    private const string ProxiesSetting = "DEPLOYHUB_TRUSTED_PROXIES";
    private const int MostAuditDays = 36_500;
    private const int DefaultAuditDays = 365;

    public static TimeSpan ReadAuditKept(IConfiguration configuration) =>
        TimeSpan.FromDays(ReadNumber(configuration, AuditSetting, MostAuditDays) ?? DefaultAuditDays);

    public static List<IPNetwork> ReadTrustedProxies(IConfiguration configuration) =>
        [.. (configuration[ProxiesSetting] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(text =>
            IPNetwork.TryParse(text, out var network) ? network
            : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : throw new SettingsException(ProxiesSetting, $"holds «{text}», which is neither an address nor a network, as in «10.0.0.5, 10.1.0.0/16»."))];

    public static int? ReadNumber(IConfiguration configuration, string setting, int most) => configuration[setting] switch
    {
        null or "" => null,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most => number,
        _ => throw new SettingsException(setting, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from 1 to {most}.")),
    };
}
