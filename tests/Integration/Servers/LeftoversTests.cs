using DeployHub.Servers;
using Xunit;

namespace DeployHub.Integration.Servers;

public class LeftoversTests
{
    private static readonly string Self = typeof(LeftoversTests).Assembly.Location;

    [Fact]
    public async Task What_a_killed_test_process_left_is_swept()
    {
        await using var tests = await AppProcess.Start(Self, ["-class", typeof(DockerEngineTests).FullName!]);
        var left = await Eventually.Value(() => Task.FromResult(EngineOf(tests.Pid)), folder => folder is not null, what: "an engine of the other test process");

        await tests.Kill();
        Leftovers.Sweep();

        Assert.False(Directory.Exists(left), left);
        Assert.DoesNotContain(left!, await File.ReadAllTextAsync("/proc/mounts", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_ends_before_it_is_ready_is_told_with_its_output()
    {
        var failure = await Assert.ThrowsAsync<ServerFailedException>(() =>
            AppProcess.Start(Self, ["-list", "classes"], ready: new Uri($"http://127.0.0.1:{FreePorts.Next()}/")));

        Assert.Contains(nameof(LeftoversTests), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_that_fails_says_the_last_state_seen()
    {
        var failure = await Assert.ThrowsAsync<TimeoutException>(() => Eventually.Equal("up", () => Task.FromResult("starting"), TimeSpan.FromMilliseconds(50)));

        Assert.Contains("Last seen: starting", failure.Message, StringComparison.Ordinal);
    }

    private static string? EngineOf(int pid) =>
        Directory.EnumerateDirectories(Path.GetTempPath(), "deployhub-*").FirstOrDefault(folder =>
            File.Exists(Path.Combine(folder, "docker.pid")) && File.ReadAllText(Path.Combine(folder, "owner")).StartsWith($"{pid} ", StringComparison.Ordinal));
}
