using System.Globalization;
using System.Net.Http.Json;
using DeployHub.Bench.Deploy;
using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Submit;

/// <summary>
/// Durable submissions: plan, steps, lock, work and messages in one commit, against two inserts in one transaction on the same PostgreSQL by the same number of clients. At rest no
/// Worker runs, so that only the accepting is measured; under load 100 plans hold their gates, and what is submitted is deployed at once.
/// </summary>
internal static class SubmitBench
{
    private const int Engines = 20;
    private const int Running = 100;
    private const double RateBound = 0.5;
    private const double LoadBound = 3;
    private static readonly int[] AtOnce = [1, 10, 50];

    // Longer than the run: nothing of it ends meanwhile.
    private static readonly Service Holding = new(new { }, new { minHealthySeconds = 600 });

    public static async Task Run(Report report, bool quick)
    {
        await using var bed = await SimBed.Start(Engines);
        var hub = bed.Hub;
        var town = await Town.Make(hub, "submit", bed.Engines.Endpoints);
        var images = await town.Images("submitted", quick ? 20 : 200, 1);
        var held = await town.Images("held", Running, 1, Holding);
        await using var bare = await BareSubmit.Open(await bed.Postgres.CreateDatabase("bare"), AtOnce.Max());
        var (warmUps, requests) = quick ? (60, 30) : (1500, 600);

        // The Worker has made its queues; from now on they only fill.
        await hub.StopWorkers();

        // Not counted: hot code is compiled a second time while it runs.
        await Submit(hub, images, 10, warmUps);
        await bare.Run(10, warmUps);
        var atRest = new Dictionary<int, Clients>();
        foreach (var clients in AtOnce)
        {
            var ours = atRest[clients] = await Submit(hub, images, clients, requests);
            var baseline = await bare.Run(clients, requests);
            report.Add(Row.OfRates(string.Create(CultureInfo.InvariantCulture, $"submissions, {clients} clients, at rest"), [new Sample(ours.Rate, baseline.Rate)], RateBound));
            report.Add(Row.OfMedians(string.Create(CultureInfo.InvariantCulture, $"submission, {clients} clients, at rest, p50"), [new Sample(ours.Median, baseline.Median)], null));
        }

        await hub.AddWorker();
        await bed.Idle();
        foreach (var image in held)
        {
            await hub.Deploy(image, new { imageTag = "v1" });
        }

        foreach (var clients in AtOnce)
        {
            var ours = await Submit(hub, images, clients, requests);
            report.Add(Row.OfMedians(
                string.Create(CultureInfo.InvariantCulture, $"submission, {clients} clients, p99 while {Running} plans run, against at rest"), [new Sample(ours.P99, atRest[clients].P99)], LoadBound));
            report.Add(Row.OfRates(
                string.Create(CultureInfo.InvariantCulture, $"submissions, {clients} clients, while {Running} plans run, against at rest"), [new Sample(ours.Rate, atRest[clients].Rate)], null));
        }
    }

    private static Task<Clients> Submit(Hub hub, string[] images, int clients, int requests) => Clients.Run(clients, requests, async number =>
    {
        using var answer = await hub.Http.PostAsJsonAsync($"/api/container-images/{images[number % images.Length]}/deploy", new { imageTag = "v1" });
        if ((int)answer.StatusCode != 202)
        {
            throw new InvalidOperationException($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }

        await answer.Content.ReadAsByteArrayAsync();
    });
}
