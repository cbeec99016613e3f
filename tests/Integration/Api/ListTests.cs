using System.Globalization;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Services;
using DeployHub.Integration.Hub;
using DeployHub.Integration.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Api;

/// <summary>Lists are narrowed and read page by page, the same on both databases, and a page costs no more when there is much before and after it.</summary>
public sealed class ListTests(Databases databases)
{
    // A page of 5 of the plans that are asked for reads a few rows beside them at most: one more for the next page, its steps, and what stands between two index entries.
    private const int MostRows = 60;
    private const int History = 3000;
    private static readonly DateTime Origin = new(2025, 5, 25, 0, 0, 0, DateTimeKind.Utc);

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Plans_are_narrowed_by_status_image_service_and_time_and_read_page_by_page(Provider provider)
    {
        await using var database = await databases.New(provider);
        await using var host = new ApiHost { Postgres = database.Options.Postgres };
        await host.InitializeAsync();
        var shop = await Inventory.WithService(host.Admin);
        var plans = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            plans.Add((string)(await host.Admin.Post(shop.DeployPath, new { imageTag = $"v{i}" })).Json!["plan"]!["id"]!);
        }

        plans.Reverse();
        await host.Edit(db => db.Plans.Where(x => x.Id == Guid.Parse(plans[1]) || x.Id == Guid.Parse(plans[3])).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, PlanStatus.Failed)));
        var list = $"{shop.Root}/deployment-plans";
        var third = (string)(await host.Admin.Get($"/api/deployment-plans/{plans[2]}")).Json!["plan"]!["createdAt"]!;

        Assert.Equal([plans[1], plans[3]], await Ids(host.Admin, $"{list}?status=failed"));
        Assert.Equal(plans, await Ids(host.Admin, $"{list}?containerImageId={shop.ImageId}"));
        Assert.Empty(await Ids(host.Admin, $"{list}?containerImageId={shop.ServerId}"));
        Assert.Equal(plans, await Ids(host.Admin, $"{list}?serviceId={shop.ServiceId}"));
        Assert.Equal([plans[1], plans[3]], await Ids(host.Admin, $"{list}?serviceId={shop.ServiceId}&status=failed&containerImageId={shop.ImageId}"));
        Assert.Empty(await Ids(host.Admin, $"{list}?serviceId={shop.ServerId}"));
        Assert.Equal(plans[..3], await Ids(host.Admin, $"{list}?createdAfter={third}"));
        Assert.Equal(plans[3..], await Ids(host.Admin, $"{list}?createdBefore={third}"));
        Assert.Equal(plans[1..2], await Ids(host.Admin, $"/api/container-images/{shop.ImageId}/deployment-plans?status=failed&createdAfter={third}"));
        foreach (var filter in new[] { "", $"&serviceId={shop.ServiceId}", "&status=failed" })
        {
            Assert.Equal(await Ids(host.Admin, $"{list}?limit=200{filter}"), await Pages(host.Admin, $"{list}?limit=2{filter}", "plans"));
        }
    }

    [Fact]
    public async Task What_a_list_cannot_be_narrowed_to_is_refused_by_name()
    {
        await using var host = new ApiHost();
        await host.InitializeAsync();
        var shop = await Inventory.WithService(host.Admin);
        var (plans, batches) = ($"{shop.Root}/deployment-plans", $"{shop.Root}/sync-batches");
        foreach (var (path, field) in new[]
        {
            ($"{plans}?status=done", "status"), ($"{plans}?status=", "status"), ($"{plans}?status=failed&status=completed", "status"), ($"{plans}?serviceId=x", "serviceId"),
            ($"{plans}?containerImageId=1", "containerImageId"), ($"{plans}?createdAfter=yesterday", "createdAfter"), ($"{plans}?createdBefore=2026-01-31", "createdBefore"),
            ($"{plans}?createdBefore=2026-01-31T10:00:00", "createdBefore"), ($"{plans}?Status=failed", "Status"), ($"{batches}?configFileId=x", "configFileId"),
            ($"{batches}?serviceId={shop.ServiceId}", "serviceId"), ("/api/environments?name=x", "name"), ($"{shop.Root}?verbose=1", "verbose"),
        })
        {
            ErrorTests.Says(await host.Admin.Get(path), 400, "VALIDATION_ERROR", field);
        }

        // Above all where a word too much would do what was only to be looked at.
        ErrorTests.Says(await host.Admin.Post("/api/sync/batch?dryrun=true", new { operations = Array.Empty<object>() }), 400, "VALIDATION_ERROR", "dryrun");
        ErrorTests.Says(await host.As(null).Get($"{plans}?status=done"), 401, "UNAUTHORIZED", "Authorization");
    }

    [Fact]
    public async Task A_cursor_belongs_to_its_list_and_its_filters()
    {
        await using var host = new ApiHost();
        await host.InitializeAsync();
        var shop = await Inventory.WithService(host.Admin);
        for (var i = 0; i < 2; i++)
        {
            await host.Admin.Post(shop.DeployPath, new { imageTag = "v1" });
        }

        var list = $"{shop.Root}/deployment-plans";
        var cursor = (string)(await host.Admin.Get($"{list}?limit=1&status=pending&containerImageId={shop.ImageId}")).Json!["nextCursor"]!;
        Assert.Equal(200, (await host.Admin.Get($"{list}?containerImageId={shop.ImageId}&cursor={cursor}&status=pending&limit=7")).Status);
        ErrorTests.Says(await host.Admin.Get($"{list}?cursor={cursor}"), 400, "VALIDATION_ERROR", "cursor");
        ErrorTests.Says(await host.Admin.Get($"{list}?status=failed&containerImageId={shop.ImageId}&cursor={cursor}"), 400, "VALIDATION_ERROR", "cursor");
        ErrorTests.Says(await host.Admin.Get($"/api/container-images/{shop.ImageId}/deployment-plans?status=pending&cursor={cursor}"), 400, "VALIDATION_ERROR", "cursor");
    }

    [Fact]
    public async Task A_page_reads_its_own_rows_and_not_the_history()
    {
        await using var database = await databases.New(Provider.Postgres);
        await using var host = new ApiHost { Postgres = database.Options.Postgres };
        await host.InitializeAsync();
        var shop = await Inventory.WithService(host.Admin);
        await Fill(host, shop);
        using var statements = new Statements(database.Options.Postgres!);

        var (plans, batches) = ($"{shop.Root}/deployment-plans", $"{shop.Root}/sync-batches");
        foreach (var path in new[]
        {
            $"{plans}?limit=5", $"{plans}?limit=5&status=failed", $"{plans}?limit=5&containerImageId={shop.ImageId}", $"{plans}?limit=5&serviceId={shop.ServiceId}",
            $"{plans}?limit=5&createdBefore=2025-05-26T09:20:00Z", $"/api/container-images/{shop.ImageId}/deployment-plans?limit=5&status=failed",
            $"{batches}?limit=5", $"{batches}?limit=5&status=failed", $"{batches}?limit=5&configFileId={shop.ServiceId}",
        })
        {
            await ReadsLittle(path);

            // And from its middle, where everything newer would be in the way of a cursor that is no entry to an index.
            await ReadsLittle($"{path}&cursor={await Middle(host.Admin, path)}");
        }

        async Task ReadsLittle(string path)
        {
            var rows = await statements.RowsRead(async () =>
            {
                var answer = await host.Admin.Get(path);
                Assert.Equal(5, (answer.Json!["plans"] ?? answer.Json["batches"])!.AsArray().Count);
            });
            Assert.True(rows.Sum(x => x.Rows) <= MostRows, $"{path} reads {string.Join(Environment.NewLine, rows)}");
        }
    }

    // Half of the rows are newer than where this cursor stands.
    private static async Task<string> Middle(ApiClient api, string path)
    {
        var first = (string)(await api.Get(path)).Json!["nextCursor"]!;
        var mark = System.Text.Encoding.ASCII.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(first)).Split(':')[2];
        var at = Origin.AddMinutes(History / 2);
        var id = Guid.CreateVersion7(at);
        return System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at.Ticks}:{id:N}:{mark}")));
    }

    // One plan and one batch a minute. Each hundredth has failed, each third is of the shop's image, service or file. Ids begin with their time, as real ones do.
    private static Task Fill(ApiHost host, Inventory shop) => host.Edit(async db =>
    {
        var (environment, image, service) = (Guid.Parse(shop.EnvironmentId), Guid.Parse(shop.ImageId), Guid.Parse(shop.ServiceId));
        for (var i = 0; i < History; i++)
        {
            var (at, failed, ours) = (Origin.AddMinutes(i), i % 100 == 0, i % 3 == 0);
            var plan = Guid.CreateVersion7(at);
            db.Plans.Add(new DeploymentPlan
            {
                Id = plan, EnvironmentId = environment, ContainerImageId = ours ? image : Guid.NewGuid(), ImageName = "shop", ImageTag = "v1", AutoRollback = true, MaxParallel = 1,
                Status = failed ? PlanStatus.Failed : PlanStatus.Completed, TriggerType = "api", TriggeredBy = "ci", StepCount = 1, CreatedAt = at, UpdatedAt = at,
            });
            db.Steps.Add(new DeploymentStep
            {
                Id = Guid.NewGuid(), PlanId = plan, ServiceId = ours ? service : Guid.NewGuid(), ServiceName = "api", ServerId = service, ServerName = "web-1", ContainerName = "api",
                Settings = new StepSettings(true, null, new HealthPolicy()), Status = failed ? StepStatus.Failed : StepStatus.Success,
            });
            db.SyncBatches.Add(new SyncBatch
            {
                Id = plan, EnvironmentId = environment, Status = failed ? BatchStatus.Failed : BatchStatus.Ok, TriggerType = "api", TriggeredBy = "ci", CreatedAt = at, UpdatedAt = at,
            });
            db.SyncOperations.Add(new SyncOperation { Id = Guid.NewGuid(), BatchId = plan, ConfigFileId = ours ? service : Guid.NewGuid(), ConfigFileName = "shop", Status = OperationStatus.Ok });
        }

        await db.SaveChangesAsync();
        await db.Database.ExecuteSqlRawAsync("ANALYZE");
    });

    private static async Task<List<string>> Ids(ApiClient api, string path) =>
        [.. (await api.Get(path)).Json!["plans"]!.AsArray().Select(plan => (string)plan!["id"]!)];

    private static async Task<List<string>> Pages(ApiClient api, string path, string noun)
    {
        var (ids, cursor) = (new List<string>(), "");
        do
        {
            var page = (await api.Get(path + cursor)).Json!;
            ids.AddRange(page[noun]!.AsArray().Select(row => (string)row!["id"]!));
            cursor = (string?)page["nextCursor"] is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        return ids;
    }
}
