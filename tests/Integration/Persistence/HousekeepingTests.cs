using System.Text.Json.Nodes;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Images;
using DeployHub.Domain.Servers;
using DeployHub.Domain.Services;
using DeployHub.Domain.Tokens;
using DeployHub.Persistence.History;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Persistence;

/// <summary>What is old goes, what is not stays; on both databases.</summary>
public abstract class HousekeepingTests(Databases databases, Provider provider)
{
    [Fact]
    public async Task What_nobody_can_ask_for_any_more_is_forgotten_and_the_rest_is_kept()
    {
        await using var database = await databases.New(provider);
        var (now, stream) = (DateTime.UtcNow, Guid.CreateVersion7());
        await database.Write(db =>
        {
            for (var i = 0; i < 2500; i++)
            {
                db.Inbox.Add(new InboxMessage { MessageId = Guid.CreateVersion7(), Consumer = "test", ReceivedAt = now.AddDays(-8).AddSeconds(i / 3) });
            }

            db.Inbox.Add(new InboxMessage { MessageId = Guid.CreateVersion7(), Consumer = "test", ReceivedAt = now.AddDays(-6) });
            db.IdempotencyKeys.Add(new IdempotencyKey { Caller = "c", Key = "old", RequestHash = "", ResourceId = Guid.Empty, CreatedAt = now.AddHours(-25) });
            db.IdempotencyKeys.Add(new IdempotencyKey { Caller = "c", Key = "new", RequestHash = "", ResourceId = Guid.Empty, CreatedAt = now.AddHours(-23) });
            db.AuditEntries.Add(new AuditEntry { Id = Guid.CreateVersion7(), Actor = "old", Action = "test", At = now.AddDays(-366) });
            db.AuditEntries.Add(new AuditEntry { Id = Guid.CreateVersion7(), Actor = "new", Action = "test", At = now.AddDays(-364) });
            db.StreamHeads.Add(new StreamHead { StreamId = stream, Last = 2 });
            db.StreamEntries.Add(new StreamEntry { StreamId = stream, Number = 1, Kind = "old", Data = "{}", At = now.AddDays(-8) });
            db.StreamEntries.Add(new StreamEntry { StreamId = stream, Number = 2, Kind = "new", Data = "{}", At = now.AddDays(-6) });
            db.DeadLetters.Add(new DeadLetter { Id = Guid.CreateVersion7(), Reason = "old", FailedAt = now.AddDays(-31) });
            db.DeadLetters.Add(new DeadLetter { Id = Guid.CreateVersion7(), Reason = "new", FailedAt = now.AddDays(-29) });
        });

        await database.Write(db => new Housekeeping(db, database.Options).Forget(TestContext.Current.CancellationToken));

        Assert.Equal(1, await database.Read(db => db.Inbox.CountAsync()));
        Assert.Equal("new", await database.Read(db => db.IdempotencyKeys.Select(x => x.Key).SingleAsync()));
        Assert.Equal("new", await database.Read(db => db.AuditEntries.Select(x => x.Actor).SingleAsync()));
        Assert.Equal("new", await database.Read(db => db.StreamEntries.Select(x => x.Kind).SingleAsync()));
        Assert.Equal(2, await database.Read(db => db.StreamHeads.Select(x => x.Last).SingleAsync()));
        Assert.Equal("new", await database.Read(db => db.DeadLetters.Select(x => x.Reason).SingleAsync()));
    }

    [Fact]
    public async Task Plans_that_ended_long_ago_are_archived_and_deleted_but_for_those_that_can_still_be_taken_back()
    {
        await using var database = await databases.New(provider);
        var now = DateTime.UtcNow;
        var (environment, image, server, service, target) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        DeploymentPlan[] forgotten = [.. Enumerable.Range(0, 450).Select(i => Plan(now.AddDays(-40).AddSeconds(i / 3), PlanStatus.Completed))];
        var (before, last, young, underWay) =
            (Plan(now.AddDays(-35), PlanStatus.Completed), Plan(now.AddDays(-31), PlanStatus.Completed), Plan(now.AddDays(-29), PlanStatus.Failed), Plan(null, PlanStatus.Running));
        await database.Write(db =>
        {
            db.Environments.Add(new() { Id = environment, Name = "production" });
            db.ContainerImages.Add(new ContainerImage { Id = image, EnvironmentId = environment, Name = "shop", ImageName = "shop" });
            db.Servers.Add(new Server { Id = server, EnvironmentId = environment, Name = "web-1", Endpoint = "unix:///none" });
            db.Services.Add(new Service { Id = service, EnvironmentId = environment, Name = "shop", ContainerImageId = image });
            db.ServiceDeployments.Add(new ServiceDeployment { Id = target, ServiceId = service, ServerId = server, ContainerName = "shop", LastPlanId = last.Id });
            db.Plans.AddRange([.. forgotten, before, last, young, underWay]);
            db.Steps.AddRange([.. forgotten.Select(plan => Step(plan)), Step(before, forgotten[^1]), Step(last, before), Step(young), Step(underWay)]);
        });
        var archive = Path.Combine(database.Folder, "archive");
        await database.Write(db => new OldHistory(db, new HistorySettings(null, archive)).Forget(TestContext.Current.CancellationToken));
        Assert.Equal(454, await database.Read(db => db.Plans.CountAsync()));

        var count = await database.Read(db => new OldHistory(db, new HistorySettings(TimeSpan.FromDays(30), archive)).Forget(TestContext.Current.CancellationToken));

        Assert.Equal(forgotten.Length, count);
        Assert.Equal(
            new[] { before.Id, last.Id, young.Id, underWay.Id }.Order(), (await database.Read(db => db.Plans.Select(x => x.Id).ToListAsync())).Order());
        Assert.Equal(4, await database.Read(db => db.Steps.CountAsync()));
        var lines = Directory.EnumerateFiles(archive).SelectMany(File.ReadLines).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(forgotten.Select(plan => plan.Id).Order(), lines.Select(line => (Guid)line["plan"]!["id"]!).Order());
        Assert.All(lines, line => Assert.Equal("shop", (string?)Assert.Single(line["steps"]!.AsArray())!["containerName"]));
        Assert.DoesNotContain("fromInspection", lines[0].ToJsonString(), StringComparison.Ordinal);

        DeploymentPlan Plan(DateTime? completedAt, PlanStatus status) => new()
        {
            Id = Guid.CreateVersion7(), EnvironmentId = environment, ContainerImageId = image, ImageName = "shop", Status = status, TriggerType = "api", TriggeredBy = "test", StepCount = 1,
            CreatedAt = completedAt ?? now, CompletedAt = completedAt, UpdatedAt = completedAt ?? now,
        };

        DeploymentStep Step(DeploymentPlan plan, DeploymentPlan? from = null) => new()
        {
            Id = Guid.CreateVersion7(), PlanId = plan.Id, ServiceId = service, ServerId = server, ServiceDeploymentId = target, ServiceName = "shop", ServerName = "web-1", ContainerName = "shop",
            Settings = new StepSettings(false, new ContainerSpec(), new HealthPolicy()), Status = StepStatus.Success, FromPlanId = from?.Id, FromInspection = [1, 2, 3],
        };
    }
}

public sealed class SqliteHousekeepingTests(Databases databases) : HousekeepingTests(databases, Provider.Sqlite), IClassFixture<Databases>;

public sealed class PostgresHousekeepingTests(Databases databases) : HousekeepingTests(databases, Provider.Postgres), IClassFixture<Databases>;
