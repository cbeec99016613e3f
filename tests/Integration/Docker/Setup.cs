using DeployHub.Docker;
using DeployHub.Servers;
using DeployHub.Tests.Docker;

[assembly: AssemblyFixture(typeof(Setup))]

namespace DeployHub.Tests.Docker;

/// <summary>The servers that the tests of the client share: an engine that no test kills, one that is killed, a simulated one, two registries.</summary>
public sealed class Setup : IAsyncLifetime
{
    private static DockerEngine? _engine;
    private static DockerEngine? _doomed;
    private static SimulatedEngines? _simulated;
    private static Registry? _registry;
    private static Registry? _private;

    public static EngineEndpoint Engine => EngineEndpoint.Parse(_engine!.Uri.OriginalString);

    public static EngineEndpoint SimulatedEngine => EngineEndpoint.Parse(_simulated!.Endpoints[0]);

    public static string Registry => _registry!.Host;

    public static RegistryCredentials PrivateRegistry => new(_private!.User!, _private.Password!, _private.Host);

    public static EngineEndpoint DoomedEngine => EngineEndpoint.Parse(_doomed!.Uri.OriginalString);

    public static Task KillDoomedEngine() => _doomed!.Kill();

    public async ValueTask InitializeAsync()
    {
        _engine = await DockerEngine.Start();
        _doomed = await DockerEngine.Start("doomed");
        _simulated = await SimulatedEngines.Start(1);
        _registry = await Servers.Registry.Start();
        _private = await Servers.Registry.Start("client", "s3cret-of-the-test");
    }

    public async ValueTask DisposeAsync()
    {
        await _engine!.DisposeAsync();
        await _doomed!.DisposeAsync();
        await _simulated!.DisposeAsync();
        await _registry!.DisposeAsync();
        await _private!.DisposeAsync();
    }
}
