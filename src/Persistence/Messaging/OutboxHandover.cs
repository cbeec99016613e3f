using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace DeployHub.Persistence.Messaging;

/// <summary>
/// Where a commit wakes the relay of its own process and hands it the rows, so that nothing is read back. Bounded: what finds no
/// room stays in the table and is sent when its lease there runs out.
/// </summary>
public sealed class OutboxHandover
{
    private const int Room = 4096;

    private readonly Channel<OutboxMessage> _committed =
        Channel.CreateBounded<OutboxMessage>(new BoundedChannelOptions(Room) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    public ChannelReader<OutboxMessage> Committed => _committed.Reader;

    /// <summary>Takes what the context has just committed.</summary>
    public void Offer(ChangeTracker tracker)
    {
        foreach (var entry in tracker.Entries<OutboxMessage>().Where(entry => entry.State == EntityState.Unchanged).ToList())
        {
            entry.State = EntityState.Detached;
            _committed.Writer.TryWrite(entry.Entity);
        }
    }
}
