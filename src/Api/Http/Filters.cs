using System.Globalization;
using System.Text.Json;
using DeployHub.Contracts.Wire;
using DeployHub.Intake;

namespace DeployHub.Api.Http;

/// <summary>Reads what a list is narrowed to from the query. The first value that does not fit is kept as the refusal; a filter that is not given is null.</summary>
internal sealed class Filters(HttpContext http)
{
    public const string CreatedAfter = "createdAfter";
    public const string CreatedBefore = "createdBefore";

    /// <summary>Why the request cannot be done, once all filters were read.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>A text that is compared as it stands.</summary>
    public string? Text(string name)
    {
        var given = http.Request.Query[name];
        if (given.Count > 1 || given is [{ Length: 0 }])
        {
            Refusal ??= Intake.Refusal.Invalid(name, given.Count > 1 ? "is given twice." : "must not be empty.");
        }

        return given is [{ Length: > 0 } text] ? text : null;
    }

    public Guid? Id(string name) => Read(name, "an id (a UUID)", text => Guid.TryParse(text, out var id) ? id : (Guid?)null);

    public TEnum? Word<TEnum>(string name) where TEnum : struct, Enum =>
        Read(name, "one of " + string.Join(", ", Enum.GetValues<TEnum>().Select(value => $"«{value.Word()}»")), WireWords.Find<TEnum>);

    /// <summary>A time with its offset, as answers show them.</summary>
    public DateTime? Time(string name) => Read(name, "a time with its offset, as in 2026-01-31T10:00:00Z", text =>
        text.Contains('T', StringComparison.Ordinal) && (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > text.IndexOf('T', StringComparison.Ordinal))
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time.UtcDateTime : (DateTime?)null);

    private T? Read<T>(string name, string what, Func<string, T?> parse) where T : struct
    {
        var given = http.Request.Query[name];
        if (given.Count == 0)
        {
            return null;
        }

        var value = given is [{ } text] ? parse(text) : null;
        if (value is null)
        {
            Refusal ??= Intake.Refusal.Invalid(name, given.Count > 1 ? "is given twice." : $"must be {what}.");
        }

        return value;
    }
}

/// <summary>The narrowing that plans and batches have in common.</summary>
internal sealed record CreatedBetween(DateTime? After, DateTime? Before)
{
    public static CreatedBetween Read(Filters filters) => new(filters.Time(Filters.CreatedAfter), filters.Time(Filters.CreatedBefore));
}
