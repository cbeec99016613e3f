using System.Collections.Concurrent;
using System.Threading.Channels;
using DeployHub.Domain.Tokens;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Access;

/// <summary>Writes down when tokens were last used: at most once a minute each, and never while a request waits.</summary>
internal sealed partial class TokenUse(IServiceScopeFactory scopes, ILogger<TokenUse> log) : BackgroundService
{
    private const int Room = 256;
    private static readonly TimeSpan Precision = TimeSpan.FromMinutes(1);

    // What finds no room is noted at the token's next use.
    private readonly Channel<Guid> _used =
        Channel.CreateBounded<Guid>(new BoundedChannelOptions(Room) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private readonly ConcurrentDictionary<Guid, byte> _waiting = new();

    public void Note(ApiToken token)
    {
        if ((token.LastUsedAt is null || DateTime.UtcNow - token.LastUsedAt > Precision)
            && _waiting.TryAdd(token.Id, 0) && !_used.Writer.TryWrite(token.Id))
        {
            _waiting.TryRemove(token.Id, out _);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var id in _used.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
                await db.InTransaction(
                    () => db.ApiTokens.Where(x => x.Id == id).ExecuteUpdateAsync(set => set.SetProperty(x => x.LastUsedAt, DateTime.UtcNow), stoppingToken),
                    stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // It is noted again at the token's next use.
                NotWritten(id, e.Message);
            }
            finally
            {
                _waiting.TryRemove(id, out _);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last use of the token {TokenId} could not be written: {Reason}")]
    private partial void NotWritten(Guid tokenId, string reason);
}
