using System.Globalization;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>What a submission and a step may cost the database, in statements as PostgreSQL itself counts them. A change that needs more has to say why.</summary>
public sealed class RoundTripTests
{
    private const string Name = "deployhub";
    private const int Engines = 10;
    private const int Steps = 60;
    private const int Submissions = 20;

    // Room for what runs by the clock meanwhile: heartbeats, the looks at what is claimable, sweeps. Of a step's statements twelve are for those who
    // follow it in a stream: in each of its five transactions two, which go out together, and the notices.
    private const double MostASubmission = 16;
    private const double MostAStep = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_submission_and_a_step_cost_no_more_statements_than_they_may()
    {
        var (starting, simulating) = (RabbitMq.Start(), SimulatedEngines.Start(Engines));
        await using var database = await Postgres.Start(fsync: false, "shared_preload_libraries=pg_stat_statements");
        await using var broker = await starting;
        await using var engines = await simulating;
        await using var hub = await RunningHub.Distributed(await database.CreateDatabase(Name), broker.Uri);
        await database.Query(Name, "CREATE EXTENSION pg_stat_statements");
        var environment = (string)(await hub.Api.Create("/api/environments", new { name = "counted" }))["id"]!;
        var servers = new List<string>();
        foreach (var endpoint in engines.Endpoints)
        {
            servers.Add((string)(await hub.Api.Create($"/api/environments/{environment}/servers", new { name = $"server-{servers.Count}", endpoint }))["id"]!);
        }

        var (one, many) = (await Image("one", 1), await Image("many", Steps + 1));
        foreach (var image in new[] { one, many, one, many })
        {
            await Deploy(image);
        }

        var ofOne = await Counted(() => Deploy(one));
        var ofMany = await Counted(() => Deploy(many));
        Hold("A step", (ofMany.Calls - ofOne.Calls) / Steps, MostAStep, ofMany.Statements);

        // Without a Worker only the accepting is left.
        await hub.KillWorkers();
        await Submit(one);
        var ofSubmissions = await Counted(async () =>
        {
            for (var i = 0; i < Submissions; i++)
            {
                await Submit(one);
            }
        });
        Hold("A submission", ofSubmissions.Calls / Submissions, MostASubmission, ofSubmissions.Statements);

        async Task<string> Image(string name, int steps)
        {
            var image = (string)(await hub.Api.Create($"/api/environments/{environment}/container-images", new { name, imageName = $"simulated.test/{name}" }))["id"]!;
            for (var i = 0; i < steps; i += Engines)
            {
                var service = (string)(await hub.Api.Create(
                    $"/api/environments/{environment}/services", new { name = $"{name}-{i}", containerImageId = image, container = new { }, health = new { minHealthySeconds = 0 } }))["id"]!;
                foreach (var serverId in servers.Take(steps - i))
                {
                    await hub.Api.Create($"/api/services/{service}/deployments", new { serverId, containerName = $"{name}-{i}" });
                }
            }

            return image;
        }

        async Task Submit(string image)
        {
            var answer = await hub.Api.Post($"/api/container-images/{image}/deploy", new { imageTag = "v1", maxParallel = 8 });
            Assert.True(answer.Status == 202, $"{answer.Status} {answer.Text}");
        }

        // A plan holds its locks from its acceptance until its former containers are gone. A poll would be counted; this look is not.
        async Task Deploy(string image)
        {
            await Submit(image);
            await Eventually.Equal("0", () => database.Query(Name, "SELECT count(*) AS seen_by_the_test FROM target_locks"), Patience);
        }

        // A BEGIN travels with the statement after it; what the calendar and the test ask is not the product's.
        async Task<(double Calls, string Statements)> Counted(Func<Task> act)
        {
            const string Ours = "FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = 'deployhub') AND query !~* '^BEGIN|qrtz_|pg_stat|seen_by_the_test'";
            await database.Query(Name, "SELECT pg_stat_statements_reset()");
            await act();
            var calls = await database.Query(Name, $"SELECT coalesce(sum(calls), 0) {Ours}");
            return (double.Parse(calls, CultureInfo.InvariantCulture), await database.Query(Name, $"SELECT calls, left(regexp_replace(query, '\\s+', ' ', 'g'), 160) {Ours} ORDER BY calls DESC LIMIT 40"));
        }

        static void Hold(string what, double calls, double most, string statements)
        {
            var said = string.Create(CultureInfo.InvariantCulture, $"{what} costs {calls:0.0} statements, at most {most}:{Environment.NewLine}{statements}");
            TestContext.Current.TestOutputHelper?.WriteLine(said);
            Assert.True(calls <= most, said);
        }
    }
}
