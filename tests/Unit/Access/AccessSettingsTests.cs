using System.Net;
using DeployHub.Hosting;
using Microsoft.Extensions.Configuration;

namespace DeployHub.Unit.Access;

public sealed class AccessSettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("deployhub-settings-").FullName;

    [Theory]
    [InlineData("DEPLOYHUB_RATE_LIMIT_TOKEN", "0")]
    [InlineData("DEPLOYHUB_RATE_LIMIT_ADDRESS", "many")]
    [InlineData("DEPLOYHUB_RATE_LIMIT_FAILURES", "-1")]
    [InlineData("DEPLOYHUB_AUDIT_DAYS", "1.5")]
    [InlineData("DEPLOYHUB_TRUSTED_PROXIES", "10.0.0.1, proxy")]
    public void What_cannot_be_is_refused_at_the_start_by_name(string setting, string value) =>
        Assert.StartsWith($"{setting} ", Assert.Throws<SettingsException>(() => Read(setting, value)).Message, StringComparison.Ordinal);

    [Fact]
    public void Left_out_they_are_generous()
    {
        var settings = Read("DEPLOYHUB_RATE_LIMIT_TOKEN", "7");
        Assert.Equal(new RateLimitSettings(7, 12_000, 60), settings.RateLimits);
        Assert.Equal(TimeSpan.FromDays(365), settings.Persistence.AuditKept);
        Assert.Empty(settings.TrustedProxies);
        Assert.Equal(
            [IPNetwork.Parse("10.0.0.1/32"), IPNetwork.Parse("10.1.0.0/16")], Read("DEPLOYHUB_TRUSTED_PROXIES", "10.0.0.1, 10.1.0.0/16").TrustedProxies);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private HostSettings Read(string setting, string value) => HostSettings.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new("DEPLOYHUB_DATA", _folder), new(setting, value)]).Build(), distributed: false);
}
