using DeployHub.Contracts.ConfigSync;
using DeployHub.Worker.ConfigSync;
using Xunit;

namespace DeployHub.Tests.ConfigSync;

/// <summary>How operations and batches end: the design's table.</summary>
public class OutcomesTests
{
    [Theory]
    [InlineData("Pending Pending", false, OperationStatus.Pending)]
    [InlineData("Written Pending", false, OperationStatus.Running)]
    [InlineData("Written Unchanged", false, OperationStatus.Ok)]
    [InlineData("Written Failed", false, OperationStatus.Failed)]
    [InlineData("Restored Written", false, OperationStatus.Running)]
    [InlineData("Restored Unchanged Skipped", true, OperationStatus.RolledBack)]
    [InlineData("Restored RestoreFailed", true, OperationStatus.RollbackFailed)]
    [InlineData("Skipped Skipped", true, OperationStatus.Skipped)]
    [InlineData("Unchanged Skipped", true, OperationStatus.RolledBack)]
    [InlineData("Written Skipped", true, OperationStatus.Failed)]
    public void An_operation_is_what_its_targets_make_of_it(string targets, bool ended, OperationStatus expected) => Assert.Equal(
        expected, Outcomes.Operation([.. targets.Split(' ').Select(Enum.Parse<TargetStatus>).Select(x => (x, x is TargetStatus.Failed or TargetStatus.RestoreFailed))], ended));

    [Fact]
    public void An_operation_that_failed_stays_failed_when_its_target_is_restored() =>
        Assert.Equal(OperationStatus.Failed, Outcomes.Operation([(TargetStatus.Restored, true), (TargetStatus.Restored, false)], ended: true));

    [Theory]
    [InlineData("Ok Ok", true, false, BatchStatus.Ok)]
    [InlineData("RolledBack Failed", true, true, BatchStatus.RolledBack)]
    [InlineData("Ok Failed Skipped", true, false, BatchStatus.Failed)]
    [InlineData("RollbackFailed Failed", true, true, BatchStatus.Partial)]
    [InlineData("Ok Failed", false, false, BatchStatus.Partial)]
    [InlineData("Failed Failed", false, false, BatchStatus.Failed)]
    public void A_batch_is_what_its_operations_make_of_it(string operations, bool rollback, bool restored, BatchStatus expected) =>
        Assert.Equal(expected, Outcomes.Batch([.. operations.Split(' ').Select(Enum.Parse<OperationStatus>)], rollback, restored));

    [Theory]
    [InlineData("Ok Ok", false, BatchStatus.Cancelled)]
    [InlineData("Ok Failed Skipped", false, BatchStatus.Cancelled)]
    [InlineData("RolledBack Skipped", true, BatchStatus.RolledBack)]
    [InlineData("RollbackFailed Skipped", true, BatchStatus.Partial)]
    public void A_batch_that_was_stopped_is_cancelled_unless_it_was_taken_back(string operations, bool restored, BatchStatus expected) =>
        Assert.Equal(expected, Outcomes.Batch([.. operations.Split(' ').Select(Enum.Parse<OperationStatus>)], rollbackOnFailure: true, restored, stopped: true));

    [Theory]
    [InlineData("/opt/app/x", true)]
    [InlineData("/opt/../etc/x", false)]
    [InlineData("/opt//x", false)]
    [InlineData("opt/x", false)]
    [InlineData("/opt/x/", false)]
    public void A_path_is_absolute_and_has_no_odd_parts(string path, bool plain) => Assert.Equal(plain, HostPath.IsPlain(path));

    [Fact]
    public void A_folder_holds_what_lies_below_it_and_not_what_only_begins_like_it()
    {
        Assert.Equal("/opt", HostPath.Within("/opt/app", ["/opt", "/srv"]));
        Assert.Null(HostPath.Within("/optional/app", ["/opt", "/srv"]));
    }
}
