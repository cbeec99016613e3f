using DeployHub.Api.Access;
using DeployHub.Api.Accounts;
using DeployHub.Api.Audit;
using DeployHub.Api.ConfigFiles;
using DeployHub.Api.ConfigSync;
using DeployHub.Api.DeadLetters;
using DeployHub.Api.Deployments;
using DeployHub.Api.Environments;
using DeployHub.Api.Health;
using DeployHub.Api.Http;
using DeployHub.Api.Images;
using DeployHub.Api.OpenApi;
using DeployHub.Api.Registries;
using DeployHub.Api.Servers;
using DeployHub.Api.Services;
using DeployHub.Api.Streams;
using DeployHub.Api.Tokens;
using DeployHub.Api.Values;
using DeployHub.Contracts.Wire;
using DeployHub.Hosting;
using DeployHub.Intake;
using DeployHub.Persistence;
using DeployHub.Persistence.Streams;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace DeployHub.Api;

/// <summary>The front door of the room: everything that speaks HTTP.</summary>
public static class ApiSetup
{
    private const string DocumentPath = "/openapi.json";

    /// <summary>Adds the Api. Needs what AddDeployHub adds.</summary>
    public static IServiceCollection AddApi(this IServiceCollection services, HostSettings settings)
    {
        services.AddIntake();
        services.AddScoped<WaitingLine>().AddScoped<PlanReader>().AddScoped<TagResolution>();
        services.AddSingleton(provider => new SharedReads<Guid, ReadPlan>(provider.GetRequiredService<IServiceScopeFactory>(), PlanReader.ById()));
        services.AddScoped<BatchReader>().AddScoped<HostFiles>().AddScoped<DryRun>().AddScoped<DriftReader>();
        services.AddSingleton<OpenStreams>().AddSingleton<EndWaits>().AddSingleton<StreamListening>().AddSingleton(StreamTimes.Usual);
        services.AddSingleton<LiveStreams>().AddHostedService(provider => provider.GetRequiredService<LiveStreams>());
        services.AddScoped<StreamOpening>().AddScoped<PreferredWait>();
        services.AddSingleton<RateLimits>();
        services.Configure<ForwardedHeadersOptions>(options => TrustedProxies.Apply(options, settings));
        services.AddHostedService<AdminToken>();
        services.AddSingleton<TokenUse>().AddHostedService(provider => provider.GetRequiredService<TokenUse>());
        services.AddOpenApi(Document.Configure);
        services.ConfigureHttpJsonOptions(options =>
        {
            var json = options.SerializerOptions;
            (json.NumberHandling, json.Encoder) = (WireWords.Json.NumberHandling, WireWords.Json.Encoder);
            foreach (var converter in WireWords.Json.Converters)
            {
                json.Converters.Add(converter);
            }
        });
        return services.Configure<KestrelServerOptions>(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = Body.LargestBytes;
            options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });
    }

    /// <summary>Puts the pipeline and every route in place.</summary>
    public static WebApplication UseApi(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseMiddleware<RequestLog>();
        app.UseMiddleware<ErrorBoundary>();
        app.UseStatusCodePages(context => ErrorBoundary.Complete(context.HttpContext));
        app.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "docs";
            page.DocumentTitle = "DeployHub";
            page.SwaggerEndpoint(DocumentPath, "DeployHub");
        });
        app.UseRouting();
        app.UseMiddleware<TokenAuthentication>();
        app.UseMiddleware<KnownParameters>();
        var routes = app.MapWithAccess();
        routes.MapOpenApi(DocumentPath);
        routes.MapMessageDocument();
        routes.MapHealth();
        routes.MapDeploymentPlans();
        routes.MapEnvironments();
        routes.MapServers();
        routes.MapRegistries();
        routes.MapContainerImages();
        routes.MapImageDigests();
        routes.MapServices();
        routes.MapServiceDeployments();
        routes.MapConfigFiles();
        routes.MapAttachments();
        routes.MapVariables();
        routes.MapSecrets();
        routes.MapSyncBatches();
        routes.MapStreams();
        routes.MapDrift();
        routes.MapAccounts();
        routes.MapTokens();
        routes.MapAuditLog();
        routes.MapDeadLetters();
        app.CheckAccess();
        return app;
    }
}
