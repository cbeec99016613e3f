using System.Buffers.Text;
using System.Globalization;
using System.Linq.Expressions;
using System.Security.Cryptography;
using System.Text;
using DeployHub.Intake;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Http;

/// <summary>Where a page begins, by what the row before it was created at: stable while rows come and go.</summary>
/// <param name="At">When that row was created.</param>
/// <param name="Id">That row.</param>
/// <param name="List">A mark of the list and the filters that it belongs to.</param>
internal sealed record Cursor(DateTime At, Guid Id, string List)
{
    private const int MarkBytes = 6;

    public string Encode() => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{At.Ticks}:{Id:N}:{List}")));

    public static Cursor? Decode(string text)
    {
        if (!Base64Url.IsValid(text))
        {
            return null;
        }

        var parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text)).Split(':');
        return parts is [var ticks, var id, var list]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= DateTime.MaxValue.Ticks
            && Guid.TryParseExact(id, "N", out var guid)
                ? new Cursor(new DateTime(at, DateTimeKind.Utc), guid, list)
                : null;
    }

    /// <summary>The same for the same list with the same filters, in whatever order they are given.</summary>
    public static string MarkOf(HttpRequest request)
    {
        var filters = request.Query.Where(x => x.Key is not (PageRequest.LimitName or PageRequest.CursorName)).OrderBy(x => x.Key, StringComparer.Ordinal)
            .Select(x => $"{x.Key}={x.Value}");
        var list = $"{request.Path.Value?.ToLowerInvariant()}?{string.Join('&', filters)}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(list)).AsSpan(0, MarkBytes));
    }
}

/// <summary>Which part of a list is asked for.</summary>
internal sealed record PageRequest(int Limit, Cursor? After, string List)
{
    public const string LimitName = "limit";
    public const string CursorName = "cursor";
    public const int DefaultLimit = 50;
    public const int LargestLimit = 200;

    public static Result<PageRequest> Read(HttpContext http)
    {
        var (limitText, cursorText) = (http.Request.Query[LimitName].ToString(), http.Request.Query[CursorName].ToString());
        var limit = DefaultLimit;
        if (limitText.Length > 0
            && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > LargestLimit))
        {
            return Refusal.Invalid(LimitName, $"must be from 1 to {LargestLimit}.");
        }

        var (list, after) = (Cursor.MarkOf(http.Request), Cursor.Decode(cursorText));
        if (cursorText.Length > 0 && after is null)
        {
            return Refusal.Invalid(CursorName, "must be the nextCursor of the page before.", "Leave it out to begin at the beginning.");
        }

        return after is not null && after.List != list
            ? Refusal.Invalid(CursorName, "belongs to another list, or to other filters.", "Send the filters of the page before with its nextCursor, or leave the cursor out.")
            : new PageRequest(limit, after, list);
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
        var (rowAt, rowId) = (at.Compile(preferInterpretation: true), id.Compile(preferInterpretation: true));
        return found.Cut(page, row => (rowAt(row), rowId(row)));
    }

    /// <summary>A page of what was read with one row more than the page holds, if there are so many.</summary>
    public static Page<T> Cut<T>(this List<T> found, PageRequest page, Func<T, (DateTime At, Guid Id)> place)
    {
        if (found.Count <= page.Limit)
        {
            return new Page<T>(found, null);
        }

        found.RemoveRange(page.Limit, found.Count - page.Limit);
        var (at, id) = place(found[^1]);
        return new Page<T>(found, new Cursor(at, id, page.List).Encode());
    }

    // at >= A and (at > A or id > I): the first half is what an index can be entered at. The values are members of one object so that the query is compiled once.
    private static Expression<Func<T, bool>> Beyond<T>(
        Expression<Func<T, DateTime>> at, Expression<Func<T, Guid>> id, Cursor after, bool newestFirst)
    {
        var row = at.Parameters[0];
        var rowId = new Renamed(id.Parameters[0], row).Visit(id.Body);
        var holder = Expression.Constant(after);
        var (cursorAt, cursorId) = (Expression.Property(holder, nameof(Cursor.At)), Expression.Property(holder, nameof(Cursor.Id)));
        Func<Expression, Expression, BinaryExpression> beyond = newestFirst ? Expression.LessThan : Expression.GreaterThan;
        Func<Expression, Expression, BinaryExpression> from = newestFirst ? Expression.LessThanOrEqual : Expression.GreaterThanOrEqual;
        var body = Expression.AndAlso(from(at.Body, cursorAt), Expression.OrElse(beyond(at.Body, cursorAt), beyond(rowId, cursorId)));
        return Expression.Lambda<Func<T, bool>>(body, row);
    }

    private sealed class Renamed(ParameterExpression from, ParameterExpression to) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == from ? to : base.VisitParameter(node);
    }
}
