using DeployHub.Docker;
using DeployHub.Worker.Engines;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployHub.Unit.Engines;

/// <summary>What does not answer is left in peace for a while, and found again.</summary>
public sealed class CircuitTests
{
    private readonly Clock _clock = new();
    private readonly Circuit _circuit;
    private int _tries;

    public CircuitTests() => _circuit = new Circuit("Docker engine tcp://web-1:2375", EngineFaults.MayPass, NullLogger.Instance, _clock);

    [Fact]
    public async Task After_three_tries_without_an_answer_it_refuses_without_a_try_and_says_so()
    {
        await Silent(3);

        var refusal = await Assert.ThrowsAsync<EngineUnreachableException>(() => Ask("never asked"));

        Assert.Equal(3, _tries);
        Assert.False(_circuit.IsClosed);
        Assert.Contains("Docker engine tcp://web-1:2375 has not answered since", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("is asked again within 1 s", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("The last answer: connection refused", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_pause_one_try_goes_through_and_an_answer_closes_it()
    {
        await Silent(3);
        _clock.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal("back", await Ask("back"));

        Assert.True(_circuit.IsClosed);
        Assert.Equal("again", await Ask("again"));
    }

    [Fact]
    public async Task While_the_deciding_try_is_under_way_others_are_refused_until_it_shows_an_answer()
    {
        await Silent(3);
        _clock.Pass(TimeSpan.FromSeconds(1));
        var lengthy = new TaskCompletionSource<string>();
        var deciding = _circuit.Try(_ => lengthy.Task, Refusal, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<EngineUnreachableException>(() => Ask("too early"));

        _circuit.Answered();

        Assert.Equal("meanwhile", await Ask("meanwhile"));
        lengthy.SetResult("done");
        Assert.Equal("done", await deciding);
    }

    [Fact]
    public async Task The_pauses_grow_to_five_seconds_and_no_further()
    {
        await Silent(3);
        for (var i = 0; i < 5; i++)
        {
            _clock.Pass(TimeSpan.FromSeconds(5));
            await Silent(1);
        }

        var tries = _tries;
        _clock.Pass(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<EngineUnreachableException>(() => Ask("too early"));
        Assert.Equal(tries, _tries);
        _clock.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal("back", await Ask("back"));
    }

    [Fact]
    public async Task A_refusal_is_an_answer()
    {
        for (var i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<EngineConflictException>(() => _circuit.Try<string>(_ => throw new EngineConflictException("in use"), Refusal, TestContext.Current.CancellationToken));
        }

        Assert.True(_circuit.IsClosed);
    }

    private static EngineUnreachableException Refusal(string sentence) => new(sentence);

    private Task<string> Ask(string answer) => _circuit.Try(
        _ =>
        {
            _tries++;
            return Task.FromResult(answer);
        },
        Refusal,
        TestContext.Current.CancellationToken);

    private async Task Silent(int times)
    {
        for (var i = 0; i < times; i++)
        {
            await Assert.ThrowsAsync<EngineUnreachableException>(() => _circuit.Try<string>(
                _ =>
                {
                    _tries++;
                    throw new EngineUnreachableException("connection refused");
                },
                Refusal,
                TestContext.Current.CancellationToken));
        }
    }

    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 1, 31, 10, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        public void Pass(TimeSpan time) => _now += time;
    }
}
