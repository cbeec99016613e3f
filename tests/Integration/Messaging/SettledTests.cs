using DeployHub.Integration.Hub;
using DeployHub.Persistence.Messaging;
using DeployHub.Servers;
using DeployHub.Worker;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Messaging;

/// <summary>After plans and batches have ended in every way there is, nothing is left of their messages, wherever these lay.</summary>
public abstract class SettledTests(HubFixture fixture)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Where there is a broker, each message comes three times, and when all has ended once more, in the wrong order. Each type that anybody
    /// takes in is among them.
    /// </summary>
    [Fact]
    public async Task A_mixed_run_ends_as_it_must_whatever_comes_twice_and_leaves_nothing()
    {
        var (engine, registry) = await fixture.Servers();
        var hub = await fixture.Hub();
        using var plans = new MixedPlans(hub, engine, registry);
        using var batches = new MixedBatches(hub, engine, registry);
        await using (var echo = fixture.Broker is null ? null : await Echo.Start(fixture.Broker))
        {
            await Task.WhenAll(plans.Run(), batches.Run());
            if (echo is not null)
            {
                Assert.Empty(Consumed().Except(echo.Types));
                await hub.Quiet(fixture.Broker);
                await echo.TellBackwards();

                // Each came under three ids, once with one of them again.
                await Eventually.Equal(3 * echo.Count(Queues.Deployments, Queues.ConfigSyncs), () => hub.Read(db => db.Inbox.CountAsync()), Patience);
            }

            await hub.Quiet(fixture.Broker);
        }

        await plans.StandAsTheyEnded();
        await batches.StandAsTheyEnded();
        Assert.Equal("", await hub.Unsettled(fixture.Broker));
    }

    // What consumers and state machines take in, by their types.
    private static IEnumerable<string> Consumed()
    {
        var types = typeof(WorkerBus).Assembly.GetTypes();
        var consumers = types.SelectMany(x => x.GetInterfaces()).Where(x => x.IsGenericType && x.GetGenericTypeDefinition() == typeof(IConsumer<>));
        var events = types.Where(x => typeof(StateMachine).IsAssignableFrom(x)).SelectMany(x => x.GetProperties()).Select(x => x.PropertyType)
            .Where(x => x.IsGenericType && x.GetGenericTypeDefinition() == typeof(Event<>));
        return consumers.Concat(events).Select(x => x.GenericTypeArguments[0].FullName!).Where(x => x.StartsWith("DeployHub.", StringComparison.Ordinal)).Distinct();
    }
}

public sealed class StandaloneSettledTests(StandaloneHub fixture) : SettledTests(fixture), IClassFixture<StandaloneHub>;

public sealed class DistributedSettledTests(DistributedHub fixture) : SettledTests(fixture), IClassFixture<DistributedHub>;
