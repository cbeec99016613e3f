using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using DeployHub.Contracts.Errors;
using DeployHub.Api.Http;
using DeployHub.Hosting;
using DeployHub.Intake;

namespace DeployHub.Api.Access;

/// <summary>
/// How much one token, or one address, may ask of this process: a bucket each, as large as what it may ask in a minute, that fills again evenly.
/// </summary>
internal sealed class RateLimits(HostSettings settings) : IDisposable
{
    // However many addresses there are, they share this many buckets: two that meet in one share its limit.
    private const int Buckets = 4096;
    private const int NetworkBytesOfIpV6 = 8;

    private readonly PartitionedRateLimiter<int> _addresses = Limiter<int>(settings.RateLimits.PerAddress);
    private readonly PartitionedRateLimiter<int> _failures = Limiter<int>(settings.RateLimits.FailuresPerAddress);
    private readonly PartitionedRateLimiter<Guid> _tokens = Limiter<Guid>(settings.RateLimits.PerToken);

    /// <summary>A request from the address; null when it may go on.</summary>
    public Refusal? Ask(HttpContext http) => Take(http, _addresses, Bucket(http), "Too many requests came from your address.");

    /// <summary>A token that was not accepted. Those that are stay usable at this address.</summary>
    public Refusal? Fail(HttpContext http) => Take(http, _failures, Bucket(http), "Too many requests with tokens that are not valid came from your address.");

    /// <summary>A request with the token; null when it may go on.</summary>
    public Refusal? Ask(HttpContext http, Guid tokenId) => Take(http, _tokens, tokenId, "Too many requests came with this token.");

    public void Dispose()
    {
        _addresses.Dispose();
        _failures.Dispose();
        _tokens.Dispose();
    }

    private static Refusal? Take<T>(HttpContext http, PartitionedRateLimiter<T> limiter, T key, string message)
    {
        using var lease = limiter.AttemptAcquire(key);
        if (lease.IsAcquired)
        {
            return null;
        }

        var seconds = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)) : 1;
        http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return new Refusal(429, ErrorCodes.RateLimited, message, null, string.Create(
            CultureInfo.InvariantCulture, $"Wait for {seconds} s, as Retry-After says. «Prefer: wait=60» saves a poll its repetitions."));
    }

    // Who has one address of IPv6 has a whole network of them.
    private static int Bucket(HttpContext http)
    {
        var address = http.Connection.RemoteIpAddress ?? IPAddress.None;
        Span<byte> bytes = stackalloc byte[16];
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        address.TryWriteBytes(bytes, out var count);

        // Seeded anew in each process: nobody can choose whose bucket to empty.
        var hash = new HashCode();
        hash.AddBytes(bytes[..(address.AddressFamily == AddressFamily.InterNetworkV6 ? NetworkBytesOfIpV6 : count)]);
        return (int)((uint)hash.ToHashCode() % Buckets);
    }

    private static PartitionedRateLimiter<T> Limiter<T>(int perMinute) where T : notnull => PartitionedRateLimiter.Create<T, T>(key =>
        RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = perMinute,
            TokensPerPeriod = Math.Max(1, perMinute / 60),
            ReplenishmentPeriod = TimeSpan.FromSeconds(perMinute >= 60 ? 1 : 60.0 / perMinute),
            QueueLimit = 0,
        }));
}
