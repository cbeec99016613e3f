using System.Buffers.Text;
using System.Globalization;
using System.Linq.Expressions;
using System.Text;
using DeployHub.Intake;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Http;

/// <summary>Where a page begins, by what the row before it was created at: stable while rows come and go.</summary>
internal sealed record Cursor(DateTime At, Guid Id)
{
    public string Encode() => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{At.Ticks}:{Id:N}")));

    public static Cursor? Decode(string text)
    {
        if (!Base64Url.IsValid(text))
        {
            return null;
        }

        var parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text)).Split(':');
        return parts is [var ticks, var id]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= DateTime.MaxValue.Ticks
            && Guid.TryParseExact(id, "N", out var guid)
                ? new Cursor(new DateTime(at, DateTimeKind.Utc), guid)
                : null;
    }
}

/// <summary>Which part of a list is asked for.</summary>
internal sealed record PageRequest(int Limit, Cursor? After)
{
    private const int DefaultLimit = 50;
    private const int LargestLimit = 200;

    public static Result<PageRequest> Read(HttpContext http)
    {
        var (limitText, cursorText) = (http.Request.Query["limit"].ToString(), http.Request.Query["cursor"].ToString());
        var limit = DefaultLimit;
        if (limitText.Length > 0
            && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > LargestLimit))
        {
            return Refusal.Invalid("limit", $"must be from 1 to {LargestLimit}.");
        }

        var after = Cursor.Decode(cursorText);
        return cursorText.Length > 0 && after is null
            ? Refusal.Invalid("cursor", "must be the nextCursor of the page before.", "Leave it out to begin at the beginning.")
            : new PageRequest(limit, after);
    }
}

/// <summary>A part of a list, and where the next one begins.</summary>
internal sealed record Page<T>(List<T> Rows, string? NextCursor);

internal static class Paging
{
    /// <summary>One page in the order of creation, or with <paramref name="newestFirst"/> against it.</summary>
    public static async Task<Page<T>> Page<T>(
        this IQueryable<T> rows, Expression<Func<T, DateTime>> at, Expression<Func<T, Guid>> id, PageRequest page, bool newestFirst, CancellationToken ct)
    {
        if (page.After is { } after)
        {
            rows = rows.Where(Beyond(at, id, after, newestFirst));
        }

        rows = newestFirst ? rows.OrderByDescending(at).ThenByDescending(id) : rows.OrderBy(at).ThenBy(id);
        var found = await rows.Take(page.Limit + 1).ToListAsync(ct);
        if (found.Count <= page.Limit)
        {
            return new Page<T>(found, null);
        }

        found.RemoveAt(page.Limit);
        return new Page<T>(found, new Cursor(at.Compile(preferInterpretation: true)(found[^1]), id.Compile(preferInterpretation: true)(found[^1])).Encode());
    }

    // at > A or (at = A and id > I), with the values as members of one object so that the query is compiled once.
    private static Expression<Func<T, bool>> Beyond<T>(
        Expression<Func<T, DateTime>> at, Expression<Func<T, Guid>> id, Cursor after, bool newestFirst)
    {
        var row = at.Parameters[0];
        var rowId = new Renamed(id.Parameters[0], row).Visit(id.Body);
        var holder = Expression.Constant(after);
        var (cursorAt, cursorId) = (Expression.Property(holder, nameof(Cursor.At)), Expression.Property(holder, nameof(Cursor.Id)));
        Func<Expression, Expression, BinaryExpression> beyond = newestFirst ? Expression.LessThan : Expression.GreaterThan;
        var body = Expression.OrElse(beyond(at.Body, cursorAt), Expression.AndAlso(Expression.Equal(at.Body, cursorAt), beyond(rowId, cursorId)));
        return Expression.Lambda<Func<T, bool>>(body, row);
    }

    private sealed class Renamed(ParameterExpression from, ParameterExpression to) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == from ? to : base.VisitParameter(node);
    }
}
