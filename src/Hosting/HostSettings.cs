using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using DeployHub.Persistence;
using DeployHub.Persistence.History;
using DeployHub.Persistence.Secrets;
using Microsoft.Extensions.Configuration;

namespace DeployHub.Hosting;

/// <summary>What a host is told from outside, checked at start. Every key can be set as an environment variable <c>DEPLOYHUB_…</c>.</summary>
/// <param name="Persistence">PostgreSQL when <c>DEPLOYHUB_POSTGRES</c> is set, else SQLite under the data directory.</param>
/// <param name="RabbitMq">The broker's <c>amqp://</c> address; null uses the in-memory transport.</param>
/// <param name="DataDirectory">Where the standalone server keeps its database, key and admin token.</param>
/// <param name="MasterKey">32 bytes that encrypt secrets at rest.</param>
/// <param name="FormerKeys">Keys that what is stored may still be encrypted with, until the rotation has been run.</param>
public record HostSettings(PersistenceOptions Persistence, Uri? RabbitMq, string DataDirectory, byte[] MasterKey, params byte[][] FormerKeys)
{
    private const string KeySetting = "DEPLOYHUB_MASTER_KEY";
    private const string FormerKeysSetting = "DEPLOYHUB_MASTER_KEY_FORMER";
    private const string HistoryDaysSetting = "DEPLOYHUB_HISTORY_DAYS";
    private const int MostHistoryDays = 36_500;

    /// <summary>What becomes of plans that ended long ago; they are kept unless <c>DEPLOYHUB_HISTORY_DAYS</c> says for how long.</summary>
    public HistorySettings History { get; init; } = new(null, null);

    /// <summary>How much callers may ask of an Api.</summary>
    public RateLimitSettings RateLimits { get; init; } = new();

    /// <summary>The reverse proxies whose word on where a request comes from is believed.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Reads the settings. Throws <see cref="SettingsException"/> naming the key that is missing or wrong.</summary>
    /// <param name="configuration">The host's configuration.</param>
    /// <param name="distributed">The host is one of several and so needs PostgreSQL, RabbitMQ and a key that all share.</param>
    public static HostSettings Read(IConfiguration configuration, bool distributed)
    {
        var data = configuration["DEPLOYHUB_DATA"] ?? "data";
        if (!distributed)
        {
            Directory.CreateDirectory(data);
            return new HostSettings(
                new PersistenceOptions(null, Path.Combine(data, "deployhub.db")) { AuditKept = AccessSettings.ReadAuditKept(configuration) }, null, data,
                ReadKey(configuration) ?? KeyFile(data), ReadFormerKeys(configuration))
            {
                RateLimits = RateLimitSettings.Read(configuration), TrustedProxies = AccessSettings.ReadTrustedProxies(configuration),
                History = ReadHistory(configuration),
            };
        }

        var postgres = configuration.Secret("DEPLOYHUB_POSTGRES") ?? throw new SettingsException(
            "DEPLOYHUB_POSTGRES", "is not set, nor is DEPLOYHUB_POSTGRES_FILE. Set it to the connection string of the PostgreSQL database, as in «Host=db;Database=deployhub;Username=…;Password=…».");
        var rabbit = configuration.Secret("DEPLOYHUB_RABBITMQ") ?? throw new SettingsException(
            "DEPLOYHUB_RABBITMQ", "is not set, nor is DEPLOYHUB_RABBITMQ_FILE. Set it to the address of the RabbitMQ broker, as in «amqp://user:password@host:5672/».");
        if (!Uri.TryCreate(rabbit, UriKind.Absolute, out var broker) || broker.Scheme is not ("amqp" or "amqps" or "rabbitmq"))
        {
            throw new SettingsException("DEPLOYHUB_RABBITMQ", "is not an amqp:// or amqps:// address.");
        }

        var key = ReadKey(configuration) ?? throw new SettingsException(
            KeySetting, "is not set, nor is DEPLOYHUB_MASTER_KEY_FILE. All hosts share one key of 32 bytes; make one with «openssl rand -base64 32».");
        return new HostSettings(
            new PersistenceOptions(postgres, null) { AuditKept = AccessSettings.ReadAuditKept(configuration) }, broker, data, key, ReadFormerKeys(configuration))
        {
            RateLimits = RateLimitSettings.Read(configuration), TrustedProxies = AccessSettings.ReadTrustedProxies(configuration),
            History = ReadHistory(configuration),
        };
    }

    private static HistorySettings ReadHistory(IConfiguration configuration)
    {
        if (configuration[HistoryDaysSetting] is not { } text)
        {
            return new(null, null);
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= MostHistoryDays
            ? new(TimeSpan.FromDays(days), configuration["DEPLOYHUB_HISTORY_ARCHIVE"])
            : throw new SettingsException(HistoryDaysSetting, $"is not a whole number of days between 1 and {MostHistoryDays}. Leave it out to keep all plans.");
    }

    private static byte[]? ReadKey(IConfiguration configuration) =>
        configuration.Secret(KeySetting) is { } text ? Key(configuration, KeySetting, text) : null;

    private static byte[][] ReadFormerKeys(IConfiguration configuration) =>
        [.. (configuration.Secret(FormerKeysSetting) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(text => Key(configuration, FormerKeysSetting, text))];

    private static byte[] Key(IConfiguration configuration, string setting, string text)
    {
        var bytes = new byte[SecretBox.KeyBytes];
        return Convert.TryFromBase64String(text, bytes, out var count) && count == bytes.Length
            ? bytes
            : throw new SettingsException(configuration[setting] is null ? $"{setting}_FILE" : setting, "is not 32 bytes in base64. Make one with «openssl rand -base64 32».");
    }

    private static byte[] KeyFile(string data)
    {
        var file = Path.Combine(data, "master-key");
        if (!File.Exists(file))
        {
            OwnerOnlyFile.Write(file, Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBox.KeyBytes)));
        }

        return Convert.FromBase64String(File.ReadAllText(file).Trim());
    }
}

public static class SecretSettings
{
    /// <summary>The value of a setting that is a secret, or what the file that <c>NAME_FILE</c> names holds, without white space at its ends; null when neither is set.</summary>
    /// <exception cref="SettingsException">The file does not exist, cannot be read or is empty.</exception>
    public static string? Secret(this IConfiguration configuration, string name)
    {
        if (configuration[name] is { } value)
        {
            return value.Trim();
        }

        if (configuration[$"{name}_FILE"] is not { } file)
        {
            return null;
        }

        try
        {
            return File.ReadAllText(file).Trim() is { Length: > 0 } text ? text : throw new SettingsException($"{name}_FILE", $"names «{file}», which is empty.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SettingsException($"{name}_FILE", $"names «{file}», which does not exist.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{name}_FILE", $"names «{file}», which cannot be read: {e.Message}");
        }
    }
}

/// <summary>A setting is missing or wrong; the message names it.</summary>
public sealed class SettingsException(string key, string problem) : Exception($"{key} {problem}");
