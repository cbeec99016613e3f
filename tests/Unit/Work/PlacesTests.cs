using DeployHub.Worker.Work;

namespace DeployHub.Unit.Work;

/// <summary>What hangs takes its own places and no others.</summary>
public sealed class PlacesTests
{
    private readonly Places _places = new(all: 16, aServer: 4);
    private readonly Guid _silent = Guid.CreateVersion7();

    [Fact]
    public void A_server_takes_no_more_than_its_places()
    {
        Assert.Equal(4, Enter(10, new(_silent, null)));
        Assert.Equal(1, Enter(1, new(Guid.CreateVersion7(), null)));
    }

    [Fact]
    public void A_registry_leaves_half_of_a_server_to_others()
    {
        Assert.Equal(2, Enter(10, new(_silent, "silent.example.com")));
        Assert.Equal(2, Enter(10, new(_silent, "other.example.com")));
    }

    [Fact]
    public void A_registry_leaves_half_of_all_to_others()
    {
        Assert.Equal(8, Enumerable.Range(0, 10).Sum(_ => Enter(10, new(Guid.CreateVersion7(), "silent.example.com"))));
        Assert.Equal(1, Enter(1, new(Guid.CreateVersion7(), "other.example.com")));
    }

    [Fact]
    public void Work_that_asks_many_servers_leaves_half_of_all_to_steps()
    {
        Assert.Equal(8, Enter(20, new(null, null)));
        Assert.Equal(1, Enter(1, new(_silent, null)));
    }

    [Fact]
    public void A_place_that_was_left_can_be_taken_and_whoever_was_turned_away_is_told_once()
    {
        WorkPlace place = new(_silent, "registry.example.com");
        Assert.True(_places.TryEnter(place));
        Assert.False(_places.Leave(place));

        Assert.Equal(2, Enter(3, place));
        Assert.True(_places.Leave(place));
        Assert.False(_places.Leave(place));
        Assert.Equal(2, Enter(2, place));
    }

    private int Enter(int times, WorkPlace place) => Enumerable.Range(0, times).Count(_ => _places.TryEnter(place));
}
