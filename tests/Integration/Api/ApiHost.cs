using System.Net;
using System.Security.Cryptography;
using DeployHub.Api;
using DeployHub.Hosting;
using DeployHub.Integration.Hub;
using DeployHub.Persistence;
using DeployHub.Persistence.Secrets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace DeployHub.Integration.Api;

/// <summary>The Api alone, in this process, without bus and workers: what it accepts stays pending.</summary>
public sealed class ApiHost : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("deployhub-api-").FullName;

    /// <summary>The database to use; left out, SQLite in a folder of its own.</summary>
    public string? Postgres { get; init; }

    /// <summary>What DEPLOYHUB_ADMIN_TOKEN says; left out, the host makes one.</summary>
    public string? SetAdminToken { get; init; }

    /// <summary>How much callers may ask; left out, more than any test does.</summary>
    public RateLimitSettings RateLimits { get; init; } = new(1_000_000, 1_000_000, 1_000_000);

    /// <summary>The proxies that are believed.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>What stands in for the rest of the house.</summary>
    public Action<IServiceCollection>? Beside { get; init; }

    /// <summary>The SQLite file, where that is the database.</summary>
    public string DatabaseFile => Path.Combine(_folder, "deployhub.db");

    public WebApplication App { get; private set; } = null!;

    public string AdminToken { get; private set; } = "";

    public ApiClient Admin { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration["DEPLOYHUB_ADMIN_TOKEN"] = SetAdminToken;
        var persistence = Postgres is null ? new PersistenceOptions(null, DatabaseFile) : new PersistenceOptions(Postgres, null);
        var settings = new HostSettings(persistence, null, _folder, RandomNumberGenerator.GetBytes(SecretBox.KeyBytes)) { RateLimits = RateLimits, TrustedProxies = TrustedProxies };
        builder.Services.AddSingleton(settings).AddSingleton(new SecretBox(settings.MasterKey)).AddPersistence(persistence).AddApi(settings);
        Beside?.Invoke(builder.Services);
        App = builder.Build();
        App.UseApi();
        await App.StartAsync();
        AdminToken = SetAdminToken ?? (await File.ReadAllTextAsync(Path.Combine(_folder, "admin-token"))).Trim();
        Admin = As(AdminToken);
    }

    /// <summary>A caller with this token, or with none.</summary>
    public ApiClient As(string? token) => new(new Uri(App.Urls.Single()), token);

    /// <summary>Reaches behind the API, to stand in for the workers that are not there.</summary>
    public async Task Edit(Func<DeployHubDb, Task> edit)
    {
        await using var scope = App.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        await db.InTransaction(() => edit(db), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        Admin?.Dispose();
        if (App is not null)
        {
            await App.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }
}
