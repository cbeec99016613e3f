using System.Text.Json;
using System.Text.Json.Serialization;

namespace DeployHub.Contracts.Wire;

/// <summary>Writes an enum as its word of the wire, whatever serializer the sender of a message uses.</summary>
/// <typeparam name="T">An enum of this package.</typeparam>
public sealed class WireWordConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) where T : struct, Enum;
