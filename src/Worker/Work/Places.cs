using DeployHub.Docker;
using DeployHub.Persistence.Work;

namespace DeployHub.Worker.Work;

/// <summary>
/// Who may be at work at once in this process, so that what hangs takes its own places and no others: a server has a bounded number of them,
/// a registry at most half of those of any server and half of all, and work that asks many servers half of all.
/// </summary>
internal sealed class Places(int all, int aServer)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<object, int> _taken = [];
    private bool _turnedAway;

    /// <summary>Takes a place, or says that there is none. Each that was taken is given back by <see cref="Leave"/>.</summary>
    public bool TryEnter(WorkPlace place)
    {
        lock (_lock)
        {
            if (Bounds(place).Any(bound => _taken.GetValueOrDefault(bound.Key) >= bound.Most))
            {
                _turnedAway = true;
                return false;
            }

            foreach (var (key, _) in Bounds(place))
            {
                _taken[key] = _taken.GetValueOrDefault(key) + 1;
            }

            return true;
        }
    }

    /// <summary>Gives a place back; true when somebody was turned away since the last time that it said so.</summary>
    public bool Leave(WorkPlace place)
    {
        lock (_lock)
        {
            foreach (var (key, _) in Bounds(place))
            {
                if (--_taken[key] == 0)
                {
                    _taken.Remove(key);
                }
            }

            var waited = _turnedAway;
            _turnedAway = false;
            return waited;
        }
    }

    private IEnumerable<(object Key, int Most)> Bounds(WorkPlace place)
    {
        if (place.ServerId is not { } server)
        {
            yield return ("many servers", all / 2);
            yield break;
        }

        yield return (server, aServer);
        if (place.Registry is { } registry)
        {
            yield return ((server, registry), aServer / 2);
            yield return (registry, all / 2);
        }
    }
}

/// <summary>Where a piece of work is done.</summary>
/// <param name="ServerId">The server; null when it asks many.</param>
/// <param name="Registry">The host of the registry that the server may have to ask; null when it asks none.</param>
internal sealed record WorkPlace(Guid? ServerId, string? Registry)
{
    public static WorkPlace Of(OutstandingWork work) => new(work.ServerId, work.ImageName is { } image ? ImageReference.Parse(image).RegistryHost : null);
}
