using DeployHub.Intake.Access;

namespace DeployHub.Unit.Access;

public sealed class RefusedTriesTests
{
    private static readonly DateTime Start = new(2026, 1, 31, 10, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void The_first_try_is_written_at_once_and_the_same_again_counted_for_a_minute()
    {
        var tries = new RefusedTries();
        tries.Note(Try());
        Assert.Equal(1, Assert.Single(tries.Take(Start)).Tries);

        for (var i = 0; i < 500; i++)
        {
            tries.Note(Try());
        }

        Assert.Empty(tries.Take(Start + RefusedTries.Window - TimeSpan.FromSeconds(1)));
        Assert.Equal(500, Assert.Single(tries.Take(Start + RefusedTries.Window)).Tries);
        Assert.Empty(tries.Take(Start + 2 * RefusedTries.Window));

        tries.Note(Try());
        Assert.Equal(1, Assert.Single(tries.Take(Start + 2 * RefusedTries.Window)).Tries);
    }

    [Fact]
    public void Who_from_where_what_on_what_and_why_tell_tries_apart()
    {
        var tries = new RefusedTries();
        RefusedTry[] different =
        [
            Try(), Try() with { TokenId = Guid.NewGuid() }, Try() with { RemoteAddress = "10.0.0.2" }, Try() with { Action = "server.read" },
            Try() with { TargetId = Guid.NewGuid() }, Try() with { ErrorCode = "FORBIDDEN_ROLE" },
        ];
        foreach (var one in different)
        {
            tries.Note(one);
        }

        Assert.Equal(different.Length, tries.Take(Start).Count);
    }

    [Fact]
    public void However_many_different_ones_come_what_is_kept_is_bounded_and_none_is_forgotten()
    {
        const int sent = 3 * RefusedTries.MostKinds;
        var tries = new RefusedTries();
        for (var i = 0; i < sent; i++)
        {
            tries.Note(Try() with { TargetId = Guid.NewGuid() });
        }

        var entries = tries.Take(Start);

        Assert.Equal(RefusedTries.MostKinds + 1, entries.Count);
        Assert.Equal(sent, entries.Sum(x => x.Tries));
        tries.Take(Start + RefusedTries.Window);
        tries.Note(Try());
        Assert.Equal("ci", Assert.Single(tries.Take(Start + RefusedTries.Window)).Actor);
    }

    [Fact]
    public void At_the_end_what_is_still_counted_is_written()
    {
        var tries = new RefusedTries();
        tries.Note(Try());
        tries.Take(Start);
        tries.Note(Try());
        tries.Note(Try());

        Assert.Equal(2, Assert.Single(tries.Take(Start, all: true)).Tries);
    }

    private static RefusedTry Try() => new("ci", Guid.Empty, Guid.Empty, "shop", "server.update", null, null, "NOT_FOUND", "There is none.", "req_1", "10.0.0.1");
}
