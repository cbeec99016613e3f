using DeployHub.Api.Http;
using Xunit;

namespace DeployHub.Unit.Api;

public class CursorTests
{
    [Fact]
    public void A_cursor_comes_back_as_it_went()
    {
        var cursor = new Cursor(new DateTime(2026, 1, 31, 10, 0, 0, DateTimeKind.Utc).AddTicks(1234567), Guid.CreateVersion7(), "0a1b2c3d4e5f");
        Assert.Equal(cursor, Cursor.Decode(cursor.Encode()));
        Assert.Matches("^[A-Za-z0-9_-]+$", cursor.Encode());
    }

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData("a")]
    [InlineData("MTIz")]
    [InlineData("OTk5OTk5OTk5OTk5OTk5OTk5OTowMTIz")]
    public void What_is_no_cursor_is_none(string text) => Assert.Null(Cursor.Decode(text));

    [Fact]
    public void Request_ids_look_like_ULIDs() => Assert.Matches("^req_[0-7][0-9A-HJKMNP-TV-Z]{25}$", RequestIds.New());
}
