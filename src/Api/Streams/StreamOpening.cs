using System.Globalization;
using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Intake;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Streams;

/// <summary>Decides where a stream begins, and whether there is a place for it.</summary>
internal sealed class StreamOpening(DeployHubDb db, OpenStreams open)
{
    private const string Header = "Last-Event-ID";

    /// <param name="http">The request.</param>
    /// <param name="id">What the stream is of; it exists.</param>
    /// <param name="subject">Of which kind it is.</param>
    /// <param name="environment">Where it lies; the caller sees it.</param>
    /// <param name="hasEnded">Nothing more will be told unless somebody goes on with it.</param>
    /// <param name="ct">Ends the look.</param>
    public async Task<IResult> Open(HttpContext http, Guid id, StreamSubject subject, Guid environment, bool hasEnded, CancellationToken ct)
    {
        if (Place(http).IsRefused(out var refusal, out var given))
        {
            return refusal.Answer();
        }

        // What begins without a place begins with the first entry; the events of an environment go on for ever, and begin now.
        var head = await db.StreamHeads.Where(x => x.StreamId == id).Select(x => x.Last).FirstOrDefaultAsync(ct);
        var from = given.Number ?? (subject == StreamSubject.Environment ? head : 0);
        if (hasEnded && from == head && head > 0)
        {
            // A browser connects again whenever a stream ends; by this it knows that there is nothing more to come.
            return TypedResults.NoContent();
        }

        if (http.Features.Get<HeadOnly>() is not null)
        {
            return TypedResults.Ok();
        }

        var token = http.Caller().TokenId ?? throw new InvalidOperationException("A stream is opened with a token.");
        var expiresAt = await db.ApiTokens.Where(x => x.Id == token).Select(x => x.ExpiresAt).FirstOrDefaultAsync(ct);
        return open.Enter(http.Caller(), token, environment, expiresAt).IsRefused(out refusal, out var place)
            ? refusal.Answer()
            : new StreamAnswer(id, subject, place, new StreamStart(from, head, hasEnded));
    }

    private static Result<GivenPlace> Place(HttpContext http) => http.Request.Headers[Header] switch
    {
        [] => new GivenPlace(null),
        [{ } text] when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => new GivenPlace(number),
        _ => Refusal.Invalid(Header, "must be the id of an event of this stream: a whole number, from 0.", "Leave it out to begin anew."),
    };

    private sealed record GivenPlace(long? Number);
}

/// <summary>Where a stream begins.</summary>
/// <param name="From">The last entry that the caller has.</param>
/// <param name="Head">The last entry that there was when it asked.</param>
/// <param name="HasEnded">What the stream is of had ended when it asked.</param>
internal sealed record StreamStart(long From, long Head, bool HasEnded);
