using System.Text.Json;
using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Environments;
using DeployHub.Domain.Images;
using DeployHub.Domain.Registries;
using DeployHub.Domain.Servers;
using DeployHub.Domain.Services;
using DeployHub.Domain.Tokens;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Streams;
using DeployHub.Persistence.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace DeployHub.Persistence;

/// <summary>Tables, keys and indexes. A change here needs a migration beside it; a test compares the two.</summary>
internal static class Schema
{
    public static void Build(ModelBuilder model, bool sqlite)
    {
        model.Entity<DeploymentEnvironment>(e => { e.ToTable("environments"); e.HasIndex(x => x.Name).IsUnique(); });
        model.Entity<Server>(e =>
        {
            e.ToTable("servers");
            e.HasIndex(x => new { x.EnvironmentId, x.Name }).IsUnique();
            e.Word(x => x.Status);
            e.Json(x => x.WritableFolders).Metadata.SetValueComparer(SameInOrder<string>());
            Belongs<Server, DeploymentEnvironment>(e, nameof(Server.EnvironmentId));
        });
        model.Entity<Registry>(e =>
        {
            e.ToTable("registries");
            e.HasIndex(x => new { x.EnvironmentId, x.Name }).IsUnique();
            Belongs<Registry, DeploymentEnvironment>(e, nameof(Registry.EnvironmentId));
        });
        model.Entity<ContainerImage>(e =>
        {
            e.ToTable("container_images");
            e.HasIndex(x => new { x.EnvironmentId, x.Name }).IsUnique();
            Belongs<ContainerImage, DeploymentEnvironment>(e, nameof(ContainerImage.EnvironmentId));
            Belongs<ContainerImage, Registry>(e, nameof(ContainerImage.RegistryConnectionId));
        });
        model.Entity<ImageDigest>(e =>
        {
            e.ToTable("image_digests");
            e.HasIndex(x => new { x.ContainerImageId, x.ManifestDigest }).IsUnique();
            e.HasIndex(x => new { x.ContainerImageId, x.CreatedAt });
            Belongs<ImageDigest, ContainerImage>(e, nameof(ImageDigest.ContainerImageId));
        });
        model.Entity<Service>(e =>
        {
            e.ToTable("services");
            e.HasIndex(x => new { x.EnvironmentId, x.Name }).IsUnique();
            e.Json(x => x.Container);
            e.Json(x => x.Health);
            Belongs<Service, DeploymentEnvironment>(e, nameof(Service.EnvironmentId));
            Belongs<Service, ContainerImage>(e, nameof(Service.ContainerImageId));
        });
        model.Entity<ServiceDeployment>(e =>
        {
            e.ToTable("service_deployments");
            e.HasIndex(x => new { x.ServerId, x.ContainerName }).IsUnique();
            e.HasIndex(x => new { x.ServiceId, x.ServerId }).IsUnique();
            Belongs<ServiceDeployment, Service>(e, nameof(ServiceDeployment.ServiceId));
            Belongs<ServiceDeployment, Server>(e, nameof(ServiceDeployment.ServerId));
        });
        Plans(model);
        ConfigFiles(model);
        ConfigSync(model);
        Tokens(model);
        Messaging(model);
        Conventions(model, sqlite);
    }

