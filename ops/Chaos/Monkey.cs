using System.Collections.Concurrent;
using DeployHub.Servers;

namespace DeployHub.Chaos;

/// <summary>A kill: who, when, and when it was started again.</summary>
internal sealed record Kill(string Kind, string Name, DateTime At, DateTime BackAt);

/// <summary>Kills with SIGKILL, at random from the seed, and starts again; as a supervisor would, also what ended by itself.</summary>
internal sealed class Monkey
{
    private const int PlansPerKill = 5;
    private const int LeastOfAKind = 2;
    private const int MostStarts = 3;
    private readonly Random _random;
    private readonly Stack _stack;
    private readonly List<Victim> _schedule;
    private readonly ConcurrentQueue<Kill> _kills = new();
    private readonly List<TaskCompletionSource> _done;

    public Monkey(Stack stack, Options options)
    {
        (_stack, _random) = (stack, new Random(options.Seed + 1));
        var kinds = stack.Victims.GroupBy(x => x.Kind).ToList();
        var victims = kinds.SelectMany(kind => Enumerable.Range(0, LeastOfAKind).Select(i => kind.ElementAt(i % kind.Count()))).ToList();

        // What is ours is killed most: it is what has to survive. The others need their time to come up again.
        var least = Math.Max((options.Plans / PlansPerKill) + 1, victims.Count);
        var programs = stack.Victims.Where(x => x.IsProgram).ToList();
        while (victims.Count < least)
        {
            victims.Add(_random.Next(4) == 0 ? stack.Victims[_random.Next(stack.Victims.Count)] : programs[_random.Next(programs.Count)]);
        }

        _schedule = [.. victims.OrderBy(_ => _random.Next())];
        _done = [.. _schedule.Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        Turns = i => _done[Math.Max(0, (i * _schedule.Count / options.Plans) - 1)].Task;
        FirstTurns = options.Plans / _schedule.Count;
    }

    public IReadOnlyCollection<Kill> Kills => _kills;

    /// <summary>How often one of our programs was found ended without having been killed.</summary>
    public int EndedAlone { get; private set; }

    private Func<int, Task> Turns { get; }

    private int FirstTurns { get; }

    /// <summary>Spreads the deploys over the kills.</summary>
    public Task Turn(int deploy) => deploy <= FirstTurns ? Task.CompletedTask : Turns(deploy);

    public async Task Run()
    {
        for (var i = 0; i < _schedule.Count; i++)
        {
            await Task.Delay(_random.Next(300, 3500));
            await StartWhatEndedAlone();
            var victim = _schedule[i];
            Screen.Progress($"kill {i + 1} of {_schedule.Count}: {victim.Name}");
            var at = DateTime.UtcNow;
            await victim.Kill();
            await Task.Delay(_random.Next(50, 2000));
            await StartAgain(victim);
            _kills.Enqueue(new Kill(victim.Kind, victim.Name, at, DateTime.UtcNow));
            _done[i].SetResult();
        }

        await StartWhatEndedAlone();
    }

    /// <summary>Keeps our programs running until everything is settled.</summary>
    public async Task Supervise(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await StartWhatEndedAlone();
            await Task.Delay(TimeSpan.FromSeconds(1), ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task StartWhatEndedAlone()
    {
        foreach (var victim in _stack.Victims.Where(x => x.IsProgram && x.Process.HasExited))
        {
            Screen.Progress($"{victim.Name} had ended by itself: {victim.Process.Output().Split('\n').LastOrDefault()}");
            EndedAlone++;
            await StartAgain(victim);
        }
    }

    // A server that was killed in the middle of its own start may hang in the next one; a supervisor kills it and tries again.
    private static async Task StartAgain(Victim victim)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await victim.StartAgain();
                return;
            }
            catch (ServerFailedException e) when (tries < MostStarts)
            {
                Screen.Progress($"{victim.Name} did not come up, and is started again: {e.Message.Split('\n')[0]}");
                await victim.Kill();
            }
        }
    }
}
