using System.Collections.Concurrent;
using DeployHub.Docker;
using DeployHub.Worker.Deployments;
using Polly;

namespace DeployHub.Worker.Engines;

/// <summary>
/// Asks registries through engines. Each way from an engine to a registry has a circuit of its own: a registry may be well and one server's
/// line to it broken. Bounded by the servers and by the registries of their images.
/// </summary>
public sealed class RegistryWays(ILogger<RegistryWays> log)
{
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<(string Endpoint, string Registry), Circuit> _circuits = new();

    /// <summary>Tries a question again, with growing pauses, as long as the registry is away for less than <paramref name="patience"/>.</summary>
    /// <param name="question">The question.</param>
    /// <param name="patience">From the first fault on.</param>
    /// <param name="ct">Ends the waiting too.</param>
    /// <param name="engineToo">The engine that asks is waited for in the same way; left to the caller otherwise.</param>
    /// <exception cref="EngineException">What the last try ended with.</exception>
    public static async Task<T> Patiently<T>(Func<CancellationToken, Task<T>> question, TimeSpan patience, CancellationToken ct, bool engineToo = false)
    {
        DateTime? end = null;
        return await new ResiliencePipelineBuilder()
            .AddRetry(Patience.Pauses(
                e => (e is RegistryUnreachableException || (engineToo && EngineFaults.MayPass(e))) && DateTime.UtcNow < (end ??= DateTime.UtcNow + patience)))
            .Build()
            .ExecuteAsync(async token => await question(token), ct);
    }

    /// <summary>What <see cref="EngineClient.ResolveDigest"/> gives, or a <see cref="RegistryUnreachableException"/> at once while the registry is known not to answer.</summary>
    public Task<string> ResolveDigest(EngineClient engine, string image, RegistryCredentials? credentials, CancellationToken ct)
    {
        var circuit = Of(engine, image);
        return circuit.Try(token => engine.ResolveDigest(image, credentials, token), Refusal, ct);
    }

    /// <summary>As <see cref="EngineClient.Pull"/> does, or a <see cref="RegistryUnreachableException"/> at once while the registry is known not to answer.</summary>
    public Task Pull(EngineClient engine, string image, RegistryCredentials? credentials, IProgress<PullProgress> progress, CancellationToken ct)
    {
        var circuit = Of(engine, image);
        return circuit.Try(
            async token =>
            {
                try
                {
                    await engine.Pull(image, credentials, new Bytes(circuit, progress), token);
                    return true;
                }
                catch (EngineTimeoutException silence) when (!token.IsCancellationRequested)
                {
                    // Either of the two hangs. An engine that answers a ping waits for the registry; one that does not tells so by the ping's error.
                    await engine.Ping(PingLimit, token);
                    throw new RegistryUnreachableException(silence.Message);
                }
            },
            Refusal,
            ct);
    }

    private static RegistryUnreachableException Refusal(string sentence) => new(sentence);

    private Circuit Of(EngineClient engine, string image)
    {
        var registry = ImageReference.Parse(image).RegistryHost;
        return _circuits.GetOrAdd(
            (engine.Endpoint.ToString()!, registry),
            way => new Circuit($"Registry {way.Registry}, asked by Docker engine {way.Endpoint},", e => e is RegistryUnreachableException, log));
    }

    // A pull that decides whether the circuit closes may take long; its first bytes are enough.
    private sealed class Bytes(Circuit circuit, IProgress<PullProgress> progress) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            progress.Report(value);
            if (value.Current > 0)
            {
                circuit.Answered();
            }
        }
    }
}
