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
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace DeployHub.Persistence;

/// <summary>The one schema, on PostgreSQL or SQLite. Every write goes through <see cref="InTransaction"/>, or <see cref="InOneStatement"/>.</summary>
public class DeployHubDb : DbContext
{
    private readonly Told _told = new();

    public DeployHubDb(DbContextOptions<DeployHubDb> options)
        : base(options)
    {
        // A transaction here is committed whole or not at all; a savepoint before each save would only be a round trip.
        Database.AutoSavepointsEnabled = false;
    }

    public DbSet<DeploymentEnvironment> Environments => Set<DeploymentEnvironment>();
    public DbSet<Server> Servers => Set<Server>();
    public DbSet<Registry> Registries => Set<Registry>();
    public DbSet<ContainerImage> ContainerImages => Set<ContainerImage>();
    public DbSet<ImageDigest> ImageDigests => Set<ImageDigest>();
    public DbSet<Service> Services => Set<Service>();
    public DbSet<ServiceDeployment> ServiceDeployments => Set<ServiceDeployment>();
    public DbSet<DeploymentPlan> Plans => Set<DeploymentPlan>();
    public DbSet<DeploymentStep> Steps => Set<DeploymentStep>();
    public DbSet<ConfigFile> ConfigFiles => Set<ConfigFile>();
    public DbSet<ConfigFileVersion> ConfigFileVersions => Set<ConfigFileVersion>();
    public DbSet<ConfigAttachment> ConfigAttachments => Set<ConfigAttachment>();
    public DbSet<EnvironmentValue> EnvironmentValues => Set<EnvironmentValue>();
    public DbSet<SyncBatch> SyncBatches => Set<SyncBatch>();
    public DbSet<SyncOperation> SyncOperations => Set<SyncOperation>();
    public DbSet<SyncTarget> SyncTargets => Set<SyncTarget>();
    public DbSet<ConfigSyncState> ConfigSyncStates => Set<ConfigSyncState>();
    public DbSet<Account> Accounts => Set<Account>();
    public DbSet<ApiToken> ApiTokens => Set<ApiToken>();
    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();
    public DbSet<IdempotencyKey> IdempotencyKeys => Set<IdempotencyKey>();
    public DbSet<TargetLock> TargetLocks => Set<TargetLock>();
    public DbSet<WorkItem> WorkItems => Set<WorkItem>();
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();
    public DbSet<DeadLetter> DeadLetters => Set<DeadLetter>();
    public DbSet<InboxMessage> Inbox => Set<InboxMessage>();
    public DbSet<DeploymentState> DeploymentStates => Set<DeploymentState>();
    public DbSet<StreamHead> StreamHeads => Set<StreamHead>();
    public DbSet<StreamEntry> StreamEntries => Set<StreamEntry>();

    /// <summary>What the open transaction tells the streams.</summary>
    internal Told Told => Database.CurrentTransaction is not null ? _told : throw new InvalidOperationException("Only a transaction tells something.");

    /// <summary>
    /// Runs <paramref name="work"/>, saves and commits it as one transaction, and then hands what it put into the outbox to the
    /// relay, and what it told to those who watch. Joins the transaction that is already open, if any. Whatever throws leaves nothing behind.
    /// </summary>
    public async Task InTransaction(Func<Task> work, CancellationToken ct)
    {
        if (Database.CurrentTransaction is not null)
        {
            await work();
            await SaveChangesAsync(ct);
            return;
        }

        using var turn = await this.GetService<SqliteTurn>().Take(Database, ct);
        try
        {
            await using var transaction = await Database.BeginTransactionAsync(ct);
            await work();
            await SaveChangesAsync(ct);
            await StreamWriting.WriteAndCommit(this, transaction, _told.Items, ct);
        }
        catch
        {
            // What was rolled back must not be saved, handed to the relay or told with the next transaction of this context.
            ChangeTracker.Clear();
            _told.Clear();
            throw;
        }

        this.GetService<OutboxHandover>().Offer(ChangeTracker);
        this.GetService<StreamSignal>().Offer(_told.News());
        _told.Clear();
    }

    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        if (Database.CurrentTransaction is null)
        {
            return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        }

        // Whoever asks for tracked rows has all of them compared with what was read: once is enough.
        ChangeTracker.DetectChanges();
        ChangeTracker.AutoDetectChangesEnabled = false;
        try
        {
            this.TellTracked();
            return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        }
        finally
        {
            ChangeTracker.AutoDetectChangesEnabled = true;
        }
    }

    /// <summary>Runs one statement that is a transaction of its own: it costs a round trip less. It puts nothing into the outbox and tells nothing.</summary>
    public async Task<int> InOneStatement(Func<Task<int>> statement, CancellationToken ct)
    {
        using var turn = Database.CurrentTransaction is null ? await this.GetService<SqliteTurn>().Take(Database, ct) : null;
        return await statement();
    }

    /// <summary>Whether the database answers and takes writes: a standby, or a primary that is being demoted, answers and takes none.</summary>
    public async Task<bool> TakesWrites(CancellationToken ct) => Database.IsSqlite()
        ? await Database.SqlQuery<int>($"SELECT 1 AS \"Value\"").SingleAsync(ct) == 1
        : await Database.SqlQuery<bool>($"SELECT current_setting('transaction_read_only') = 'off' AS \"Value\"").SingleAsync(ct);

    protected override void OnModelCreating(ModelBuilder modelBuilder) => Schema.Build(modelBuilder, Database.IsSqlite());
}
