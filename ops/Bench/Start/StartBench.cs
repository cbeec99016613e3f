using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using DeployHub.Bench.Setup;
using DeployHub.Servers;

namespace DeployHub.Bench.Start;

/// <summary>From the start of a process until it serves, against an empty ASP.NET Core program.</summary>
internal static class StartBench
{
    private const double MoreThanBare = 1.5;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static async Task Run(Report report, bool quick)
    {
        await using var postgres = await Postgres.Start();
        await using var broker = await RabbitMq.Start();
        var folder = Directory.CreateDirectory(Path.Combine(postgres.Folder.Path, "start")).FullName;
        var bareFile = Path.Combine(folder, "bare");
        await File.WriteAllTextAsync(bareFile, "{}");
        var distributed = new Dictionary<string, string>
        {
            ["DEPLOYHUB_DATA"] = folder, ["DEPLOYHUB_POSTGRES"] = await postgres.CreateDatabase("deployhub"), ["DEPLOYHUB_RABBITMQ"] = broker.Uri.ToString(),
            ["DEPLOYHUB_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), ["DEPLOYHUB_ADMIN_TOKEN"] = "dhub_" + RandomNumberGenerator.GetHexString(64, lowercase: true),
        };
        var standalone = new Dictionary<string, string> { ["DEPLOYHUB_DATA"] = Path.Combine(folder, "standalone") };
        var programs = new (string Name, Dictionary<string, string> Environment)[] { ("Standalone", standalone), ("Api", distributed), ("Worker", distributed) };
        var samples = programs.ToDictionary(program => program.Name, _ => new List<Sample>());

        // Round 0 is not counted: the schema is made in it, and files are read for the first time.
        for (var round = 0; round <= (quick ? 1 : 7); round++)
        {
            var bare = await Time(BareServer.Program, url => [BareServer.Command, url.Port.ToString(CultureInfo.InvariantCulture), bareFile], [], "/");
            foreach (var (name, environment) in programs)
            {
                var took = await Time(Path.Combine(AppContext.BaseDirectory, $"DeployHub.{name}.dll"), url => [$"--urls={url}"], environment, "/health/ready");
                if (round > 0)
                {
                    samples[name].Add(new Sample(took, bare));
                }
            }
        }

        foreach (var (name, rounds) in samples)
        {
            var bare = Row.Median(rounds.Select(sample => sample.Baseline!.Value));
            report.Add(new Row($"start to serving, {name}", "s", Row.Median(rounds.Select(sample => sample.Ours)), bare, null, bare + MoreThanBare, rounds));
        }
    }

    private static async Task<double> Time(string program, Func<Uri, string[]> arguments, Dictionary<string, string> environment, string ready)
    {
        var address = Hub.NewAddress();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        using var late = new CancellationTokenSource(Deadline);
        var begun = Stopwatch.GetTimestamp();
        await using var process = await AppProcess.Start(program, arguments(address), environment);
        while (!await Answers(http, ready))
        {
            if (process.HasExited || late.IsCancellationRequested)
            {
                throw new InvalidOperationException($"{program} does not serve:{Environment.NewLine}{process.Output()}");
            }

            await Task.Delay(LookEvery);
        }

        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task<bool> Answers(HttpClient http, string path)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
