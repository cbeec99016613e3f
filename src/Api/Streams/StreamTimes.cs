namespace DeployHub.Api.Streams;

/// <summary>How an open stream is kept.</summary>
/// <param name="KeepAliveEvery">After so long without an event a comment is sent, so that nothing on the way takes the line for dead.</param>
/// <param name="StallsAtMost">How long a client may leave unread what fills its line; then it is dropped.</param>
public sealed record StreamTimes(TimeSpan KeepAliveEvery, TimeSpan StallsAtMost)
{
    public static StreamTimes Usual { get; } = new(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(20));
}
