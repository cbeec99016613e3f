using System.Security.Cryptography;
using DeployHub.Persistence;
using DeployHub.Persistence.Secrets;
using Microsoft.Extensions.Configuration;

namespace DeployHub.Hosting;

/// <summary>What a host is told from outside, checked at start. Every key can be set as an environment variable <c>DEPLOYHUB_…</c>.</summary>
/// <param name="Persistence">PostgreSQL when <c>DEPLOYHUB_POSTGRES</c> is set, else SQLite under the data directory.</param>
/// <param name="RabbitMq">The broker's <c>amqp://</c> address; null uses the in-memory transport.</param>
/// <param name="DataDirectory">Where the standalone server keeps its database, key and admin token.</param>
/// <param name="MasterKey">32 bytes that encrypt secrets at rest.</param>
public record HostSettings(PersistenceOptions Persistence, Uri? RabbitMq, string DataDirectory, byte[] MasterKey)
{
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
                new PersistenceOptions(null, Path.Combine(data, "deployhub.db")), null, data, ReadKey(configuration) ?? KeyFile(data));
        }

        var postgres = configuration["DEPLOYHUB_POSTGRES"] ?? throw new SettingsException(
            "DEPLOYHUB_POSTGRES", "is not set. Set it to the connection string of the PostgreSQL database, as in «Host=db;Database=deployhub;Username=…;Password=…».");
        var rabbit = configuration["DEPLOYHUB_RABBITMQ"] ?? throw new SettingsException(
            "DEPLOYHUB_RABBITMQ", "is not set. Set it to the address of the RabbitMQ broker, as in «amqp://user:password@host:5672/».");
        if (!Uri.TryCreate(rabbit, UriKind.Absolute, out var broker) || broker.Scheme is not ("amqp" or "amqps" or "rabbitmq"))
        {
            throw new SettingsException("DEPLOYHUB_RABBITMQ", "is not an amqp:// or amqps:// address.");
        }

        return new HostSettings(new PersistenceOptions(postgres, null), broker, data, ReadKey(configuration) ?? throw new SettingsException(
            "DEPLOYHUB_MASTER_KEY", "is not set, nor is DEPLOYHUB_MASTER_KEY_FILE. All hosts share one key of 32 bytes; make one with «openssl rand -base64 32»."));
    }

    private static byte[]? ReadKey(IConfiguration configuration)
    {
        var (name, text) = (configuration["DEPLOYHUB_MASTER_KEY"], configuration["DEPLOYHUB_MASTER_KEY_FILE"]) switch
        {
            ({ } key, _) => ("DEPLOYHUB_MASTER_KEY", key),
            (null, { } file) when File.Exists(file) => ("DEPLOYHUB_MASTER_KEY_FILE", File.ReadAllText(file)),
            (null, { } file) => throw new SettingsException("DEPLOYHUB_MASTER_KEY_FILE", $"names «{file}», which does not exist."),
            _ => ("", null),
        };
        if (text is null)
        {
            return null;
        }

        var bytes = new byte[SecretBox.KeyBytes];
        return Convert.TryFromBase64String(text.Trim(), bytes, out var count) && count == bytes.Length
            ? bytes
            : throw new SettingsException(name, "is not 32 bytes in base64. Make one with «openssl rand -base64 32».");
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

/// <summary>A setting is missing or wrong; the message names it.</summary>
public sealed class SettingsException(string key, string problem) : Exception($"{key} {problem}");
