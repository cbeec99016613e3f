using System.Text.Json;
using System.Text.Json.Nodes;
using DeployHub.Api.ConfigSync;
using DeployHub.Api.Deployments;
using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Intake;
using DeployHub.Persistence.Streams;

namespace DeployHub.Api.Streams;

/// <summary>What a stream is of, and how its entries look on the wire.</summary>
internal abstract class StreamSubject
{
    public static readonly StreamSubject Plan = new OfPlan();
    public static readonly StreamSubject Batch = new OfBatch();
    public static readonly StreamSubject Environment = new OfEnvironment();

    /// <summary>What it is called where all of it is given.</summary>
    public abstract string Noun { get; }

    /// <summary>All of it as it stands now, as the caller sees it, and whether it has ended; null when it has no state of its own, or is gone.</summary>
    public abstract Task<(object View, bool HasEnded)?> Present(IServiceProvider services, Guid id, Caller caller, CancellationToken ct);

    public StreamFrame Frame(StreamEntry entry) =>
        new(entry.Number, entry.Kind, entry.Kind == StreamKinds.Done ? [] : EventText.Of(entry.Kind, entry.Number, Json(entry)));

    protected virtual string Json(StreamEntry entry) => entry.Data;

    private sealed class OfPlan : StreamSubject
    {
        public override string Noun => "plan";

        public override async Task<(object View, bool HasEnded)?> Present(IServiceProvider services, Guid id, Caller caller, CancellationToken ct) =>
            await services.GetRequiredService<PlanReader>().Find(id, caller, ct) is { } plan ? (plan, plan.Status.HasEnded()) : null;

        protected override string Json(StreamEntry entry) => entry.Kind switch
        {
            StreamKinds.Plan => JsonSerializer.Serialize(PlanOf(entry.Read<ToldPlan>()), WireWords.Json),
            StreamKinds.Step => JsonSerializer.Serialize(StepView.Of(entry.Read<ToldStep>()), WireWords.Json),
            _ => entry.Data,
        };

        private static PlanView PlanOf(ToldPlan told) => PlanView.Of(
            told.Plan, PlanCountsView.Of(told.Plan.StepCount, status => told.Counts.GetValueOrDefault(status.Word())), null);
    }

    private sealed class OfBatch : StreamSubject
    {
        public override string Noun => "batch";

        public override async Task<(object View, bool HasEnded)?> Present(IServiceProvider services, Guid id, Caller caller, CancellationToken ct) =>
            await services.GetRequiredService<BatchReader>().Find(id, caller, ct) is { } batch ? (batch, batch.Status.HasEnded()) : null;

        protected override string Json(StreamEntry entry) => entry.Kind switch
        {
            StreamKinds.Plan => JsonSerializer.Serialize(SyncBatchView.Of(entry.Read<SyncBatch>(), null), WireWords.Json),
            StreamKinds.Step => TargetOf(entry.Read<ToldTarget>()),
            _ => entry.Data,
        };

        // In the answer to a poll it stands within its operation.
        private static string TargetOf(ToldTarget x)
        {
            var view = JsonSerializer.SerializeToNode(
                new SyncTargetView(
                    x.Id, new NamedView(x.ServerId, x.ServerName), x.Path, x.Status, x.FromHash, x.ToHash, FileModes.Show(x.Mode), x.Uid, x.Gid, x.ContainerName, x.OnChange,
                    x.Reloaded, x.Attempts, x.StartedAt, x.CompletedAt, SyncErrorView.Of(x.Error)),
                WireWords.Json)!.AsObject();
            view["operationIndex"] = x.OperationIndex;
            view["configFileId"] = x.ConfigFileId;
            return view.ToJsonString(WireWords.Json);
        }
    }

    private sealed class OfEnvironment : StreamSubject
    {
        public override string Noun => "environment";

        public override Task<(object View, bool HasEnded)?> Present(IServiceProvider services, Guid id, Caller caller, CancellationToken ct) =>
            Task.FromResult<(object View, bool HasEnded)?>(null);
    }
}
