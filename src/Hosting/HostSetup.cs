using System.Security.Cryptography;
using DeployHub.Persistence;
using DeployHub.Persistence.Secrets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DeployHub.Hosting;

public static class HostSetup
{
    /// <summary>A builder whose settings are read once: no file is watched for changes.</summary>
    public static WebApplicationBuilder CreateBuilder(string[] args) => WebApplication.CreateBuilder([.. args, "--hostBuilder:reloadConfigOnChange=false"]);

    /// <summary>What every host needs: settings, log, database, secrets and bus.</summary>
    public static WebApplicationBuilder AddDeployHub(this WebApplicationBuilder builder, HostSettings settings, params IBusParts[] parts)
    {
        builder.Logging.ClearProviders().AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);

        // What fails there is thrown and told by whoever asked; the probe for the migrations of an empty database fails by design.
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.None);
        builder.Logging.AddFilter("MassTransit", LogLevel.Warning);
        builder.Logging.AddFilter("Quartz", LogLevel.Warning);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(new SecretBox(settings.MasterKey, settings.FormerKeys));
        builder.Services.AddPersistence(settings.Persistence);
        builder.Services.AddBus(settings, parts);
        builder.Services.AddHostedService<MemoryAtRest>();
        return builder;
    }

    /// <summary>The command <c>rotate-key</c>: runs the <see cref="KeyRotation"/> instead of the host, and says what it did. Gives the exit code.</summary>
    public static async Task<int> RotateKey(this WebApplication app)
    {
        await using var scope = app.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        try
        {
            var (values, changed) = await new KeyRotation(db, scope.ServiceProvider.GetRequiredService<SecretBox>()).Run(CancellationToken.None);
            Console.WriteLine($"{changed} of {values} stored secrets were encrypted anew; all of them are under the present master key. Former keys are not needed any more.");
            return 0;
        }
        catch (CryptographicException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message} Give it in DEPLOYHUB_MASTER_KEY_FORMER and run this again; what was done stays done.");
            return 1;
        }
    }
}
