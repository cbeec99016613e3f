using DeployHub.Intake.Access;
using DeployHub.Intake.Accounts;
using DeployHub.Intake.Commands;
using DeployHub.Intake.ConfigFiles;
using DeployHub.Intake.ConfigSync;
using DeployHub.Intake.DeadLetters;
using DeployHub.Intake.Deployments;
using DeployHub.Intake.Environments;
using DeployHub.Intake.Images;
using DeployHub.Intake.Registries;
using DeployHub.Intake.Servers;
using DeployHub.Intake.Services;
using DeployHub.Intake.Tokens;
using DeployHub.Intake.Values;
using DeployHub.Persistence;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DeployHub.Intake;

public static class IntakeSetup
{
    /// <summary>Everything that accepts requests. Needs the database and the secret box. A host of several rooms may add it more than once.</summary>
    public static IServiceCollection AddIntake(this IServiceCollection services)
    {
        services.TryAddSingleton<RefusedTries>();
        return services
            .AddScoped<AcceptDeployment>()
            .AddScoped<AcceptRollback>()
            .AddScoped<AcceptCancel>()
            .AddScoped<AcceptRetry>()
            .AddScoped<EnvironmentIntake>()
            .AddScoped<ServerIntake>()
            .AddScoped<RegistryIntake>()
            .AddScoped<ContainerImageIntake>()
            .AddScoped<RecordDigest>()
            .AddScoped<ServiceIntake>()
            .AddScoped<ServiceDeploymentIntake>()
            .AddScoped<ConfigFileIntake>()
            .AddScoped<AttachmentIntake>()
            .AddScoped<ValueIntake>()
            .AddScoped<FileRendering>()
            .AddScoped<BatchPreparation>()
            .AddScoped<AcceptSyncBatch>()
            .AddScoped<AcceptBatchCancel>()
            .AddScoped<AcceptBatchRetry>()
            .AddScoped<TokenCheck>()
            .AddSingleton(provider => new SharedReads<string, ShownToken>(provider.GetRequiredService<IServiceScopeFactory>(), TokenCheck.ByHash()))
            .AddScoped<CommandActs>()
            .AddScoped<CommandIntake>()
            .AddScoped<AccessCheck>()
            .AddHostedService<RefusedTriesWriter>()
            .AddScoped<AccountIntake>()
            .AddScoped<TokenIntake>()
            .AddScoped<DeadLetterIntake>();
    }
}
