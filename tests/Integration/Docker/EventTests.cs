using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

public abstract class EventTests(EngineKind kind) : EngineTest(kind)
{
    [Fact]
    public async Task Whoever_subscribes_before_a_start_sees_the_whole_life()
    {
        var id = await Create("seen", "exit 5");
        await using var events = await Engine.OpenEvents(new Dictionary<string, string[]> { ["container"] = [id] }, Ct);

        await Engine.StartContainer(id, Ct);

        var seen = await events.ReadAll(Ct).Take(2).ToListAsync(Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Ct);
        Assert.Equal(["start", "die"], seen.Select(happened => happened.Action));
        Assert.All(seen, happened => Assert.Equal(("container", id), (happened.Type, happened.ActorId)));
        Assert.Equal("5", seen[1].Attributes["exitCode"]);
        Assert.Equal(Name("seen"), seen[1].Attributes["name"]);
        Assert.InRange(seen[1].Time, seen[0].Time, DateTimeOffset.UtcNow.AddSeconds(1));
    }

    [Fact]
    public async Task Events_that_were_missed_come_when_asked_for_since_then()
    {
        var id = await Run("missed", "exit 5");
        await Engine.WaitContainer(id, Ct);
        var since = (await Engine.GetContainer(id, Ct)).Created;

        var missed = await Engine.Events(new Dictionary<string, string[]> { ["container"] = [id] }, since, Ct).Take(3).ToListAsync(Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Ct);

        Assert.Equal(["create", "start", "die"], missed.Select(happened => happened.Action));
    }

    [Fact]
    public async Task Reading_ends_at_the_readers_wish()
    {
        await using var events = await Engine.OpenEvents(new Dictionary<string, string[]> { ["container"] = [Name("nobody")] }, Ct);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var reading = events.ReadAll(cancel.Token).ToListAsync(Ct).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }
}

public sealed class RealEventTests() : EventTests(EngineKind.Real);

public sealed class SimulatedEventTests() : EventTests(EngineKind.Simulated);