    // Plans and steps are history: they keep names of their own and no foreign key to what may be deleted later.
    private static void Plans(ModelBuilder model)
    {
        model.Entity<DeploymentPlan>(e =>
        {
            e.ToTable("deployment_plans");
            e.Ignore(x => x.HasEnded);
            e.Word(x => x.Status);
            e.Json(x => x.Error);
            e.Property(x => x.StopWantedAt).IsConcurrencyToken();
            e.HasIndex(x => new { x.EnvironmentId, x.CreatedAt });
            e.HasIndex(x => new { x.EnvironmentId, x.Status, x.CreatedAt });
            e.HasIndex(x => new { x.ContainerImageId, x.CreatedAt });
            e.HasIndex(x => new { x.ContainerImageId, x.Status, x.CreatedAt });
            e.HasIndex(x => x.CompletedAt);
            e.HasIndex(x => x.Status);
        });
        model.Entity<DeploymentStep>(e =>
        {
            e.ToTable("deployment_steps");
            e.Ignore(x => x.TouchedNow);
            e.Word(x => x.Status);
            e.Property(x => x.Phase).HasConversion(v => v == null ? null : v.Value.Word(), v => v == null ? null : WireWords.Find<StepPhase>(v));
            e.Property(x => x.Counted).HasConversion<int?>();
            e.Json(x => x.Error);
            e.Json(x => x.Failure);
            e.Json(x => x.Settings);
            e.HasIndex(x => new { x.PlanId, x.Order }).IsUnique();
            e.HasIndex(x => new { x.ServiceId, x.PlanId });
            e.HasOne<DeploymentPlan>().WithMany().HasForeignKey(x => x.PlanId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<DeploymentState>(e =>
        {
            e.ToTable("deployment_states");
            e.HasKey(x => x.CorrelationId);
            e.Ignore(x => x.Stopped);
            e.Ignore(x => x.StopTakesBack);
            e.Property(x => x.Version).IsConcurrencyToken();
            e.HasIndex(x => x.CurrentState);
        });
        model.Entity<TargetLock>(e =>
        {
            e.ToTable("target_locks");
            e.HasKey(x => x.Sequence);
            e.Property(x => x.Sequence).ValueGeneratedOnAdd();
            e.HasIndex(x => new { x.Key, x.PlanId }).IsUnique();
            e.HasIndex(x => x.PlanId);
        });
        model.Entity<WorkItem>(e =>
        {
            e.ToTable("step_leases");
            e.HasKey(x => new { x.SubjectId, x.Act });
            e.Property(x => x.Act).HasConversion<int>();
            e.Property(x => x.StopAt).HasConversion<int?>();
            e.HasIndex(x => x.ClaimableAt);
            e.HasIndex(x => x.PlanId);
        });
    }

    private static void ConfigFiles(ModelBuilder model)
    {
        model.Entity<ConfigFile>(e =>
        {
            e.ToTable("config_files");
            e.HasIndex(x => new { x.EnvironmentId, x.Name }).IsUnique();
            e.Property(x => x.Version).IsConcurrencyToken();
            Belongs<ConfigFile, DeploymentEnvironment>(e, nameof(ConfigFile.EnvironmentId));
        });
        model.Entity<ConfigFileVersion>(e =>
        {
            e.ToTable("config_file_versions");
            e.HasIndex(x => new { x.ConfigFileId, x.Version }).IsUnique();
            e.HasOne<ConfigFile>().WithMany().HasForeignKey(x => x.ConfigFileId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<ConfigAttachment>(e =>
        {
            e.ToTable("config_attachments");
            e.Word(x => x.OnChange);
            e.HasIndex(x => x.ConfigFileId);
            e.HasIndex(x => x.ServiceId);
            e.HasIndex(x => x.ServiceDeploymentId);
            Belongs<ConfigAttachment, ConfigFile>(e, nameof(ConfigAttachment.ConfigFileId));
            Belongs<ConfigAttachment, Service>(e, nameof(ConfigAttachment.ServiceId));
            Belongs<ConfigAttachment, ServiceDeployment>(e, nameof(ConfigAttachment.ServiceDeploymentId));
        });
        model.Entity<EnvironmentValue>(e =>
        {
            e.ToTable("environment_values");
            e.HasIndex(x => new { x.EnvironmentId, x.Name }).IsUnique();
            Belongs<EnvironmentValue, DeploymentEnvironment>(e, nameof(EnvironmentValue.EnvironmentId));
        });
    }

    // Batches are history, as plans are: no foreign key to what may be deleted later.
    private static void ConfigSync(ModelBuilder model)
    {
        model.Entity<SyncBatch>(e =>
        {
            e.ToTable("sync_batches");
            e.Ignore(x => x.HasEnded);
            e.Word(x => x.Status);
            e.Json(x => x.Error);
            e.Property(x => x.StopWantedAt).IsConcurrencyToken();
            e.HasIndex(x => new { x.EnvironmentId, x.CreatedAt });
            e.HasIndex(x => new { x.EnvironmentId, x.Status, x.CreatedAt });
            e.HasIndex(x => x.Status);
        });
        model.Entity<SyncOperation>(e =>
        {
            e.ToTable("sync_operations");
            e.Word(x => x.Status);
            e.Json(x => x.Error);
            e.HasIndex(x => new { x.BatchId, x.Index }).IsUnique();
            e.HasIndex(x => new { x.ConfigFileId, x.BatchId });
            e.HasOne<SyncBatch>().WithMany().HasForeignKey(x => x.BatchId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<SyncTarget>(e =>
        {
            e.ToTable("sync_targets");
            e.Word(x => x.Status);
            e.Word(x => x.OnChange);
            e.Json(x => x.Error);
            e.Property(x => x.Counted).HasConversion<int?>();
            e.HasIndex(x => new { x.BatchId, x.Order }).IsUnique();
            e.HasIndex(x => x.OperationId);
            e.HasOne<SyncBatch>().WithMany().HasForeignKey(x => x.BatchId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<ConfigSyncState>(e =>
        {
            e.ToTable("config_sync_states");
            e.HasKey(x => x.CorrelationId);
            e.Ignore(x => x.Stopped);
            e.Ignore(x => x.StopTakesBack);
            e.Property(x => x.Version).IsConcurrencyToken();
            e.HasIndex(x => x.CurrentState);
        });
    }

    private static void Tokens(ModelBuilder model)
    {
        model.Entity<Account>(e =>
        {
            e.ToTable("accounts");
            e.HasIndex(x => x.Name).IsUnique();
            e.HasIndex(x => x.BrokerUser).IsUnique();
            e.Word(x => x.Role);
            e.Json(x => x.EnvironmentIds).Metadata.SetValueComparer(SameInOrder<Guid>());
        });
        model.Entity<ApiToken>(e =>
        {
            e.ToTable("api_tokens");
            e.HasIndex(x => x.Hash).IsUnique();
            e.HasIndex(x => x.Name).IsUnique();
            e.HasIndex(x => x.AccountId);
            e.Word(x => x.Role);
            e.Json(x => x.EnvironmentIds).Metadata.SetValueComparer(SameInOrder<Guid>());
            Belongs<ApiToken, Account>(e, nameof(ApiToken.AccountId));
        });

        // History: it names accounts, tokens and targets that may be gone. Each index is a filter of the log, in its order.
        model.Entity<AuditEntry>(e =>
        {
            e.ToTable("audit_entries");
            e.Word(x => x.Result);
            e.HasIndex(x => x.At);
            e.HasIndex(x => new { x.EnvironmentId, x.At });
            e.HasIndex(x => new { x.Actor, x.At });
            e.HasIndex(x => new { x.Action, x.At });
            e.HasIndex(x => new { x.TargetId, x.At });
            e.HasIndex(x => new { x.Result, x.At });
        });
        model.Entity<IdempotencyKey>(e => { e.ToTable("idempotency_keys"); e.HasKey(x => new { x.Caller, x.Key }); e.HasIndex(x => x.CreatedAt); });
    }

    private static void Messaging(ModelBuilder model)
    {
        model.Entity<OutboxMessage>(e =>
        {
            e.ToTable("outbox_messages");
            e.Ignore(x => x.Message);
            e.Property(x => x.Id).ValueGeneratedOnAdd();
            e.HasIndex(x => x.DueAt);
            e.HasIndex(x => x.Token);
        });
        model.Entity<InboxMessage>(e => { e.ToTable("inbox_messages"); e.HasKey(x => new { x.MessageId, x.Consumer }); e.HasIndex(x => x.ReceivedAt); });
        model.Entity<DeadLetter>(e => { e.ToTable("dead_letters"); e.HasIndex(x => x.FailedAt); });
        model.Entity<StreamHead>(e => { e.ToTable("stream_heads"); e.HasKey(x => x.StreamId); });
        model.Entity<StreamEntry>(e => { e.ToTable("stream_entries"); e.HasKey(x => new { x.StreamId, x.Number }); e.HasIndex(x => x.At); });
    }

    private static void Conventions(ModelBuilder model, bool sqlite)
    {
        var utc = new ValueConverter<DateTime, DateTime>(v => v, v => DateTime.SpecifyKind(v, DateTimeKind.Utc));
        foreach (var property in model.Model.GetEntityTypes().SelectMany(type => type.GetProperties()))
        {
            property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
            if (property.ClrType == typeof(Guid))
            {
                property.ValueGenerated = Microsoft.EntityFrameworkCore.Metadata.ValueGenerated.Never;
            }

            if (sqlite && property.ClrType is var type && (type == typeof(DateTime) || type == typeof(DateTime?)))
            {
                property.SetValueConverter(utc);
            }
        }
    }

    // A list in one column has changed when what it holds has.
    private static ValueComparer<List<T>> SameInOrder<T>() =>
        new((a, b) => ReferenceEquals(a, b) || (a != null && b != null && a.SequenceEqual(b)), v => v.Count, v => v.ToList());

    // Nothing is deleted along with what it belongs to: the caller is told what is in use.
    private static void Belongs<TEntity, TOwner>(EntityTypeBuilder<TEntity> entity, string key) where TEntity : class where TOwner : class =>
        entity.HasOne<TOwner>().WithMany().HasForeignKey(key).OnDelete(DeleteBehavior.Restrict);

    private static void Word<TEntity, TEnum>(
        this EntityTypeBuilder<TEntity> entity, System.Linq.Expressions.Expression<Func<TEntity, TEnum>> property)
        where TEntity : class where TEnum : struct, Enum =>
        entity.Property(property).HasConversion(v => v.Word(), v => WireWords.Find<TEnum>(v)!.Value).HasMaxLength(40);

    private static PropertyBuilder<TValue> Json<TEntity, TValue>(
        this EntityTypeBuilder<TEntity> entity, System.Linq.Expressions.Expression<Func<TEntity, TValue>> property) where TEntity : class =>
        entity.Property(property).HasConversion(
            v => JsonSerializer.Serialize(v, WireWords.Json),
            v => JsonSerializer.Deserialize<TValue>(v, WireWords.Json)!);
}
