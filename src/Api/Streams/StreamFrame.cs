using System.Globalization;
using System.Text;
using System.Text.Json;
using DeployHub.Contracts.Wire;

namespace DeployHub.Api.Streams;

/// <summary>An entry as it goes over the line, the same bytes for all who read it.</summary>
/// <param name="Number">The entry's number.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Bytes">The event; empty where the answer has to make it (<see cref="Persistence.Streams.StreamKinds.Done"/>).</param>
internal sealed record StreamFrame(long Number, string Kind, byte[] Bytes);

/// <summary>The format of Server-Sent Events (HTML Standard, 9.2.5). JSON of one line needs no care for line ends.</summary>
internal static class EventText
{
    public static readonly byte[] KeepAlive = ": keep-alive\n\n"u8.ToArray();

    /// <summary>How long a client is to wait before it connects again.</summary>
    public static readonly byte[] Retry = "retry: 2000\n\n"u8.ToArray();

    /// <param name="name">The event's name.</param>
    /// <param name="number">What a client resumes by; null leaves its place as it is.</param>
    /// <param name="data">What it tells.</param>
    public static byte[] Of(string name, long? number, object data) => Of(name, number, JsonSerializer.Serialize(data, data.GetType(), WireWords.Json));

    public static byte[] Of(string name, long? number, string json) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"event: {name}\n{(number is null ? "" : "id: ")}{number}{(number is null ? "" : "\n")}data: {json}\n\n"));
}
