using DeployHub.Persistence;
using DeployHub.Persistence.Secrets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DeployHub.Hosting;

public static class HostSetup
{
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
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(new SecretBox(settings.MasterKey));
        builder.Services.AddPersistence(settings.Persistence);
        builder.Services.AddBus(settings, parts);
        return builder;
    }
}
