using System.Data.Common;

namespace DeployHub.Servers;

/// <summary>The servers that many tests share and none may kill: an external one where the environment names it, else one
/// that is started at the first use and lives as long as this object (an assembly or collection fixture).</summary>
public sealed class ExternalServers : IAsyncDisposable
{
    private readonly Lazy<Task<Postgres>> _postgres = new(() => Servers.Postgres.Start());
    private readonly Lazy<Task<RabbitMq>> _rabbitMq = new(Servers.RabbitMq.Start);
    private readonly Lazy<Task<DockerEngine>> _engine = new(() => DockerEngine.Start("shared"));

    /// <summary>DEPLOYHUB_TEST_POSTGRES: an Npgsql connection string of a user who may create databases; or null.</summary>
    public static string? Postgres => Variable("DEPLOYHUB_TEST_POSTGRES");

    /// <summary>DEPLOYHUB_TEST_RABBITMQ: <c>amqp://user:password@host:port/</c>; or null.</summary>
    public static Uri? RabbitMq => Variable("DEPLOYHUB_TEST_RABBITMQ") is { } text ? new Uri(text) : null;

    /// <summary>DEPLOYHUB_TEST_ENGINE: <c>unix:///var/run/docker.sock</c> or another address of an engine; or null.</summary>
    public static Uri? Engine => Variable("DEPLOYHUB_TEST_ENGINE") is { } text ? new Uri(text) : null;

    /// <summary>The connection string of a new, empty database.</summary>
    public async Task<string> NewDatabase() => Postgres is { } external ? await CreateIn(external) : await (await _postgres.Value).CreateDatabase();

    /// <summary>The address of the broker.</summary>
    public async Task<Uri> Broker() => RabbitMq ?? (await _rabbitMq.Value).Uri;

    /// <summary>The address of the engine.</summary>
    public async Task<Uri> DockerHost() => Engine ?? (await _engine.Value).Uri;

    /// <summary>Ends what was started here.</summary>
    public async ValueTask DisposeAsync()
    {
        await End(_postgres);
        await End(_rabbitMq);
        await End(_engine);
    }

    private static async Task End<T>(Lazy<Task<T>> server) where T : IAsyncDisposable
    {
        if (server.IsValueCreated && server.Value.IsCompletedSuccessfully)
        {
            await (await server.Value).DisposeAsync();
        }
    }

    private static async Task<string> CreateIn(string external)
    {
        var connection = new DbConnectionStringBuilder { ConnectionString = external };
        var name = $"test_{Guid.NewGuid():N}";
        var environment = new Dictionary<string, string>
        {
            ["PGHOST"] = Part("Host") ?? "127.0.0.1",
            ["PGPORT"] = Part("Port") ?? "5432",
            ["PGUSER"] = Part("Username") ?? "postgres",
            ["PGPASSWORD"] = Part("Password") ?? "",
        };
        await Programs.Run(Servers.Postgres.Program("createdb"), ["-w", name], environment);
        connection["Database"] = name;
        return connection.ConnectionString;

        string? Part(string key) => connection.TryGetValue(key, out var value) ? value.ToString() : null;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
