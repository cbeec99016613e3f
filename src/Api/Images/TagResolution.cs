using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Images;
using DeployHub.Intake;
using MassTransit;

namespace DeployHub.Api.Images;

/// <summary>Asks a worker which digest a tag points to: the Api itself talks to no registry.</summary>
internal sealed class TagResolution(IServiceProvider services)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);
    private static readonly Refusal NoWorker = Refusal.Unavailable("No worker answered in time, so the tag could not be resolved.");

    public async Task<Result<string>> Resolve(Guid containerImageId, string tag, CancellationToken ct)
    {
        if (services.GetService<IRequestClient<ResolveImageTag>>() is not { } workers)
        {
            return Refusal.Unavailable("This server is not connected to any worker, so the tag cannot be resolved.");
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Deadline);
        try
        {
            var answer = await workers.GetResponse<ImageTagResolved>(
                new ResolveImageTag(containerImageId, tag), deadline.Token, RequestTimeout.After(ms: (int)Deadline.TotalMilliseconds));
            return answer.Message is { ManifestDigest: { } digest } ? digest : Explain(tag, answer.Message.Error);
        }
        catch (RequestException)
        {
            return NoWorker;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return NoWorker;
        }
    }

    private static Refusal Explain(string tag, DeploymentError? error) => error switch
    {
        { Code: DeploymentErrorCodes.ImageNotFound } => Refusal.Invalid("tag", $"leads nowhere: {error.Message}"),
        { } => Refusal.Unavailable(error.Message),
        null => Refusal.Unavailable($"The tag «{tag}» could not be resolved."),
    };
}
