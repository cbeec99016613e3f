using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using DeployHub.Contracts.Wire;

namespace DeployHub.Unit.Persistence;

/// <summary>What lies in the outbox as text is read back as what was put in.</summary>
public sealed class MessageRoundTripTests
{
    // Parts of messages come along with those that carry them.
    public static TheoryData<string> Messages =>
        [.. typeof(WireWords).Assembly.GetExportedTypes().Where(x => x.IsClass && x.GetMethod("<Clone>$") is not null).Select(x => x.FullName!)];

    [Fact]
    public void There_are_messages() => Assert.True(Messages.Count > 25, $"only {Messages.Count}");

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_with_every_field_comes_back_as_it_was(string type) => Comes_back(type, full: true);

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_whose_optional_fields_are_empty_comes_back_as_it_was(string type) => Comes_back(type, full: false);

    private static void Comes_back(string name, bool full)
    {
        var type = typeof(WireWords).Assembly.GetType(name)!;
        var message = Make(type, full);

        var body = JsonSerializer.Serialize(message, type, WireWords.Json);

        // Lists are equal by what they hold, which records do not look at; their text says it.
        Assert.Equal(body, JsonSerializer.Serialize(JsonSerializer.Deserialize(body, type, WireWords.Json), type, WireWords.Json));
        Assert.Equal(type.GetProperties().Length, JsonDocument.Parse(body).RootElement.EnumerateObject().Count());
    }

    private static object Make(Type type, bool full)
    {
        var constructor = type.GetConstructors().MaxBy(x => x.GetParameters().Length)!;
        var nullability = new NullabilityInfoContext();
        var made = constructor.Invoke([.. constructor.GetParameters().Select(x => full || nullability.Create(x).WriteState != NullabilityState.Nullable ? Value(x.ParameterType, full) : null)]);
        foreach (var property in constructor.GetParameters().Length > 0 ? [] : type.GetProperties())
        {
            property.SetValue(made, full || nullability.Create(property).WriteState != NullabilityState.Nullable ? Value(property.PropertyType, full) : null);
        }

        return made;
    }

    private static object Value(Type type, bool full) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var x when x == typeof(string) => "«ä» \"quoted\" <b>&\u0001 🐳",
        var x when x == typeof(Guid) => Guid.CreateVersion7(),
        var x when x == typeof(int) => int.MaxValue,
        var x when x == typeof(long) => long.MinValue,
        var x when x == typeof(bool) => true,
        var x when x == typeof(DateTime) => new DateTime(2026, 1, 31, 10, 0, 0, 123, DateTimeKind.Utc),
        var x when x == typeof(byte[]) => new byte[] { 0, 1, 255 },
        { IsGenericType: true } x when x.GetGenericTypeDefinition() == typeof(List<>) => Many(x, Value(x.GetGenericArguments()[0], full)),
        { IsEnum: true } x => Enum.GetValues(x).GetValue(Enum.GetValues(x).Length - 1)!,
        { IsClass: true } x => Make(x, full),
        var x => RuntimeHelpers.GetUninitializedObject(x),
    };

    private static IList Many(Type list, object item)
    {
        var made = (IList)Activator.CreateInstance(list)!;
        made.Add(item);
        return made;
    }
}
