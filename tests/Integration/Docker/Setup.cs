using System.Diagnostics;
using System.Globalization;
using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

/// <summary>Which servers the Docker tests talk to. A test whose server is not named is skipped.</summary>
internal static class Setup
{
    /// <summary>DEPLOYHUB_TEST_ENGINE: <c>unix:///…/docker.sock</c> of an engine that no test kills.</summary>
    public static EngineEndpoint Engine => EngineEndpoint.Parse(Named("DEPLOYHUB_TEST_ENGINE"));

    /// <summary>DEPLOYHUB_TEST_REGISTRY: <c>127.0.0.1:port</c> of a registry that asks for no password.</summary>
    public static string Registry => Named("DEPLOYHUB_TEST_REGISTRY");

    /// <summary>DEPLOYHUB_TEST_PRIVATE_REGISTRY: <c>user:password@127.0.0.1:port</c> of one that does.</summary>
    public static RegistryCredentials PrivateRegistry
    {
        get
        {
            var uri = new Uri("http://" + Named("DEPLOYHUB_TEST_PRIVATE_REGISTRY"));
            var user = Uri.UnescapeDataString(uri.UserInfo).Split(':', 2);
            return new RegistryCredentials(user[0], user[1], uri.Authority);
        }
    }

    /// <summary>DEPLOYHUB_TEST_DOOMED_ENGINE: socket of an engine that may be killed, its pid in the file <c>pid</c> beside the socket.</summary>
    public static EngineEndpoint DoomedEngine => EngineEndpoint.Parse(Named("DEPLOYHUB_TEST_DOOMED_ENGINE"));

    /// <summary>SIGKILL.</summary>
    public static async Task Kill(EngineEndpoint engine)
    {
        var pid = await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(engine.Host)!, "pid"));
        using var process = Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture));
        process.Kill();
        await process.WaitForExitAsync();
    }

    private static string Named(string variable)
    {
        var value = Environment.GetEnvironmentVariable(variable);
        Assert.SkipWhen(string.IsNullOrEmpty(value), $"{variable} names no server.");
        return value!;
    }
}
