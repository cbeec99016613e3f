namespace DeployHub.Integration.Deployments;

// A worker killed with SIGKILL exactly at each named point of a step. Afterwards one container serves, the plan says the truth, no container was
// made twice, and nothing is left over.

public sealed class DeployKills() : KillRound([.. KillPoint.Deploy, .. KillPoint.Finalize], distributed: true);

public sealed class RollbackKills() : KillRound(KillPoint.Rollback, distributed: true);

public sealed class EmbeddedKills() : KillRound(KillPoint.Embedded, distributed: false);

public sealed class DeployKillTests(DeployKills round) : IClassFixture<DeployKills>
{
    public static TheoryData<string> Deploying => KillPoint.Titles(KillPoint.Deploy);

    public static TheoryData<string> Finalizing => KillPoint.Titles(KillPoint.Finalize);

    [Theory]
    [MemberData(nameof(Deploying))]
    public Task A_step_whose_worker_was_killed_goes_on_to_the_new_container(string point) => round.EndsAsItMust(point);

    [Theory]
    [MemberData(nameof(Finalizing))]
    public Task A_clean_up_whose_worker_was_killed_is_ended_by_another(string point) => round.EndsAsItMust(point);

    [Fact]
    public Task Nothing_is_left_over() => round.NothingIsLeft();
}

public sealed class RollbackKillTests(RollbackKills round) : IClassFixture<RollbackKills>
{
    public static TheoryData<string> Points => KillPoint.Titles(KillPoint.Rollback);

    [Theory]
    [MemberData(nameof(Points))]
    public Task A_rollback_whose_worker_was_killed_ends_with_the_old_container(string point) => round.EndsAsItMust(point);

    [Fact]
    public Task Nothing_is_left_over() => round.NothingIsLeft();
}

public sealed class EmbeddedKillTests(EmbeddedKills round) : IClassFixture<EmbeddedKills>
{
    public static TheoryData<string> Points => KillPoint.Titles(KillPoint.Embedded);

    [Theory]
    [MemberData(nameof(Points))]
    public Task A_step_whose_only_process_was_killed_goes_on_when_it_is_back(string point) => round.EndsAsItMust(point);

    [Fact]
    public Task Nothing_is_left_over() => round.NothingIsLeft();
}
